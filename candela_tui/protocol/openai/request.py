"""A chat completions request as a Messages request.

Sources: https://platform.openai.com/docs/api-reference/chat/create, https://docs.claude.com/en/api/messages, and, for
what is ignored, https://platform.claude.com/docs/en/api/openai-sdk. Fields that ask for an answer which Claude can't
give (several choices, log probabilities, audio) are refused; fields that only tune the answer and have no counterpart
are left out and noted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from candela_tui.protocol import generations
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.openai.conversation import Conversation, conversation
from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.json_members import Members, given, members_of, optional, required, typed
from candela_tui.protocol.openai.reasoning import Reasoning, reasoning
from candela_tui.protocol.openai.tools import Toolbox, toolbox
from candela_tui.protocol.raw_json import NULL, decode_json, raw_members, without_lone_surrogates

_READ = frozenset(
    (
        *("model", "messages", "tools", "tool_choice", "functions", "function_call", "parallel_tool_calls"),
        *("max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "user", "safety_identifier"),
        *("reasoning_effort", "thinking", "response_format", "stream", "stream_options"),
    )
)
# Values that ask for Claude's normal behaviour.
_NEUTRAL: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "modalities": (["text"],),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
    "metadata": ({},),
    "store": (False,),
    "service_tier": ("auto", "default"),
    "verbosity": ("medium",),
}
_REFUSED = {
    "n": "Claude gives one choice per request: send several requests instead",
    "logprobs": "Claude does not return log probabilities",
    "top_logprobs": "Claude does not return log probabilities",
    "modalities": "Claude answers with text only",
    "audio": "Claude answers with text only",
    "web_search_options": "candela does not translate OpenAI's web search: use the Messages API for Claude's own",
    "moderation": "Claude does no moderation",
}
_EPHEMERAL = {"type": "ephemeral"}
_JSON_MODE = "Answer with one JSON object and nothing else: no words around it, no code fence."


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for chat completions in the form of the Messages API."""

    body: bytes
    """The body for POST /v1/messages."""
    streamed: bool
    include_usage: bool
    """Whether the stream's last chunk must have the usage."""
    legacy_functions: bool
    """Whether the client expects tool calls as ``function_call``."""
    structured: bool
    """Whether the answer must follow a schema."""
    adaptations: tuple[Adaptation, ...]
    """Changes that the translation made."""


def to_messages(body: bytes, *, cached: bool = False) -> ChatRequest:
    """Translate the body of POST /v1/chat/completions; ``cached``: set breakpoints for Claude's prompt cache.

    Raises InvalidChat, whose message is for a 400.
    """
    request = raw_members(body)
    if request is None:
        repaired = without_lone_surrogates(body)
        request = raw_members(repaired) if repaired is not None else None
    if request is None:
        raise InvalidChat("the request body must be a JSON object")
    notes = _unused(request)
    model = optional(request, "model", str) or ""
    chat = conversation(required(request, "messages", msgspec.Raw), notes)
    tools = toolbox(request, notes)
    max_tokens = _max_tokens(request, model)
    thought = _reasoning(request, model, max_tokens, chat, tools, notes)
    message: dict[str, Any] = {"model": model, "max_tokens": max_tokens, **_sampling(request, model, thought, notes)}
    stop = _stop(request, notes)
    if stop:
        message["stop_sequences"] = stop
    user = optional(request, "safety_identifier", str) or optional(request, "user", str)
    if user:
        message["metadata"] = {"user_id": user}
    thinking = given(request, "thinking") or thought.thinking
    if thinking is not None:
        message["thinking"] = thinking
    output = _output(request, chat, notes)
    if thought.effort is not None:
        output["effort"] = thought.effort
    if output:
        message["output_config"] = output
    if cached:
        _set_breakpoints(chat, tools.tools, notes)
    if chat.system:
        message["system"] = chat.system
    if tools.tools:
        message["tools"] = tools.tools
        if tools.choice is not None:
            message["tool_choice"] = tools.choice
    message["messages"] = chat.turns
    streamed = optional(request, "stream", bool) is True
    if streamed:
        message["stream"] = True
    options = given(request, "stream_options")
    include_usage = (
        optional(members_of(options, "stream_options"), "include_usage", bool) if options is not None else None
    )
    return ChatRequest(
        msgspec.json.encode(message), streamed, include_usage is True, tools.legacy, "format" in output, tuple(notes)
    )


