"""A session's recorded cost beside what the client says of it, in its transcript or its settings."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.exchange import Exchange
from candela_tui.imports.reconciliation import SessionReconciliation, reconcile_session
from candela_tui.store.reader import StoreReader
from tests.analysis.test_reconciliation import COST, made
from tests.imports.written import BEGAN, FORK, PRICER, SESSION, Transcript
from tests.store.recording import writing


@pytest.fixture
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    return tmp_path / "claude" / "projects"


def crossed(number: int, message_id: str, **changes: object) -> Exchange:
    """The request of an answer as it crossed candela: right before the transcript has its line."""
    about = {"session_id": SESSION, "message_id": message_id, "request_id": f"req_{message_id}"}
    began = BEGAN + timedelta(seconds=2 * number - 0.5)
    return made(number, **{**about, "started_at": began, **changes})


def compared(tmp_path: Path, *exchanges: Exchange, session_id: str = SESSION) -> SessionReconciliation:
    store = tmp_path / "candela.db"
    with writing(store) as (writer, _):
        for each in exchanges:
            writer.begin(each, b"{}")
            writer.end(each, [], [])
    return reconcile_session(StoreReader(store), session_id, PRICER, lambda line: pytest.fail(line.why))


def asked(*message_ids: str) -> Transcript:
    transcript = Transcript()
    for message_id in message_ids:
        transcript.user("go on")
        transcript.assistant(message_id)
    return transcript


def kinds(found: SessionReconciliation) -> list[tuple[str | None, str, Decimal]]:
    return [(item.id, item.kind.value, item.usd) for item in found.result.items]


def test_the_transcripts_last_statement_is_the_clients_sum(projects: Path, tmp_path: Path) -> None:
    transcript = asked("msg_1", "msg_2")
    transcript.add("cost-state", totalCostUSD=0.01)
    transcript.add("cost-state", totalCostUSD=0.058726)
    transcript.write(projects)
    found = compared(tmp_path, crossed(1, "msg_1"), crossed(2, "msg_2"))
    assert (found.source, found.result.client_usd, found.result.difference_usd) == ("transcript", 2 * COST, 0)
    assert kinds(found) == []


def test_an_answer_that_did_not_cross_and_one_after_the_statement_are_named(projects: Path, tmp_path: Path) -> None:
    transcript = asked("msg_1", "msg_2")
    transcript.add("cost-state", totalCostUSD=0.058726)
    transcript.user("and then?")
    transcript.assistant("msg_3")
    transcript.write(projects)
    found = compared(tmp_path, crossed(1, "msg_1"), crossed(3, "msg_3", started_at=BEGAN + timedelta(seconds=6.5)))
    assert kinds(found) == [
        ("0198-0003", "not_counted_yet", -COST),
        ("req_msg_2", "not_recorded", COST),
    ]


def test_a_fork_counts_what_the_session_had_cost_that_it_copied(projects: Path, tmp_path: Path) -> None:
    original = asked("msg_1")
    original.add("cost-state", totalCostUSD=0.029363)
    original.write(projects)
    fork = Transcript(FORK)
    fork.lines = [{**line, "sessionId": FORK, "requestSessionId": SESSION} for line in original.lines]
    fork._now = BEGAN + timedelta(minutes=1)
    fork.user("another way")
    fork.assistant("msg_2")
    fork.add("cost-state", totalCostUSD=0.058726)
    fork.write(projects)
    own = crossed(2, "msg_2", session_id=FORK, started_at=BEGAN + timedelta(seconds=61))
    found = compared(tmp_path, crossed(1, "msg_1"), own, session_id=FORK)
    assert kinds(found) == [("0198-0001", "forked", COST)]
    assert compared(tmp_path).result.difference_usd == 0


def test_an_older_client_keeps_the_sum_of_its_last_session_in_its_settings(projects: Path, tmp_path: Path) -> None:
    asked("msg_1").write(projects)
    about = {"/src": {"lastSessionId": SESSION, "lastCost": 0.029363}, "/other": {"lastSessionId": FORK}}
    (projects.parent / ".claude.json").write_text(json.dumps({"projects": about}))
    found = compared(tmp_path, crossed(1, "msg_1"))
    assert (found.source, found.result.difference_usd) == ("settings", 0)


@pytest.mark.parametrize("document", ["{", "[]", '{"projects": [1]}', '{"projects": {"/src": {"lastSessionId": "x"}}}'])
def test_without_a_statement_there_is_no_sum(projects: Path, tmp_path: Path, document: str) -> None:
    asked("msg_1").write(projects)
    (projects.parent / ".claude.json").write_text(document)
    found = compared(tmp_path, crossed(1, "msg_1"))
    assert (found.source, found.result.client_usd, kinds(found)) == (None, None, [])
    assert compared(tmp_path, session_id="../*").result.client_usd is None
