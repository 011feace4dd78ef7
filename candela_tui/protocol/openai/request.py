"""A chat completions request as a Messages request.

Sources: https://platform.openai.com/docs/api-reference/chat/create, https://docs.claude.com/en/api/messages, and, for
what is ignored, https://platform.claude.com/docs/en/api/openai-sdk. What would give another answer than the client can
read (several choices, log probabilities, audio) is refused; what only tunes the answer and has no counterpart is left
out and noted.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.openai import generations
from candela_tui.protocol.openai.cache_breakpoints import set_breakpoints
from candela_tui.protocol.openai.conversation import Conversation, conversation
from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.fields import Members, given, members_of, optional, required, typed
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
# Values that ask for what Claude does anyway.
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
    "n": "Claude gives one choice a request: ask several times instead",
    "logprobs": "Claude tells no log probabilities",
    "top_logprobs": "Claude tells no log probabilities",
    "modalities": "Claude answers with text only",
    "audio": "Claude answers with text only",
    "web_search_options": "candela does not put OpenAI's web search to Claude: use the Messages API for Claude's own",
    "moderation": "Claude does no moderation",
}
_JSON_MODE = "Answer with one JSON object and nothing else: no words around it, no code fence."


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request for chat completions, put into the form of the Messages API."""

    body: bytes
    """For POST /v1/messages."""
    streamed: bool
    include_usage: bool
    """The stream's last chunk is to tell the usage."""
    legacy_functions: bool
    """Calls of tools are to come back as ``function_call``."""
    structured: bool
    """The answer must follow a schema."""
    adaptations: tuple[Adaptation, ...]
    """What could not be put one to one."""


def to_messages(body: bytes, *, cached: bool = False) -> ChatRequest:
    """Translate the body of POST /v1/chat/completions; ``cached``: mark what Claude is to cache. Raises InvalidChat,
    whose message is for a 400."""
    request = raw_members(body)
    if request is None:
        mended = without_lone_surrogates(body)
        request = raw_members(mended) if mended is not None else None
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
        set_breakpoints(chat, tools.tools, notes)
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
    told = optional(members_of(options, "stream_options"), "include_usage", bool) if options is not None else None
    return ChatRequest(
        msgspec.json.encode(message), streamed, told is True, tools.legacy, "format" in output, tuple(notes)
    )


def _unused(request: Members) -> list[Adaptation]:
    """What is left out. Raises InvalidChat for what can't be."""
    notes = []
    for name in request:
        if name in _READ or given(request, name) is None:
            continue
        if name in _NEUTRAL and decode_json(request[name]) in _NEUTRAL[name]:
            continue
        if name in _REFUSED:
            raise InvalidChat(f"{name}: {_REFUSED[name]}", name)
        notes.append(Adaptation("field", name, "left out: Claude has nothing that it could be put to"))
    return notes


def _max_tokens(request: Members, model: str) -> int:
    """The Messages API wants a limit; OpenAI's may be left out."""
    for name in ("max_completion_tokens", "max_tokens"):
        limit = optional(request, name, int)
        if limit is not None:
            return limit
    return generations.default_max_tokens(model)


def _reasoning(
    request: Members, model: str, max_tokens: int, chat: Conversation, tools: Toolbox, notes: list[Adaptation]
) -> Reasoning:
    """A ``thinking`` of the client's own (Anthropic's layer for OpenAI's SDK takes it) goes before an effort."""
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
    """Claude takes no stop sequences of whitespace only."""
    raw = given(request, "stop")
    if raw is None:
        return []
    asked: str | list[str] = typed(raw, str | list[str], "stop")  # type: ignore[arg-type]
    words = [asked] if isinstance(asked, str) else asked
    kept = [word for word in words if word.strip()]
    if len(kept) < len(words):
        notes.append(Adaptation("field", "stop", "sequences of whitespace left out: Claude takes none"))
    return kept


def _output(request: Members, chat: Conversation, notes: list[Adaptation]) -> dict[str, Any]:
    """``response_format``: a schema is Claude's own structured output; the looser JSON mode is asked for in words."""
    raw = given(request, "response_format")
    if raw is None:
        return {}
    wanted = members_of(raw, "response_format")
    kind = required(wanted, "type", str, "response_format")
    if kind == "text":
        return {}
    if kind == "json_object":
        chat.system.append({"type": "text", "text": _JSON_MODE})
        notes.append(Adaptation("field", "response_format", "asked for in the system prompt: Claude has no JSON mode"))
        return {}
    if kind != "json_schema":
        raise InvalidChat(f"response_format is {kind!r}; there is text, json_object and json_schema", "response_format")
    where = "response_format.json_schema"
    described = members_of(required(wanted, "json_schema", msgspec.Raw, "response_format"), where)
    schema = given(described, "schema") or NULL
    if raw_members(schema) is None:
        raise InvalidChat(f"{where}.schema must be an object", f"{where}.schema")
    return {"format": {"type": "json_schema", "schema": schema}}
