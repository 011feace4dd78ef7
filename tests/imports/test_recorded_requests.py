"""Whole requests put together from a transcript: equal to what the client sent, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.claude_code.recorded_requests import RebuiltRequest, RecordedRequests
from candela_tui.claude_code.transcripts import BadLine, read_lines
from tests.imports.written import Transcript, sha256


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def rebuilt(transcript: Transcript, where: Path, request_id: str = "one") -> RebuiltRequest | None:
    file = transcript.write(where)
    requests = RecordedRequests(file)
    for place, line in read_lines(file):
        assert not isinstance(line, BadLine)
        requests.note(line, place)
    return requests.rebuilt(request_id)


def test_a_request_is_put_together_with_its_cache_breakpoints(tmp_path: Path) -> None:
    transcript = Transcript()
    breakpoints = [(["system", 0], {"type": "ephemeral", "ttl": "1h"}), (["messages", 0, "content", 1], {"type": "e"})]
    transcript.request("one", [user(text("a"), text("ü 🐠"))], breakpoints=breakpoints)
    found = rebuilt(transcript, tmp_path)
    assert found is not None
    assert json.loads(found.body) == {
        "model": "claude-opus-4-8",
        "max_tokens": 64,
        "system": [{**text("Be kind."), "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "tools": [],
        "messages": [user(text("a"), {**text("ü 🐠"), "cache_control": {"type": "e"}})],
    }
    assert found.betas == ("a-beta",)


def test_messages_of_the_conversation_are_found_by_the_runs_of_their_lines(tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.user("hello")
    calls = [{"type": "tool_use", "id": each, "name": "Bash", "input": {"b": 1, "a": 2}} for each in ("t1", "t2")]
    transcript.assistant("msg_1", text("I'll run two."), *calls)
    results = [{"type": "tool_result", "tool_use_id": each, "content": "ok"} for each in ("t1", "t2")]
    for result in results:
        transcript.user([result])
    messages = [user(text("hello")), {"role": "assistant", "content": [text("I'll run two."), *calls]}, user(*results)]
    transcript.request("one", messages, blobs=False)
    found = rebuilt(transcript, tmp_path)
    assert found is not None
    assert json.loads(found.body)["messages"] == messages


def test_a_request_continues_the_one_it_is_based_on(tmp_path: Path) -> None:
    transcript = Transcript()
    first, reminder, second = user(text("a")), user(text("only once")), user(text("b"))
    transcript.request("zero", [first, reminder])
    transcript.request("one", [first, second], base="zero", keep=1)
    found = rebuilt(transcript, tmp_path)
    assert found is not None
    assert json.loads(found.body)["messages"] == [first, second]


def test_a_blob_with_plain_text_is_the_message_with_one_block(tmp_path: Path) -> None:
    transcript = Transcript()
    system = {"role": "system", "content": [text("Be brief.")], "output_config": {"effort": "low"}}
    transcript.request("one", [user(text("a")), system])
    for line in transcript.lines:
        if line["type"] == "api-request-blob" and line["hash"] == sha256(system):
            line["message"] = {**system, "content": "Be brief."}
    found = rebuilt(transcript, tmp_path)
    assert found is not None
    assert json.loads(found.body)["messages"][1] == system


@pytest.mark.parametrize("missing", ["api-request-shape", "api-request-blob", "api-request"])
def test_a_request_of_which_a_part_is_missing_is_not_rebuilt(missing: str, tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.request("one", [user(text("a"))])
    transcript.lines = [line for line in transcript.lines if line["type"] != missing]
    transcript.user("something else")
    assert rebuilt(transcript, tmp_path) is None


def test_a_request_with_another_digest_is_not_rebuilt(tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.request("one", [user(text("a"))])
    transcript.lines[-1]["params"] = {**transcript.lines[-1]["params"], "max_tokens": 65}
    assert rebuilt(transcript, tmp_path) is None


def test_requests_that_are_based_on_each_other_are_not_rebuilt(tmp_path: Path) -> None:
    transcript = Transcript()
    transcript.request("one", [user(text("a"))], base="two")
    transcript.request("two", [user(text("a"))], base="one")
    assert rebuilt(transcript, tmp_path) is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcé\n", max_size=3), inner, max_size=3),
    max_leaves=6,
)
_blocks = st.lists(st.fixed_dictionaries({"type": st.sampled_from(["text", "tool_use"]), "input": _json}), min_size=1)
_messages = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": _blocks}), max_size=4
)


@given(messages=_messages, later=_messages)
def test_any_request_is_rebuilt_as_it_was(
    messages: list[Any], later: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    transcript = Transcript()
    transcript.request("one", messages)
    transcript.request("two", [*messages, *later], base="one", keep=len(messages))
    found = rebuilt(transcript, tmp_path_factory.mktemp("any"), "two")
    assert found is not None
    assert json.loads(found.body)["messages"] == [*messages, *later]