def _set_breakpoints(chat: Conversation, tools: Iterable[dict[str, Any]], notes: list[Adaptation]) -> None:
    """Mark the system prompt, which includes the tools, and the newest user message for Claude's cache.

    OpenAI caches by itself; Claude caches up to the breakpoints of a request. A chat with breakpoints of its own keeps
    only those: four is the most that Claude takes. Source:
    https://docs.claude.com/en/docs/build-with-claude/prompt-caching
    """
    if any("cache_control" in block for block in (*tools, *_blocks(chat))):
        return
    ends = [chat.system] if chat.system else []
    ends += [turn["content"] for turn in chat.turns[::-1] if turn["role"] == "user"][:1]
    for blocks in ends:
        blocks[-1] = {**blocks[-1], "cache_control": _EPHEMERAL}
    if ends:
        notes.append(
            Adaptation("field", "cache_control", "set, so that the prompt is cached ([openai] in config.toml)")
        )


def _blocks(chat: Conversation) -> Iterator[dict[str, Any]]:
    yield from chat.system
    for turn in chat.turns:
        for block in turn["content"]:
            yield block
            if block["type"] == "tool_result":
                yield from block.get("content", ())


def _unused(request: Members) -> list[Adaptation]:
    """Return notes about the fields that are left out. Raises InvalidChat for those that can't be."""
    notes = []
    for name in request:
        if name in _READ or given(request, name) is None:
            continue
        if name in _NEUTRAL and decode_json(request[name]) in _NEUTRAL[name]:
            continue
        if name in _REFUSED:
            raise InvalidChat(f"{name}: {_REFUSED[name]}", name)
        notes.append(Adaptation("field", name, "left out: Claude has no counterpart"))
    return notes


def _max_tokens(request: Members, model: str) -> int:
    """Return the token limit, which the Messages API requires and OpenAI's does not."""
    for name in ("max_completion_tokens", "max_tokens"):
        limit = optional(request, name, int)
        if limit is not None:
            return limit
    return generations.default_max_tokens(model)


def _reasoning(
    request: Members, model: str, max_tokens: int, chat: Conversation, tools: Toolbox, notes: list[Adaptation]
) -> Reasoning:
    """Translate the effort, unless the client sent ``thinking``, as Anthropic's layer for OpenAI's SDK allows."""
    asked = optional(request, "reasoning_effort", str)
    if asked is None or given(request, "thinking") is not None:
        return Reasoning()
    return reasoning(asked, model, max_tokens, tools_forced=tools.forced, answers_tools=chat.answers_tools, notes=notes)


def _sampling(request: Members, model: str, thought: Reasoning, notes: list[Adaptation]) -> dict[str, float]:
    def leave_out(name: str, why: str) -> None:
        if taken.pop(name, None) is not None:
            notes.append(Adaptation("field", name, f"left out: {why}"))

    values = {name: optional(request, name, float) for name in ("temperature", "top_p")}
    taken = {name: value for name, value in values.items() if value is not None}
    thinks = thought.thinking is not None or given(request, "thinking") is not None
    for name in tuple(taken):
        if not generations.takes_sampling(model):
            leave_out(name, "the model takes no sampling parameters")
        elif thinks:
            leave_out(name, "the model does not take it while it thinks")
    if len(taken) > 1 and not generations.takes_both_samplings(model):
        leave_out("top_p", "the model takes either temperature or top_p")
    if taken.get("temperature", 0.0) > 1:
        taken["temperature"] = 1.0
        notes.append(Adaptation("field", "temperature", "sent as 1, the highest that Claude takes"))
    return taken


def _stop(request: Members, notes: list[Adaptation]) -> list[str]:
    """Return the stop sequences without those of only whitespace, which Claude refuses."""
    raw = given(request, "stop")
    if raw is None:
        return []
    asked: str | list[str] = typed(raw, str | list[str], "stop")  # type: ignore[arg-type]
    words = [asked] if isinstance(asked, str) else asked
    kept = [word for word in words if word.strip()]
    if len(kept) < len(words):
        notes.append(Adaptation("field", "stop", "sequences of whitespace left out: Claude refuses them"))
    return kept


def _output(request: Members, chat: Conversation, notes: list[Adaptation]) -> dict[str, Any]:
    """Translate ``response_format``: a schema becomes structured output, the looser JSON mode a system prompt."""
    raw = given(request, "response_format")
    if raw is None:
        return {}
    wanted = members_of(raw, "response_format")
    kind = required(wanted, "type", str, "response_format")
    if kind == "text":
        return {}
    if kind == "json_object":
        chat.system.append({"type": "text", "text": _JSON_MODE})
        notes.append(Adaptation("field", "response_format", "requested in the system prompt: Claude has no JSON mode"))
        return {}
    if kind != "json_schema":
        raise InvalidChat(f"response_format is {kind!r}; there is text, json_object and json_schema", "response_format")
    where = "response_format.json_schema"
    described = members_of(required(wanted, "json_schema", msgspec.Raw, "response_format"), where)
    schema = given(described, "schema") or NULL
    if raw_members(schema) is None:
        raise InvalidChat(f"{where}.schema must be an object", f"{where}.schema")
    return {"format": {"type": "json_schema", "schema": schema}}
