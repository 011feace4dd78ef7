"""Importing transcripts: each answer once, whatever file it is in, and none that candela has already."""

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from candela_tui.exchange import Continued, Exchange, Imported, Outcome
from candela_tui.ledger.ledger import Ledger
from candela_tui.protocol.message_digests import answered_digest, message_digests
from candela_tui.proxy.capture.conversations import Origins
from candela_tui.store.database import connect_to_write
from candela_tui.store.reader import StoreReader
from candela_tui.store.removal import remove
from candela_tui.store.schema import exchanges
from tests.imports.written import BEGAN, FORK, SESSION, USAGE, Transcript, imported
from tests.reports.exchanges import exchange
from tests.store.recording import writing

COST = Decimal("0.029363")


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    return tmp_path / "projects"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "data" / "candela.db"


def stored(store: Path) -> Sequence[Exchange]:
    reader = StoreReader(store)
    try:
        return reader.exchanges()
    finally:
        reader.close()


def record(store: Path, crossed: Exchange) -> None:
    """Store an exchange as the proxy does."""
    with writing(store) as (writer, _):
        writer.end(crossed, (), ())


def conversation() -> Transcript:
    transcript = Transcript()
    transcript.user("count the fish", promptId="prompt-1")
    transcript.assistant("msg_1", {"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Three."})
    return transcript


def test_an_answer_of_several_lines_is_one_request(projects: Path, store: Path) -> None:
    conversation().write(projects)
    result = imported(store, projects)
    assert (result.imported, result.cost_usd, result.sessions) == (1, COST, {SESSION})
    [only] = stored(store)
    assert (only.session_id, only.message_id, only.request_id) == (SESSION, "msg_1", "req_msg_1")
    assert (only.model_used, only.stop_reason, only.outcome) == ("claude-opus-4-8", "end_turn", Outcome.OK)
    assert (only.imported, only.rebuilt, only.prompt_id) == (Imported.TRANSCRIPT, ("response",), "prompt-1")
    assert only.started_at == BEGAN + timedelta(seconds=1)
    assert only.duration_ms == 2000
    assert only.inferred == ("started_at",)
    assert only.clues is not None
    assert (only.clues.title, only.clues.cwd, only.clues.git_branch) == ("count the fish", "/home/u/reef", "trunk")
    assert only.cost is not None
    assert (only.cost.total, only.cost.at_least) == (COST, False)


