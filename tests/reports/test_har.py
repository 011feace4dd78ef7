"""Requests as an HTTP Archive."""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator
from referencing import Registry, Resource

from candela_tui.exchange import Exchange, Marks, Outcome
from candela_tui.reports.har import HAR
from candela_tui.reports.report import export_of
from candela_tui.store.errors import StoreError
from tests.reports.exchanges import Crossed, exchange

_FILES: dict[str, Any] = json.loads((Path(__file__).parent / "har_schema.json").read_text())["files"]
VALIDATOR = Draft6Validator(
    _FILES["har.json"],
    registry=Registry().with_resources((name, Resource.from_contents(file)) for name, file in _FILES.items()),
    format_checker=Draft6Validator.FORMAT_CHECKER,
)

EVENTS = (
    b'event: message_start\ndata: {"type": "message_start"}\n\n',
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "delta": {"text": "gr\xc3\xbc',
    b'\xc3\x9fe"}}\n\ndata: [DONE]\n\n',
)
STREAMED = exchange(
    request_headers=(("content-type", "application/json"), ("x-api-key", "[redacted]")),
    response_headers=(("Content-Type", "text/event-stream; charset=utf-8"),),
    response_bytes=sum(map(len, EVENTS)),
)


def entries(*bodies: Crossed) -> list[dict[str, Any]]:
    """The entries of requests with these bodies. The archive is checked against the schema."""
    found = []
    for each in bodies:
        archive = json.loads(b"".join(HAR.pieces(export_of([each.whole], each))))
        VALIDATOR.validate(archive)
        found += archive["log"]["entries"]
    return found


def test_a_stream_has_its_events_with_the_times_at_which_they_arrived() -> None:
    (entry,) = entries(Crossed(STREAMED, b'{"model": "m"}', EVENTS, (101.0, 151.5, 1201.0)))
    began = STREAMED.started_at.timestamp()
    assert [(each["eventName"], round(each["time"] - began, 4)) for each in entry["_eventSourceMessages"]] == [
        ("message_start", 0.101),
        ("content_block_delta", 1.201),
        ("message", 1.201),
    ]
    assert "grüße" in entry["_eventSourceMessages"][1]["data"]
    assert entry["response"]["content"]["text"] == b"".join(EVENTS).decode()
    assert entry["response"]["content"]["mimeType"] == "text/event-stream"
    assert entry["request"]["postData"] == {"mimeType": "application/json", "text": '{"model": "m"}'}


def test_the_phases_are_those_that_were_measured_and_sum_up_to_the_whole() -> None:
    (entry,) = entries(Crossed(STREAMED))
    assert entry["timings"] == {
        "blocked": 1.25,
        "dns": -1,
        "connect": -1,
        "ssl": -1,
        "send": 0,
        "wait": 100,
        "receive": 1099.75,
    }
    assert entry["time"] == 1201


@pytest.mark.parametrize(
    ("marks", "phases"),
    [
        (Marks(), (0, 0, 0)),
        (Marks(end=5.0), (5, 0, 0)),
        (Marks(connected=2.0, end=5.0), (2, 3, 0)),
        (Marks(connected=2.0, first_byte=4.0), (2, 2, 0)),
    ],
)
def test_a_request_that_broke_off_has_the_phases_that_it_came_to(
    marks: Marks, phases: tuple[float, float, float]
) -> None:
    (entry,) = entries(Crossed(exchange(marks=marks, status=None, outcome=Outcome.ERROR)))
    assert tuple(entry["timings"][name] for name in ("blocked", "wait", "receive")) == phases
    assert (entry["time"], entry["response"]["status"]) == (sum(phases), 0)


def test_a_compressed_body_is_readable_and_says_what_crossed() -> None:
    body = b'{"type": "message"}' * 50
    packed = gzip.compress(body)
    headers = (("Content-Encoding", "gzip"), ("Content-Type", "application/json"))
    (entry,) = entries(Crossed(exchange(response_headers=headers, response_bytes=len(packed)), None, (packed,), (1.0,)))
    content = entry["response"]["content"]
    assert (content["text"], content["size"]) == (body.decode(), len(body))
    assert content["size"] - content["compression"] == entry["response"]["bodySize"] == len(packed)
    (cut,) = entries(Crossed(exchange(response_headers=headers), None, (b"no gzip",), (1.0,)))
    assert cut["comment"] == "The rest of the response can't be decoded: it is not valid gzip"


def test_a_body_that_is_not_text_is_base64() -> None:
    (entry,) = entries(Crossed(STREAMED, b"\xff", (b"\xff\xfe\x00",), (1.0,)))
    assert entry["response"]["content"]["encoding"] == "base64"
    assert base64.b64decode(entry["response"]["content"]["text"]) == b"\xff\xfe\x00"
    assert entry["request"]["postData"]["text"] == "\ufffd"


def test_the_fields_of_the_list_are_in_it_and_no_credential() -> None:
    (entry,) = entries(Crossed(STREAMED))
    assert entry["_candela"]["cost_usd"] == 0.029363
    assert {"name": "x-api-key", "value": "[redacted]"} in entry["request"]["headers"]
    assert entry["request"]["cookies"] == entry["response"]["cookies"] == []
    assert entry["request"]["url"] == "https://api.anthropic.com/v1/messages?beta=true"
    assert entry["request"]["queryString"] == [{"name": "beta", "value": "true"}]


def test_a_body_that_cannot_be_read_is_said_and_the_rest_is_exported() -> None:
    class Damaged(Crossed):
        def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
            raise StoreError("The stored response is damaged.")

    (entry,) = entries(Damaged(STREAMED, b"{}"))
    assert entry["comment"] == "The stored response is damaged."
    assert entry["request"]["postData"]["text"] == "{}"
    assert "text" not in entry["response"]["content"]


def test_without_requests_it_is_an_archive_all_the_same() -> None:
    archive = json.loads(b"".join(HAR.pieces(export_of([]))))
    VALIDATOR.validate(archive)
    assert archive["log"]["entries"] == []


@given(
    st.text(),
    st.binary(max_size=60),
    st.lists(st.binary(max_size=30), max_size=4),
    st.sampled_from(["", "gzip", "br", "x"]),
)
def test_whatever_crossed_the_archive_is_valid(text: str, body: bytes, chunks: list[bytes], encoding: str) -> None:
    crossed = replace(
        STREAMED,
        model=text,
        request_headers=(("x-any", text),),
        response_headers=(("content-type", text), ("content-encoding", encoding)),
    )
    entries(Crossed(crossed, body, tuple(chunks), tuple(float(at) for at in range(len(chunks)))))


def test_one_request_is_in_memory_at_a_time() -> None:
    read: list[str] = []

    class Listening(Crossed):
        def request_body(self, exchange_id: str) -> bytes | None:
            read.append(exchange_id)
            return b"{}"

    def listed(number: int) -> Iterator[Exchange]:
        yield from (exchange(each) for each in range(1, number + 1))

    pieces = HAR.pieces(export_of(listed(3), Listening(STREAMED)))
    next(pieces)
    assert read == []
    next(pieces)
    assert read == ["0198-0001"]
