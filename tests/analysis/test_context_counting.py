"""The parts of a prompt as a provider counts them."""

import json
import re
from typing import Any

import pytest

from candela_tui.analysis.context_counting import estimate_error, requests_to_count, to_count, with_counts
from candela_tui.analysis.context_parts import Context, context_of
from tests.analysis.test_context_parts import asked, call, pieces, result, text

FILES = (
    "<system-reminder>\nContents of /a/CLAUDE.md (project instructions):\n\n" + "alpha " * 90 + "\n"
    "Contents of /b/CLAUDE.md (project instructions):\n\n" + "beta " * 70 + "\n</system-reminder>\n"
)
DOCUMENT: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 4096,
    "stream": True,
    "system": [{"type": "text", "text": "# Harness\n" + "gamma " * 80 + "\n# Environment\n" + "delta " * 60}],
    "tools": [
        {"name": "Read", "description": "epsilon " * 50, "input_schema": {"type": "object"}},
        {"name": "mcp__harbour__tides", "description": "zeta " * 110, "input_schema": {"type": "object"}},
    ],
    "messages": [
        {"role": "user", "content": [text(FILES), text("eta " * 100)]},
        {"role": "assistant", "content": [text("theta " * 40), *call(1, "iota " * 30)["content"]]},
        result(1, "kappa " * 200),
        {"role": "system", "content": "Available agent types for the Agent tool:\n" + "lambda " * 120},
    ],
}
WORDS = {
    ("system", "memory", "/a/CLAUDE.md"): 90,
    ("system", "memory", "/b/CLAUDE.md"): 70,
    ("system", "instructions", "Harness"): 80,
    ("system", "environment", "environment"): 60,
    ("system", "agents", "agents"): 120,
    ("tools", "built_in", "Read"): 50,
    ("tools", "mcp", "mcp__harbour__tides"): 110,
    ("messages", "user", "user"): 100,
    ("messages", "assistant", "assistant"): 40,
    ("messages", "tool_call", "Read"): 30,
    ("messages", "tool_result", "Read"): 200,
}
_GREEK = re.compile("alpha|beta|gamma|delta|epsilon|zeta|theta|eta|iota|kappa|lambda")


def words(document: dict[str, Any]) -> int:
    """Counts as a provider would whose tokens are the Greek words: of these each part has a known number."""
    return len(_GREEK.findall(json.dumps(document)))


def estimated(prompt: int | None) -> Context:
    now = asked(1, prompt)
    fields = {name: DOCUMENT[name] for name in ("system", "tools")}
    return context_of(now, pieces(DOCUMENT["messages"], **fields), [now])


def shown(context: Context) -> dict[tuple[str, str, str], int]:
    return {(part.source.value, part.kind, part.name): part.tokens for part in context.parts}


def test_each_part_has_the_tokens_by_which_the_count_falls() -> None:
    context = estimated(sum(WORDS.values()))
    parts = to_count(context)
    counted = with_counts(context, parts, [words(each) for each in requests_to_count(DOCUMENT, parts)])
    assert shown(counted) == WORDS


def test_the_parts_add_up_to_the_measured_prompt_even_if_the_count_is_another() -> None:
    context = estimated(12_345)
    parts = to_count(context)
    counted = with_counts(context, parts, [words(each) for each in requests_to_count(DOCUMENT, parts)])
    assert counted.tokens == 12_345
    share = WORDS["messages", "tool_result", "Read"] / sum(WORDS.values())
    assert shown(counted)["messages", "tool_result", "Read"] == pytest.approx(12_345 * share, rel=0.01)


def test_without_a_measured_prompt_the_count_is_the_prompt() -> None:
    context = estimated(None)
    parts = to_count(context)
    counted = with_counts(context, parts, [words(each) for each in requests_to_count(DOCUMENT, parts)])
    assert counted.prompt_tokens == sum(WORDS.values()) == counted.tokens


def test_a_part_that_is_not_counted_has_what_is_left() -> None:
    context = estimated(sum(WORDS.values()))
    parts = to_count(context)
    counts: list[int | None] = [words(each) for each in requests_to_count(DOCUMENT, parts)]
    refused = [part.kind for part in parts].index("tool_result")
    counted = with_counts(context, parts, [None if place == refused + 1 else n for place, n in enumerate(counts)])
    assert shown(counted) == WORDS


def test_only_what_has_tokens_is_sent_and_the_request_itself_is_not_changed() -> None:
    before = json.dumps(DOCUMENT)
    first, *others = requests_to_count(DOCUMENT, to_count(estimated(None)))
    assert set(first) == {"model", "system", "tools", "messages"}
    assert {words(first) - words(each) for each in others} == set(WORDS.values())
    assert json.dumps(DOCUMENT) == before
    assert all(block["text"] for each in others for block in each["system"])


def test_the_error_of_an_estimate_is_what_it_gave_to_other_parts() -> None:
    context = estimated(10_000)
    assert estimate_error(context, context) == 0
    parts = to_count(context)
    counted = with_counts(context, parts, [words(each) for each in requests_to_count(DOCUMENT, parts)])
    assert 0 < estimate_error(context, counted) < 1
