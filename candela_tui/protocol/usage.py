"""Token usage as the Messages API reports it.

Source: https://docs.claude.com/en/api/messages (usage) and .../build-with-claude/streaming: the usage of
``message_delta`` is cumulative, so each field that it has replaces the earlier value and nothing is added up.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from candela_tui.protocol.model_ids import same_model
from candela_tui.protocol.raw_json import decode_json


@dataclass(frozen=True, slots=True)
class Usage:
    """Billed units of one answer. ``None`` means not reported, which is not 0."""

    input_tokens: int | None = None
    """Prompt tokens neither read from the cache nor written to it."""
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    """Tokens written to the cache for five minutes, the default, and those whose lifetime was not reported."""
    cache_write_1h_tokens: int | None = None
    """None beside a number for five minutes: the lifetimes were not reported."""
    output_tokens: int | None = None
    web_searches: int | None = None
    service_tier: str | None = None
    speed: str | None = None
    inference_geo: str | None = None
    iterations: int = 0
    """The number of entries in ``usage.iterations``."""
    beyond: "tuple[Iteration, ...]" = ()
    """Iterations that the counts above do not include: compaction, the advisor, attempts of models that declined."""

    @property
    def cache_write_tokens(self) -> int | None:
        """Tokens written to the cache, whatever their lifetime."""
        if self.cache_write_5m_tokens is None and self.cache_write_1h_tokens is None:
            return None
        return (self.cache_write_5m_tokens or 0) + (self.cache_write_1h_tokens or 0)

    @property
    def cache_hit_rate(self) -> float | None:
        """The share of the prompt that was read from the cache, 0 to 1; None if no prompt was reported."""
        return (self.cache_read_tokens or 0) / self.prompt_tokens if self.prompt_tokens else None

    @property
    def prompt_tokens(self) -> int | None:
        """The whole prompt: input, cache read and cache write; None if none of them is known."""
        parts = (
            self.input_tokens,
            self.cache_read_tokens,
            self.cache_write_5m_tokens,
            self.cache_write_1h_tokens,
        )
        if all(part is None for part in parts):
            return None
        return sum(part or 0 for part in parts)


@dataclass(frozen=True, slots=True)
class Iteration:
    """One entry of ``usage.iterations``. Source: the usage types of Anthropic's SDK (``beta_iterations_usage.py``)."""

    type: str
    """Such as ``compaction`` or ``advisor_message``. A ``message`` that the counts do not include is an attempt that
    declined (``DECLINED``)."""
    model: str | None
    """None: the model of the answer, or the requested model for an attempt that declined."""
    usage: Usage


def fallback_model(wire: object) -> str | None:
    """Return the model that took over from one that declined, according to a ``usage`` object, or None."""
    iterations = wire.get("iterations") if isinstance(wire, Mapping) else None
    for entry in reversed(iterations if isinstance(iterations, list) else []):
        if isinstance(entry, Mapping) and entry.get("type") == "fallback_message":
            return _word(entry.get("model"))
    return None


class UsageFold:
    """Merges the usage objects of one answer field by field: the last value wins, even if it is 0."""

    __slots__ = ("_fields", "_usage")

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._usage: Usage | None = None

    def merge(self, wire: object) -> None:
        """Merge a ``usage`` object as decoded from JSON; anything else is ignored.

        An object inside it, such as ``cache_creation``, is merged field by field as well.
        """
        if isinstance(wire, Mapping):
            _update(self._fields, wire)
            self._usage = None

    @property
    def unread(self) -> tuple[str, ...]:
        """The counts that are not whole numbers, each with its value: ``output_tokens 123.45``."""
        return tuple(_unread(self._fields))

    @property
    def usage(self) -> Usage | None:
        """The usage so far, or None before the first usage object."""
        if self._usage is None and self._fields:
            self._usage = usage_from_wire(self._fields)
        return self._usage


DECLINED = "message"
"""The type of an attempt of a model that declined, among the iterations that the counts do not include."""
_SERVED = "fallback_message"
"""The type of the last iteration if another model than the requested one served the answer."""


def _update(fields: dict[str, Any], wire: Mapping[str, Any]) -> None:
    for name, value in wire.items():
        if value is None:
            continue
        known = fields.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            value = {**known, **{key: inner for key, inner in value.items() if inner is not None}}
        fields[name] = value


_COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
_NESTED_COUNTS = {
    "cache_creation": ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"),
    "server_tool_use": ("web_search_requests",),
}


def _unread(fields: Mapping[str, Any], where: str = "") -> Iterator[str]:
    named = [(name, fields.get(name)) for name in _COUNTS]
    for group, names in _NESTED_COUNTS.items():
        inner = fields.get(group)
        if isinstance(inner, Mapping):
            named += [(f"{group}.{name}", inner.get(name)) for name in names]
    for name, value in named:
        number = _number(value)
        if value is not None and (number is None or number != _count(value)):
            yield f"{where}{name} {str(value)[:_LONGEST_QUOTE]}"
    iterations = fields.get("iterations")
    for number, entry in enumerate(iterations if isinstance(iterations, list) else []):
        if isinstance(entry, Mapping):
            yield from _unread({**entry, "iterations": None}, f"iterations[{number}].")


def usage_from_wire(fields: Mapping[str, Any]) -> Usage:
    """Read a ``usage`` object; fields of an unexpected type count as not reported."""
    written = _count(fields.get("cache_creation_input_tokens"))
    split = fields.get("cache_creation")
    write_5m = write_1h = None
    if isinstance(split, Mapping):
        write_5m = _count(split.get("ephemeral_5m_input_tokens"))
        write_1h = _count(split.get("ephemeral_1h_input_tokens"))
    if written is not None:
        split_told = write_5m is not None or write_1h is not None
        write_1h = min(write_1h or 0, written) if split_told else None
        write_5m = written - (write_1h or 0)
    elif write_5m is not None or write_1h is not None:
        write_5m, write_1h = write_5m or 0, write_1h or 0
    server_tools = fields.get("server_tool_use")
    iterations = fields.get("iterations")
    return Usage(
        input_tokens=_count(fields.get("input_tokens")),
        cache_read_tokens=_count(fields.get("cache_read_input_tokens")),
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        output_tokens=_count(fields.get("output_tokens")),
        web_searches=_count(server_tools.get("web_search_requests")) if isinstance(server_tools, Mapping) else None,
        service_tier=_word(fields.get("service_tier")),
        speed=_word(fields.get("speed")),
        inference_geo=_word(fields.get("inference_geo")),
        iterations=len(iterations) if isinstance(iterations, list) else 0,
        beyond=tuple(_beyond(iterations, fields)) if isinstance(iterations, list) else (),
    )


def _beyond(iterations: list[Any], whole: Mapping[str, Any]) -> Iterator[Iteration]:
    serving = _serving(iterations)
    for entry in iterations:
        kind = _word(entry.get("type")) if isinstance(entry, Mapping) else None
        if kind is None or kind == _SERVED:
            continue
        model = _word(entry.get("model"))
        if kind == DECLINED and not _declined(model, serving):
            continue
        shared = {name: whole.get(name) for name in ("service_tier", "inference_geo")}
        speed = whole.get("speed") if model is None else None
        yield Iteration(kind, model, usage_from_wire({"speed": speed, **shared, **entry, "iterations": None}))


def _serving(iterations: list[Any]) -> tuple[str, str | None] | None:
    """Return type and model of the iteration that completed the answer: the top-level counts are those of its attempt.

    Source: Anthropic's SDK, ``BetaFallbackMessageIterationUsage``, and
    https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback.
    """
    for entry in reversed(iterations):
        if isinstance(entry, Mapping) and entry.get("type") in (DECLINED, _SERVED):
            return entry["type"], _word(entry.get("model"))
    return None


def _declined(model: str | None, serving: tuple[str, str | None] | None) -> bool:
    """Return whether a ``message`` iteration of this model is an attempt that declined, not part of the answer."""
    if serving is None:
        return False
    kind, served_by = serving
    if model is None:
        return kind == _SERVED
    return served_by is not None and not same_model(model, served_by)


_LONGEST_NUMBER = 32
"""Characters of a count that is written as a string."""
_LONGEST_QUOTE = 40


def _number(value: object) -> int | float | None:
    """Return a number that is written as a JSON number or as a string."""
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER:
        value = decode_json(value.encode("utf-8", "replace"))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _count(value: object) -> int | None:
    """Read a count. A fraction, which no count can be, is rounded down: that much is certain."""
    number = _number(value)
    return math.floor(number) if number is not None and 0 <= number < 2**53 else None


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
