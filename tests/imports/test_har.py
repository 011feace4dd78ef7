"""Importing HAR files: what a browser or another proxy recorded, read as if it had crossed candela."""

import base64
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.exchange import Continued, Imported, Kept, Outcome
from candela_tui.store.reader import StoreReader
from tests.imports.written import BEGAN, imported
from tests.standin import message_events, text

SESSION = "11111111-0000-4000-8000-000000000001"
ASKED = {"model": "claude-opus-4-8", "stream": True, "messages": [{"role": "user", "content": "count the fish"}]}
STREAM = b"".join(step for step in message_events(text("Three."), ping=False) if isinstance(step, bytes))


def entry(**changes: Any) -> dict[str, Any]:
    """An entry as Chromium exports it."""
    request = {
        "method": "POST",
        "url": "https://api.anthropic.com/v1/messages?beta=true",
        "headers": [
            {"name": "x-claude-code-session-id", "value": SESSION},
            {"name": "x-api-key", "value": "sk-ant-api03-secret"},
            {"name": "User-Agent", "value": "claude-cli/2.1.332"},
        ],
        "postData": {"mimeType": "application/json", "text": json.dumps(ASKED)},
    }
    response = {
        "status": 200,
        "headers": [
            {"name": "content-type", "value": "text/event-stream"},
            {"name": "content-encoding", "value": "gzip"},
            {"name": "request-id", "value": "req_1"},
        ],
        "content": {"size": len(STREAM), "mimeType": "text/event-stream", "text": STREAM.decode()},
    }
    return {
        "startedDateTime": BEGAN.isoformat(),
        "time": 1500.0,
        "request": request,
        "response": response,
        "timings": {
            "blocked": 1.0,
            "dns": -1,
            "connect": 9.0,
            "ssl": 5.0,
            "send": 0.5,
            "wait": 89.5,
            "receive": 1400.0,
        },
        **changes,
    }


def written(where: Path, *entries: Any) -> Path:
    file = where / "requests.har"
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": {}, "entries": list(entries)}}))
    return file


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "candela.db"


def test_an_entry_is_recorded_as_if_it_had_crossed(tmp_path: Path, store: Path) -> None:
    result = imported(store, written(tmp_path, entry()))
    assert (result.imported, result.cost_usd, result.sessions) == (1, Decimal("0.029363"), {SESSION})
    reader = StoreReader(store)
    [listed] = reader.exchanges()
    only = reader.exchange(listed.id)
    assert only is not None
    assert (only.imported, only.rebuilt, only.outcome, only.status) == (Imported.HAR, (), Outcome.OK, 200)
    assert (only.session_id, only.request_id, only.client) == (SESSION, "req_1", "claude-cli/2.1.332")
    assert (only.started_at, only.connect_ms, only.ttfb_ms, only.duration_ms) == (BEGAN, 10, 90, 1500)
    assert only.url == "https://api.anthropic.com/v1/messages"
    assert only.clues is not None
    assert only.clues.title == "count the fish"
    assert "secret" not in str(only.request_headers)
    assert json.loads(reader.request_body(only.id) or b"") == ASKED
    assert reader.response_body(only.id) == STREAM
    reader.close()


@pytest.mark.parametrize("kept", [Kept.HEADERS, Kept.NONE])
def test_what_is_not_to_be_kept_is_not_imported_either(tmp_path: Path, store: Path, kept: Kept) -> None:
    imported(store, written(tmp_path, entry()), kept=kept)
    reader = StoreReader(store)
    [listed] = reader.exchanges()
    only = reader.exchange(listed.id)
    assert only is not None
    assert (only.kept, only.request_headers is None) == (kept, kept is Kept.NONE)
    assert reader.request_body(only.id) is None
    assert reader.response_body(only.id) is None
    reader.close()


def test_the_events_of_a_stream_keep_their_times(tmp_path: Path, store: Path) -> None:
    events = STREAM.count(b"\n\n")
    messages = [{"time": (BEGAN + timedelta(milliseconds=200 + 10 * each)).timestamp()} for each in range(events)]
    imported(store, written(tmp_path, entry(_eventSourceMessages=messages)))
    reader = StoreReader(store)
    [only] = reader.exchanges()
    chunks, times = reader.response_chunks(only.id)
    reader.close()
    assert b"".join(chunks) == STREAM
    assert times == pytest.approx([200 + 10 * each for each in range(events)])
    assert only.ttft_ms == pytest.approx(210)