def test_the_answer_is_stored_as_one_document(projects: Path, store: Path) -> None:
    conversation().write(projects)
    imported(store, projects)
    reader = StoreReader(store)
    body = reader.response_body(reader.exchanges()[0].id)
    reader.close()
    assert body is not None
    assert json.loads(body)["content"] == [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Three."}]


def test_the_usage_of_the_last_line_counts(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1", usage={**USAGE, "output_tokens": 1}, stop_reason=None)
    transcript.assistant("msg_1", usage={**USAGE, "output_tokens": 15})
    transcript.write(projects)
    imported(store, projects)
    [only] = stored(store)
    assert only.usage is not None
    assert only.usage.output_tokens == 15
    assert only.cost is not None
    assert only.cost.total == COST


def test_a_second_import_adds_nothing(projects: Path, store: Path) -> None:
    conversation().write(projects)
    imported(store, projects)
    before = stored(store)
    again = imported(store, projects)
    assert (again.imported, again.known) == (0, 1)
    assert stored(store) == before


def test_a_dry_run_stores_nothing(projects: Path, store: Path) -> None:
    conversation().write(projects)
    assert imported(store, projects, dry_run=True).imported == 1
    assert not store.exists()


def test_what_crossed_the_proxy_is_left_out(projects: Path, store: Path) -> None:
    conversation().write(projects)
    crossed = exchange(1, session_id=SESSION, message_id="msg_1", started_at=BEGAN)
    record(store, crossed)
    result = imported(store, projects)
    assert (result.imported, result.crossed) == (0, 1)
    assert [each.id for each in stored(store)] == [crossed.id]


def test_what_an_older_candela_recorded_is_known_by_its_request_id(projects: Path, store: Path) -> None:
    conversation().write(projects)
    record(store, exchange(1, session_id=SESSION, request_id="req_msg_1", message_id=None, started_at=BEGAN))
    assert imported(store, projects).crossed == 1


def test_the_same_id_in_another_session_at_another_time_is_another_answer(projects: Path, store: Path) -> None:
    """Some gateways give answers ids of their own."""
    conversation().write(projects)
    record(store, exchange(1, session_id=FORK, message_id="msg_1", started_at=BEGAN - timedelta(days=2)))
    assert imported(store, projects).imported == 1


def forked(original: Transcript, *, says_from: bool) -> Transcript:
    fork = Transcript(FORK, began=BEGAN + timedelta(hours=1))
    fork.add("queue-operation")
    for line in original.lines:
        copied = {**line, "sessionId": FORK}
        if says_from and line["type"] == "assistant":
            copied["requestSessionId"] = SESSION
        fork.lines.append(copied)
    fork.user("and the crabs?")
    fork.assistant("msg_2")
    return fork


@pytest.mark.parametrize("says_from", [True, False], ids=["2.1.332", "2.1.197"])
def test_a_fork_does_not_count_what_it_copied(says_from: bool, projects: Path, store: Path) -> None:
    original = conversation()
    original.write(projects)
    forked(original, says_from=says_from).write(projects)
    result = imported(store, projects)
    assert (result.imported, result.known, result.cost_usd) == (2, 0, 2 * COST)
    first, second = stored(store)
    assert [(each.session_id, each.message_id) for each in (first, second)] == [(SESSION, "msg_1"), (FORK, "msg_2")]
    assert (first.continues, second.continues) == (None, Continued(SESSION, first.id))


def test_a_fork_of_a_session_that_crossed_the_proxy_continues_it(projects: Path, store: Path) -> None:
    crossed = exchange(1, session_id=SESSION, message_id="msg_1", started_at=BEGAN)
    record(store, crossed)
    imported(store, forked(conversation(), says_from=True).write(projects), after=BEGAN + timedelta(minutes=30))
    assert [each.continues for each in stored(store)] == [None, Continued(SESSION, crossed.id)]


def test_a_request_that_is_imported_whole_can_be_continued(projects: Path, store: Path) -> None:
    transcript = Transcript()
    asked = {"role": "user", "content": [{"type": "text", "text": "count the fish"}]}
    transcript.user(asked["content"])
    transcript.request("request-1", [asked])
    transcript.assistant("msg_1", {"type": "text", "text": "Three. "}, requestRef="request-1")
    transcript.write(projects)
    imported(store, projects)
    [only] = stored(store)
    origins = Origins()
    origins.remember(only.conversation or "", SESSION, only.id)
    sent = [msgspec.Raw(json.dumps(asked).encode())]
    *_, before = message_digests(sent)
    assert origins.find(answered_digest(before, [("text", "Three.")]).hex()) == Continued(SESSION, only.id)


def test_a_fork_that_is_imported_later_does_not_count_it_either(projects: Path, store: Path) -> None:
    original = conversation()
    imported(store, original.write(projects))
    result = imported(store, forked(original, says_from=False).write(projects))
    assert (result.imported, result.known) == (1, 1)


def test_a_fork_of_a_deleted_session_keeps_that_sessions_answers(projects: Path, store: Path) -> None:
    forked(conversation(), says_from=True).write(projects)
    imported(store, projects)
    assert [(each.session_id, each.message_id) for each in stored(store)] == [(SESSION, "msg_1"), (FORK, "msg_2")]


def test_sub_agents_belong_to_their_session(projects: Path, store: Path) -> None:
    main = Transcript()
    main.user("count the fish")
    call = {"prompt": "Count the files.", "description": "Count files", "subagent_type": "Explore"}
    main.assistant("msg_1", {"type": "tool_use", "id": "t1", "name": "Agent", "input": call}, stop_reason="tool_use")
    main.write(projects)
    agent = Transcript(agent_id="a1", began=BEGAN + timedelta(seconds=3))
    agent.user("Count the files.")
    agent.assistant("msg_2")
    file = agent.write(projects)
    file.with_suffix(".meta.json").write_text('{"agentType": "Explore"}')
    imported(store, projects)
    [own, of_agent] = stored(store)
    assert own.agent_id is None
    assert [delegation.description for delegation in own.delegations] == ["Count files"]
    assert (of_agent.session_id, of_agent.agent_id, of_agent.agent_type) == (SESSION, "a1", "Explore")
    assert (of_agent.task, of_agent.clues) == ("Count the files.", None)


def test_the_agents_of_a_workflow_belong_to_its_session(projects: Path, store: Path) -> None:
    main = conversation()
    main.write(projects)
    agent = Transcript(agent_id="a1", began=BEGAN + timedelta(seconds=3))
    agent.assistant("msg_2")
    file = agent.write(projects)
    workflow = file.parent / "workflows" / "w1"
    workflow.mkdir(parents=True)
    file.rename(workflow / file.name)
    (workflow / "journal.jsonl").write_text('{"type": "step"}\n')
    result = imported(store, projects)
    assert (result.imported, result.files, result.sessions) == (2, 3, {SESSION})
    assert [each.agent_id for each in stored(store)] == [None, "a1"]


def test_what_was_deleted_is_imported_again_with_its_bodies(projects: Path, store: Path) -> None:
    conversation().write(projects)
    imported(store, projects)
    [first] = stored(store)
    connection = connect_to_write(store)
    remove(connection, exchanges.c.id == first.id, BEGAN)
    connection.close()
    assert imported(store, projects).imported == 1
    reader = StoreReader(store)
    [again] = reader.exchanges()
    assert reader.response_body(again.id) is not None
    reader.close()


def test_an_answer_that_a_sub_agent_repeats_counts_once(projects: Path, store: Path) -> None:
    main = conversation()
    main.write(projects)
    agent = Transcript(agent_id="a1", began=BEGAN + timedelta(hours=2))
    agent.assistant("msg_1", requestId="req_of_the_replay")
    agent.user("go on")
    agent.assistant("msg_2")
    agent.write(projects)
    assert imported(store, projects).imported == 2
    assert [each.request_id for each in stored(store)] == ["req_msg_1", "req_msg_2"]


def test_lines_that_the_client_wrote_itself_are_no_requests(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.assistant("local-1", model="<synthetic>")
    transcript.assistant("local-2", isApiErrorMessage=True)
    transcript.said("assistant", {"role": "assistant", "content": "no id"})
    transcript.write(projects)
    assert imported(store, projects).imported == 0


def test_an_interrupted_answer_costs_at_least_what_it_said(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1", usage={**USAGE, "output_tokens": 1}, stop_reason=None, isAbortedMidStream=True)
    transcript.write(projects)
    assert imported(store, projects).at_least
    [only] = stored(store)
    assert only.outcome is Outcome.CANCELLED
    assert only.cost is not None
    assert only.cost.at_least


def test_an_answer_that_is_being_written_is_left_for_the_next_import(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1", stop_reason=None)
    transcript.write(projects)
    first = imported(store, projects, now=BEGAN + timedelta(minutes=5))
    assert (first.imported, first.growing) == (0, 1)
    later = imported(store, projects, now=BEGAN + timedelta(hours=5))
    assert (later.imported, later.growing) == (1, 0)


def test_an_import_in_the_background_leaves_out_what_may_just_be_crossing(projects: Path, store: Path) -> None:
    conversation().write(projects)
    soon = BEGAN + timedelta(minutes=1)
    assert imported(store, projects, now=soon, settled=timedelta(minutes=10)).growing == 1


def test_bad_lines_are_named_and_cost_nothing_else(projects: Path, store: Path) -> None:
    file = conversation().write(projects)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([b"{not json}\n", lines[0], b"[1]\n", b"\xff\n", *lines[1:], b'{"type": "assis']))
    result = imported(store, projects)
    assert result.imported == 1
    assert [(line.file, line.number, line.why) for line in result.bad_lines] == [
        (file, 1, "it is not JSON"),
        (file, 3, "it is not an object"),
        (file, 4, "it is not JSON"),
        (file, 7, "it is cut off"),
    ]


def test_half_an_emoji_does_not_hide_a_line(projects: Path, store: Path) -> None:
    transcript = conversation()
    transcript.assistant("msg_2", {"type": "text", "text": "half"})
    file = transcript.write(projects)
    file.write_text(file.read_text().replace('"half"', '"half \\ud83d"'))
    assert imported(store, projects).imported == 2


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ([("summary", {"summary": "old"}), ("ai-title", {"aiTitle": "Fish count"})], "Fish count"),
        ([("custom-title", {"customTitle": "Mine"}), ("ai-title", {"aiTitle": "Fish count"})], "Mine"),
    ],
)
def test_a_session_has_the_title_that_the_client_gave_it(
    lines: list[tuple[str, dict[str, Any]]], title: str, projects: Path, store: Path
) -> None:
    transcript = conversation()
    for kind, fields in lines:
        transcript.add(kind, **fields)
    transcript.write(projects)
    imported(store, projects)
    [session] = Ledger.of(stored(store)).sessions()
    assert session.title == title


def test_a_request_that_the_transcript_keeps_is_rebuilt(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.user("hello")
    message = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
    mark = {"type": "ephemeral", "ttl": "1h"}
    transcript.request("one", [message], breakpoints=[(["messages", 0, "content", 0], mark)])
    transcript.assistant("msg_1", requestRef="one", requestedModel="claude-opus-4-8")
    transcript.write(projects)
    result = imported(store, projects)
    assert result.rebuilt == 1
    [only] = stored(store)
    assert only.rebuilt == ("request", "response")
    assert (only.cache_ttls, only.betas, only.model, only.inferred) == (("1h",), ("a-beta",), "claude-opus-4-8", ())
    reader = StoreReader(store)
    body = reader.request_body(only.id)
    reader.close()
    assert body is not None
    assert json.loads(body)["messages"][0]["content"][0]["cache_control"] == mark


def test_a_message_id_tells_the_cloud(projects: Path, store: Path) -> None:
    transcript = Transcript()
    for message_id in ("msg_vrtx_1", "msg_bdrk_1", "msg_1"):
        transcript.user("go on")
        transcript.assistant(message_id)
    transcript.write(projects)
    imported(store, projects)
    assert [each.provider.value for each in stored(store)] == ["vertex", "bedrock", "anthropic"]


def test_the_clients_sum_is_compared_and_the_difference_named(projects: Path, store: Path) -> None:
    original = conversation()
    original.add("cost-state", totalCostUSD=0.029363)
    original.write(projects)
    fork = forked(original, says_from=True)
    fork.assistant("msg_3", stop_reason=None, isAbortedMidStream=True)
    fork.add("cost-state", totalCostUSD=0.058726)
    fork.write(projects)
    [difference] = imported(store, projects).differences
    assert difference.session_id == FORK
    assert (difference.client_usd, difference.own_usd) == (2 * COST, 3 * COST)
    assert difference.why == ("1 answer without an end, which the client does not count: $0.029",)
    assert imported(store, projects).differences == [difference]


def test_outside_of_a_repository_there_is_no_branch(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1")
    transcript.lines[-1]["gitBranch"] = "HEAD"
    transcript.write(projects)
    imported(store, projects)
    [only] = stored(store)
    assert only.clues is not None
    assert only.clues.git_branch is None


def test_an_unpriced_model_is_counted(projects: Path, store: Path) -> None:
    transcript = Transcript()
    transcript.assistant("msg_1", model="claude-reef-9")
    transcript.write(projects)
    result = imported(store, projects)
    assert (result.imported, result.unpriced, result.cost_usd, result.at_least) == (1, 1, 0, True)
