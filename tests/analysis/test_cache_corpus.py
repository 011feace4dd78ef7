"""The causes of misses, on pairs of requests that the real client made (``tests/analysis/cache_corpus``)."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from candela_tui.analysis.cache_baselines import closest, readable_requests
from candela_tui.analysis.cache_changes import Asked
from candela_tui.analysis.cache_miss import diagnose
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.prompt_blocks import prompt_of
from candela_tui.exchange import Marks
from candela_tui.exchange.cache_diagnosis import CacheState, Cause, Diagnosis
from candela_tui.protocol.cache_control import asked_lifetimes
from candela_tui.protocol.claude_code.request_kinds import kind_of_messages
from candela_tui.protocol.request import decode_request
from candela_tui.protocol.usage import Usage
from candela_tui.providers.identity import Provider
from tests.analysis.cache_corpus.corpus import pairs
from tests.analysis.exchanges import exchange

PAIRS = pairs()
CACHED, PROMPT = 20_000, 21_000


def asked(request: dict[str, Any], minutes: int, read: int, **facts: Any) -> Asked:
    """A recorded request, which read so many of its tokens and wrote the rest of those that are kept."""
    body, headers = json.dumps(request["body"]).encode(), request["headers"]
    decoded = decode_request(body)
    assert decoded is not None
    ttls: set[str] = set()
    for _ in asked_lifetimes(body, ttls):
        pass
    items = Items()
    for _ in read_items(body, items, Items()):
        pass
    written = (PROMPT if minutes else CACHED) - read if ttls else 0
    usual = {
        "usage": Usage(12, read, 0 if "1h" in ttls else written, written if "1h" in ttls else 0, 5),
        "kind": kind_of_messages(decoded),
        "model": request["body"]["model"],
        "session_id": headers["x-claude-code-session-id"],
        "agent_id": headers.get("x-claude-code-agent-id"),
        "betas": tuple(headers.get("anthropic-beta", "").split(",")),
        "cache_ttls": tuple(sorted(ttls)),
        "marks": Marks(1, 900, 1200, 4000),
    }
    return Asked(exchange(minutes, **{**usual, **facts}), prompt_of(items))


def diagnosed(pair: dict[str, Any], *, read: int = 0, minutes: int = 1, **facts: Any) -> Diagnosis:
    before, now = asked(pair["before"], 0, 0), asked(pair["now"], minutes, read, **facts)
    others = [before] if readable_requests([before.exchange], now.exchange) else []
    return diagnose(now, closest(now, others))


NO_CHANGE = (Cause.LIKELY_SERVER_SIDE, None)
"""Whatever else was changed, the prompt begins as before: the client adds what is new at the end."""
CAUSES: dict[str, tuple[Cause, str | None]] = {
    "2.1.197 append_system_prompt": (Cause.SYSTEM_PROMPT_CHANGED, "system[1].text"),
    "2.1.197 caching_off": (Cause.CACHE_MARKS_MOVED, None),
    "2.1.197 claude_md": (Cause.MESSAGES_REWRITTEN, "messages[0].content[0].text"),
    "2.1.197 compact": (Cause.COMPACTED, "messages[0].content[1].text"),
    "2.1.197 effort": (Cause.PARAMETERS_CHANGED, "output_config.effort"),
    "2.1.197 fork": NO_CHANGE,
    "2.1.197 image": (Cause.PARAMETERS_CHANGED, "image"),
    "2.1.197 many_tool_results": (Cause.LOOKBACK_EXCEEDED, "messages[5].content[24]"),
    "2.1.197 mcp_server": (Cause.TOOLS_CHANGED, "tools[24]"),
    "2.1.197 model": (Cause.MODEL_CHANGED, "model"),
    "2.1.197 one_hour": (Cause.PARAMETERS_CHANGED, "anthropic-beta"),
    "2.1.197 resumed": NO_CHANGE,
    "2.1.197 thinking": (Cause.PARAMETERS_CHANGED, "thinking"),
    "2.1.197 tool_withheld": (Cause.TOOLS_CHANGED, "tools[20]"),
    "2.1.332 append_system_prompt": NO_CHANGE,
    "2.1.332 caching_off": (Cause.CACHE_MARKS_MOVED, None),
    "2.1.332 claude_md": NO_CHANGE,
    "2.1.332 compact": (Cause.COMPACTED, "messages[0].content[0].text"),
    "2.1.332 effort": (Cause.PARAMETERS_CHANGED, "output_config.effort"),
    "2.1.332 fork": NO_CHANGE,
    "2.1.332 image": (Cause.PARAMETERS_CHANGED, "image"),
    "2.1.332 many_tool_results": (Cause.LOOKBACK_EXCEEDED, "messages[5].content[24]"),
    "2.1.332 mcp_server": (Cause.TOOLS_CHANGED, "tools[2]"),
    "2.1.332 model": (Cause.MODEL_CHANGED, "model"),
    "2.1.332 one_hour": (Cause.PARAMETERS_CHANGED, "anthropic-beta"),
    "2.1.332 resumed": NO_CHANGE,
    # Thinking can't be turned off for its model.
    "2.1.332 thinking": NO_CHANGE,
    "2.1.332 tool_withheld": NO_CHANGE,
}


def test_every_pair_has_its_cause_here() -> None:
    assert set(PAIRS) == set(CAUSES)


@pytest.mark.parametrize("name", PAIRS)
def test_the_cause_of_a_miss_and_its_place(name: str) -> None:
    found = diagnosed(PAIRS[name])
    assert (found.cause, found.where) == CAUSES[name]
    assert found.state is (CacheState.OFF if name.endswith("caching_off") else CacheState.MISS)


@pytest.mark.parametrize("name", PAIRS)
def test_there_is_no_cause_where_all_was_read(name: str) -> None:
    found = diagnosed(PAIRS[name], read=CACHED)
    assert (found.state, found.cause, found.rewritten_tokens) == (CacheState.HIT, None, 0)


@pytest.mark.parametrize("name", [name for name, expected in CAUSES.items() if expected == NO_CHANGE])
def test_the_same_prompt_expires_by_its_lifetime(name: str) -> None:
    if name.endswith("fork"):
        # What another session left is looked for only while it is there.
        assert diagnosed(PAIRS[name], minutes=6).cause is Cause.FIRST_REQUEST
    else:
        assert diagnosed(PAIRS[name], minutes=4).cause is Cause.LIKELY_SERVER_SIDE
        assert diagnosed(PAIRS[name], minutes=6).cause is Cause.TTL_EXPIRED_5M


REAL = "2.1.332 resumed"
Edit = Callable[[dict[str, Any]], None]


def _reordered_tools(body: dict[str, Any]) -> None:
    body["tools"].insert(0, body["tools"].pop(3))


def _removed_tool(body: dict[str, Any]) -> None:
    del body["tools"][-1]


def _changed_schema(body: dict[str, Any]) -> None:
    body["tools"][2]["input_schema"]["additionalProperties"] = "changed"


def _changed_system(body: dict[str, Any]) -> None:
    body["system"][-1]["text"] += " It is dusk."


def _added_system(body: dict[str, Any]) -> None:
    body["system"].append({"type": "text", "text": "It is dusk."})


def _edited_message(body: dict[str, Any]) -> None:
    body["messages"][0]["content"][-1]["text"] = "say good evening"


def _dropped_message(body: dict[str, Any]) -> None:
    del body["messages"][0]


def _citations(body: dict[str, Any]) -> None:
    document = {"type": "document", "source": {"type": "text", "data": "Log."}, "citations": {"enabled": True}}
    body["messages"][-1]["content"].insert(0, document)


def _marks_at_the_front(body: dict[str, Any]) -> None:
    for message in body["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else ():
            block.pop("cache_control", None)


VARIATIONS: list[tuple[str, Edit, Cause, str]] = [
    ("a tool elsewhere", _reordered_tools, Cause.TOOLS_CHANGED, "tools[0]"),
    ("a tool less", _removed_tool, Cause.TOOLS_CHANGED, "tools[11]"),
    ("a schema", _changed_schema, Cause.TOOLS_CHANGED, "tools[2].input_schema.additionalProperties"),
    ("a text of the system", _changed_system, Cause.SYSTEM_PROMPT_CHANGED, "system[2].text"),
    ("a block of the system more", _added_system, Cause.SYSTEM_PROMPT_CHANGED, "system[3]"),
    ("an earlier message", _edited_message, Cause.MESSAGES_REWRITTEN, "messages[0].content[1].text"),
    ("a message less", _dropped_message, Cause.MESSAGES_REWRITTEN, "messages[0].content[0].text"),
    ("the speed", lambda body: body.update(speed="fast"), Cause.PARAMETERS_CHANGED, "speed"),
    ("tool choice", lambda body: body.update(tool_choice={"type": "any"}), Cause.PARAMETERS_CHANGED, "tool_choice"),
    (
        "the format of the answer",
        lambda body: body["output_config"].update(format={"type": "json_schema", "schema": {}}),
        Cause.PARAMETERS_CHANGED,
        "output_config.format",
    ),
    (
        "context editing",
        lambda body: body.update(context_management={"edits": []}),
        Cause.PARAMETERS_CHANGED,
        "context_management",
    ),
    ("citations", _citations, Cause.PARAMETERS_CHANGED, "citations"),
    ("marks at the front", _marks_at_the_front, Cause.CACHE_MARKS_MOVED, "system[2]"),
]


@pytest.mark.parametrize(
    ("edit", "cause", "where"), [row[1:] for row in VARIATIONS], ids=[row[0] for row in VARIATIONS]
)
def test_each_variation_of_a_real_request_has_its_cause(edit: Edit, cause: Cause, where: str) -> None:
    pair = deepcopy(PAIRS[REAL])
    edit(pair["now"]["body"])
    found = diagnosed(pair)
    assert (found.cause, found.where) == (cause, where)


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"region": "eu-west1"}, Cause.ROUTE_CHANGED),
        ({"provider": Provider.VERTEX}, Cause.ROUTE_CHANGED),
        ({"subscription": True}, Cause.ROUTE_CHANGED),
        ({"model_used": "claude-opus-4-8"}, Cause.LIKELY_SERVER_SIDE),
    ],
    ids=str,
)
def test_each_variation_of_where_it_went_has_its_cause(facts: dict[str, Any], cause: Cause) -> None:
    assert diagnosed(PAIRS[REAL], **facts).cause is cause


def test_a_short_first_request_is_below_the_minimum() -> None:
    now = asked(PAIRS[REAL]["before"], 0, 0, usage=Usage(300, 0, 0, 0, 5))
    assert diagnose(now, None).cause is Cause.BELOW_MINIMUM
