"""What leaves with an export from which what is private was removed."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.exchange import Delegation
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.sse import ServerSentEvent, encoded
from candela_tui.providers.identity import Dialect
from candela_tui.reports.body import TimedEvent, read_answer_body
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import Report, export_of
from candela_tui.reports.sharing.redacted import Redaction, redacted_export
from candela_tui.reports.sharing.redactor import Private, Redactor
from candela_tui.reports.sharing.stream import redacted_events
from tests.reports.exchanges import Crossed, exchange

KEY = "sk-ant-api03-abcdefgh"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("use sk-ant-api03-abcdefgh now", "use [redacted] now"),
        ("mail ann@example.org or bob@mail.example.co.uk.", "mail [e-mail 1] or [e-mail 2]."),
        ("in /home/me/src/api/test_a.py:12", "in [path 1]:12"),
        ("~/notes.md and ~me/x", "[path 1] and [path 2]"),
        (r"C:\Users\me\a.txt, D:/data/x", "[path 1], [path 2]"),
        (r"\\server\share\a.txt", "[path 1]"),
        ("/home/me/a /home/me/b /home/me/a/", "[path 1] [path 2] [path 1]"),
        ("cd '/home/me/my-app'; ls \"/tmp/x y\"", "cd '[path 1]'; ls \"[path 2] y\""),
        ("/v1 and/or 3/4 a/b.py </div> https://example.org/a/b @pytest.mark pkg@1.2.3", None),
    ],
)
def test_secrets_paths_and_addresses_are_replaced_and_nothing_else(text: str, redacted: str | None) -> None:
    assert Redactor().text(text) == (redacted or text)


def test_what_was_replaced_is_counted_and_listed() -> None:
    redactor = Redactor()
    assert redactor.summary() == "nothing"
    redactor.text(f"{KEY} {KEY} [redacted] ann@example.org /home/me/a /home/me/b")
    assert redactor.summary() == "2 secrets, 2 paths, 1 e-mail address"


def test_json_stays_json_with_the_texts_in_it_redacted_also_in_escapes_and_names() -> None:
    document = (
        rb'{"a": ["\/home\/me\/a", 1.50, null, {"password": "x", "max_tokens": 5}], "/home/me/b": "sk-\u0061nt-abcdef"}'
    )
    redactor = Redactor()
    redacted = redactor.json(document)
    assert redacted is not None
    assert json.loads(redacted) == {
        "a": ["[path 1]", 1.5, None, {"password": "[redacted]", "max_tokens": 5}],
        "[path 2]": "[redacted]",
    }
    assert b"1.50" in redacted
    assert redactor.json(b"no JSON") is None
    assert redactor.json(b'{"signature":"EqQB"}') == b'{"signature":"EqQB"}'


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda of: st.lists(of) | st.dictionaries(st.text(), of),
    )
)
def test_what_has_nothing_private_comes_back_the_same(document: Any) -> None:
    redactor = Redactor()
    redacted = redactor.json(json.dumps(document).encode())
    assert redacted is not None
    if not redactor.found:
        assert json.loads(redacted) == document


def delta(piece: str, at: float, kind: str = "text_delta", name: str = "text", index: int = 0) -> TimedEvent:
    document = {"type": "content_block_delta", "index": index, "delta": {"type": kind, name: piece}}
    return TimedEvent(ServerSentEvent("content_block_delta", json.dumps(document).encode()), at)


@given(st.lists(st.integers(1, len(KEY) - 1), max_size=5))
def test_a_secret_that_is_split_over_events_does_not_leave(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(KEY)]
    pieces = [KEY[start:end] for start, end in pairwise(places)]
    events = [delta(f"x {pieces[0]}", 1.0), *(delta(piece, 2.0) for piece in pieces[1:]), delta(" y", 3.0)]
    redacted = redacted_events(events, Redactor())
    texts = [json.loads(each.event.data)["delta"]["text"] for each in redacted]
    assert "".join(texts) == "x [redacted] y"
    assert [each.at_ms for each in redacted] == [each.at_ms for each in events]


def test_the_arguments_of_a_tool_are_redacted_as_json_and_blocks_stay_apart() -> None:
    events = [
        delta('{"path": "\\/ho', 1.0, "input_json_delta", "partial_json", 1),
        delta("hello /home", 2.0),
        delta('me\\/me\\/a"}', 3.0, "input_json_delta", "partial_json", 1),
        delta("/me/b", 4.0),
    ]
    redacted = [json.loads(each.event.data)["delta"] for each in redacted_events(events, Redactor())]
    assert redacted[0]["partial_json"] == '{"path":"[path 1]"}'
    assert redacted[1]["text"] == "hello [path 2]"
    assert (redacted[2]["partial_json"], redacted[3]["text"]) == ("", "")


PRIVATE = (KEY, "/home/me", "ann@example.org", "fix the flaky test", "Count the files")


def crossed(**changes: Any) -> Crossed:
    clues = exchange().clues
    assert clues is not None
    whole = exchange(
        error=ApiError("api_error", f"no {KEY} in /home/me/x of ann@example.org"),
        clues=replace(clues, title="fix the flaky test of ann@example.org"),
        delegations=(Delegation("Count the files in /home/me", "Explore", "Count the files"),),
        response_headers=(("content-type", "text/event-stream"),),
        **changes,
    )
    request = json.dumps({"messages": [{"role": "user", "content": f"fix the flaky test {KEY} ann@example.org"}]})
    return Crossed(whole, request.encode(), (encoded(delta("in /home/me/x", 5.0).event),), (5.0,))


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.name)
@pytest.mark.parametrize("redaction", Redaction)
def test_nothing_private_is_in_any_report(report: Report, redaction: Redaction) -> None:
    of = crossed()
    redactor = Redactor()
    written = b"".join(report.pieces(redacted_export(export_of([of.whole], of), redaction, redactor)))
    private = PRIVATE if redaction is Redaction.BODIES else PRIVATE[:3]
    assert [each for each in private if each.encode() in written] == []
    assert redactor.found[Private.PATH] > 0


def test_an_answer_whose_pieces_are_not_known_is_left_out() -> None:
    of = crossed(dialect=Dialect.OPENAI)
    redactor = Redactor()
    bodies = redacted_export(export_of([], of), Redaction.PRIVATE, redactor).bodies
    assert bodies.response_chunks("1") == ([], [])
    assert bodies.request_body("1") is not None
    assert redactor.summary().endswith("1 body left out")


def test_a_redacted_stream_is_readable_and_keeps_its_times() -> None:
    of = crossed()
    bodies = redacted_export(export_of([], of), Redaction.PRIVATE, Redactor()).bodies
    body = read_answer_body((("content-type", "text/event-stream"),), *bodies.response_chunks("1"))
    assert [(each.at_ms, json.loads(each.event.data)["delta"]["text"]) for each in body.events] == [
        (5.0, "in [path 1]")
    ]
