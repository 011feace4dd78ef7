import json
from typing import Any

import pytest

from candela_tui.protocol.claude_code.request_kinds import has_kind, inferred_agent, kind_of_messages
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.request import decode_request
from tests.protocol import claude_code_bodies as bodies


def kind(body: dict[str, Any]) -> Kind:
    request = decode_request(json.dumps(body).encode())
    found = kind_of_messages(request)
    assert request is not None
    assert all(has_kind(request, {one, other}) == (found in (one, other)) for one in Kind for other in Kind)
    return found


def asked(*words: str, **changes: Any) -> dict[str, Any]:
    body = bodies.opus_of_332("say hi")
    body["messages"] += [{"role": "assistant", "content": [bodies.text("Hi")]}, bodies.user(*words)]
    return {**body, **changes}


CLASSIFIER: dict[str, Any] = {
    "model": "claude-sonnet-5",
    "max_tokens": 64,
    "system": [bodies.billing("2.1.332"), bodies.text(bodies.CLASSIFIER + " x" * 70_000)],
    "messages": [bodies.user("<transcript>\n", '{"Bash":"ls"}\n', "</transcript>\n")],
}


@pytest.mark.parametrize("make", [bodies.opus_of_332, bodies.sonnet_of_332, bodies.opus_of_197])
def test_a_turn_of_the_conversation_is_one(make: Any) -> None:
    assert kind(make("say hi")) is Kind.MESSAGES


def test_the_classifier_of_auto_mode_is_known_by_its_system_prompt() -> None:
    assert kind(CLASSIFIER) is Kind.CLASSIFIER
    assert kind({**CLASSIFIER, "tools": [bodies.BASH]}) is Kind.MESSAGES


def test_a_request_for_the_providers_verdict_alone_is_one_of_the_classifier() -> None:
    verdict = asked("go on", max_tokens=0, safeguards=[{"type": "dangerous_tool_use"}])
    assert kind(verdict) is Kind.CLASSIFIER
    assert kind({**verdict, "max_tokens": 64_000}) is Kind.MESSAGES


@pytest.mark.parametrize(
    "content",
    [
        bodies.SUMMARY_PROMPT,
        [bodies.text(bodies.SUMMARY_PROMPT)],
        [bodies.text("say more\n"), bodies.text(bodies.SUMMARY_PROMPT + "\n\nKeep the names." * 100)],
        "Your task is to create a detailed summary of the conversation so far, paying close attention to …",
    ],
)
def test_a_compaction_is_known_by_its_prompt(content: Any) -> None:
    body = asked("x")
    body["messages"][-1] = {"role": "user", "content": content}
    assert kind(body) is Kind.COMPACTION


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "tool_result", "tool_use_id": "t", "content": bodies.SUMMARY_PROMPT}],
        f"What does this do? {bodies.SUMMARY_PROMPT}",
    ],
)
def test_what_only_mentions_the_prompt_is_no_compaction(content: Any) -> None:
    body = asked("x")
    body["messages"][-1] = {"role": "user", "content": content}
    assert kind(body) is Kind.MESSAGES


@pytest.mark.parametrize(
    "words", [(bodies.SIDE_QUESTION, "what is a reef"), (f"{bodies.SIDE_QUESTION}what is a reef",)]
)
def test_a_side_question_is_beside_the_conversation(words: tuple[str, ...]) -> None:
    assert kind(asked(*words)) is Kind.SIDE


def test_a_search_of_the_web_by_a_tool_is_beside_the_conversation() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    words = "Perform a web search for the query: reef"
    body = {**bodies.opus_of_332(), "messages": [bodies.user(words)], "tools": [search]}
    assert kind(body) is Kind.SIDE


def test_a_request_without_tools_and_cache_marks_is_beside_the_conversation() -> None:
    page: dict[str, Any] = {
        "model": "claude-haiku-5-5",
        "max_tokens": 4096,
        "system": [bodies.billing("2.1.332")],
        "messages": [bodies.user('Web page content:\n---\n"cache_control":{} is a field')],
    }
    assert kind(page) is Kind.SIDE
    assert kind({**page, "system": "You are another program."}) is Kind.MESSAGES
    marked = {**bodies.text("You are a Claude agent"), "cache_control": {"type": "ephemeral"}}
    assert kind({**page, "system": [bodies.billing("2.1.332"), marked]}) is Kind.MESSAGES


def agent(body: dict[str, Any]) -> str | None:
    request = decode_request(json.dumps(body).encode())
    assert request is not None
    return inferred_agent(request)


def test_a_sub_agent_is_known_by_the_system_prompt_and_its_task() -> None:
    system = [bodies.billing("2.1.332", sub_agent=True), bodies.text("You are an agent for Claude Code")]
    first = {**bodies.opus_of_332("Count the files here."), "system": system}
    later = {**first, "messages": [*first["messages"], {"role": "assistant", "content": "x"}, bodies.user("more")]}
    other = {**bodies.opus_of_332("Count the lines here."), "system": system}
    assert agent(first) == agent(later)
    assert agent(first) not in (None, agent(other))


@pytest.mark.parametrize("make", [bodies.opus_of_332, bodies.sonnet_of_332, bodies.opus_of_197])
def test_the_main_agent_is_none(make: Any) -> None:
    assert agent(make("What does cc_is_subagent=true mean?")) is None