def test_a_session_that_sends_the_answer_of_another_back_continues_it(tmp_path: Path, store: Path) -> None:
    answer = {"role": "assistant", "content": [{"type": "text", "text": "Three."}]}
    goes_on = {**ASKED, "messages": [*ASKED["messages"], answer, {"role": "user", "content": "and the crabs?"}]}
    later = entry(startedDateTime=(BEGAN + timedelta(hours=1)).isoformat())
    later["request"]["headers"][0]["value"] = "another"
    later["request"]["postData"]["text"] = json.dumps(goes_on)
    later["response"]["headers"] = [{"name": "request-id", "value": "req_2"}]
    later["response"]["content"]["text"] = STREAM.decode().replace("msg_", "msg_b")
    imported(store, written(tmp_path, entry()))
    imported(store, written(tmp_path, entry(), later))
    reader = StoreReader(store)
    first, second = reader.exchanges()
    reader.close()
    assert (first.continues, second.continues) == (None, Continued(SESSION, first.id))


def test_a_second_import_adds_nothing(tmp_path: Path, store: Path) -> None:
    file = written(tmp_path, entry(), entry())
    assert imported(store, file).imported == 1
    again = imported(store, file)
    assert (again.imported, again.known) == (0, 2)


def test_neither_does_one_of_requests_without_an_id(tmp_path: Path, store: Path) -> None:
    file = written(tmp_path, entry(response={"status": 0, "headers": [], "content": {}}))
    assert [imported(store, file).imported for _ in range(2)] == [1, 0]


def test_a_request_without_an_answer_was_cancelled(tmp_path: Path, store: Path) -> None:
    imported(store, written(tmp_path, entry(response={"status": 0, "headers": [], "content": {}})))
    reader = StoreReader(store)
    [only] = reader.exchanges()
    reader.close()
    assert (only.outcome, only.cost) == (Outcome.CANCELLED, None)


@pytest.mark.parametrize(
    ("url", "provider"),
    [
        ("http://127.0.0.1:8181/proxy/anthropic-vertex/v1/messages", "vertex"),
        ("https://gateway.example/claude/v1/messages", "anthropic"),
        (
            "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/models/"
            "claude-opus-4-8:streamRawPredict",
            "vertex",
        ),
    ],
)
def test_the_address_tells_the_provider(url: str, provider: str, tmp_path: Path, store: Path) -> None:
    asked = entry()
    asked["request"]["url"] = url
    imported(store, written(tmp_path, asked))
    reader = StoreReader(store)
    [only] = reader.exchanges()
    reader.close()
    assert only.provider.value == provider
    assert only.usage is not None


def test_answers_may_be_in_base64(tmp_path: Path, store: Path) -> None:
    coded = entry()
    content = coded["response"]["content"]
    content.update(text=base64.b64encode(STREAM).decode(), encoding="base64")
    imported(store, written(tmp_path, coded))
    reader = StoreReader(store)
    assert reader.response_body(reader.exchanges()[0].id) == STREAM
    reader.close()


def test_other_requests_are_left_out_and_bad_entries_named(tmp_path: Path, store: Path) -> None:
    page = entry()
    page["request"].update(method="GET", url="https://example.com/", postData=None)
    file = written(tmp_path, page, {"request": {"method": "POST"}}, 7, entry())
    result = imported(store, file)
    assert result.imported == 1
    assert [(line.number, line.why) for line in result.bad_lines] == [
        (2, "the entry is not complete"),
        (3, "the entry is not complete"),
    ]


@pytest.mark.parametrize(("content", "why"), [(b"", "it is empty"), (b'{"log": 3}', "it is not a HAR file")])
def test_a_file_that_is_no_har_file_is_named(content: bytes, why: str, tmp_path: Path, store: Path) -> None:
    file = tmp_path / "requests.har"
    file.write_bytes(content)
    [bad] = imported(store, file).bad_lines
    assert (bad.file, bad.number, bad.why) == (file, 0, why)
