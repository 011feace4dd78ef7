"""Facts that an answer states beyond its content, usage and stop reason, each a name and a short value.

Sources: Anthropic's SDK 2.14 (``beta_message.py``, ``beta_raw_message_delta_event.py``); ``safeguard_results`` and
``content_block_restated`` as Claude Code 2.1.332 reads and writes them. Values of an unexpected type are ignored.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_LONGEST_VALUE = 300
_MOST_ITEMS = 20


class AnswerFacts:
    """The facts of one answer. A later value replaces an earlier one of the same name."""

    __slots__ = ("_facts", "_restated")

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}
        self._restated: list[str] = []

    @property
    def stated(self) -> tuple[tuple[str, str], ...]:
        """Names and values, in the order in which they were first stated."""
        return tuple(self._facts.items())

    def usage(self, usage: object) -> None:
        """Read what a ``usage`` object states beyond the billed counts."""
        fields = _mapping(usage)
        self._put("thinking_tokens", _mapping(fields.get("output_tokens_details")).get("thinking_tokens"))
        for name, value in _mapping(fields.get("server_tool_use")).items():
            # The searches are counted with what is billed.
            if name != "web_search_requests" and value:
                self._put(str(name), value)
        status = _mapping(_mapping(fields.get("fallback_credit")).get("status"))
        self._put("fallback_credit", " ".join(_words(status.get("type"), status.get("reason"))))

    def message(self, message: Mapping[str, Any]) -> None:
        """Read what ``message_start`` or a whole answer states about the message."""
        reason = _mapping(_mapping(message.get("diagnostics")).get("cache_miss_reason"))
        self._put("cache_miss_reason", reason.get("type"))
        self._put("cache_missed_input_tokens", reason.get("cache_missed_input_tokens"))
        transformed = Counter(
            _words(*(_mapping(each).get("type") for each in _items(message, "input_transformations")))
        )
        self._put("input_transformations", ", ".join(_times(kind, times) for kind, times in transformed.items()))
        self._put("container", _mapping(message.get("container")).get("id"))
        self._put("context_edits", ", ".join(_edits(_mapping(message.get("context_management")))))
        self._put("stop_sequence", message.get("stop_sequence"))
        details = _mapping(message.get("stop_details"))
        if details.get("type") == "refusal":
            self._put("refusal_category", details.get("category"))
            self._put("refusal_explanation", details.get("explanation"))
            self._put("refusal_recommended_model", details.get("recommended_model"))
        self._put("safeguard_results", "; ".join(_verdicts(message)))

    def delta(self, event: Mapping[str, Any]) -> None:
        """Read what a ``message_delta`` event states, in its ``delta`` or beside it."""
        self.message({**event, **_mapping(event.get("delta"))})

    def restated(self, event: Mapping[str, Any]) -> None:
        """Read a ``content_block_restated`` event."""
        if len(self._restated) < _MOST_ITEMS:
            kind = " ".join(_words(_mapping(event.get("content_block")).get("type"))) or "content"
            self._restated.append(f"block {event.get('index')!s:.10} ({kind:.40})")
            self._put("content_block_restated", ", ".join(self._restated))

    def _put(self, name: str, value: object) -> None:
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            self._facts[name[:_LONGEST_VALUE]] = " ".join(str(value)[: 2 * _LONGEST_VALUE].split())[:_LONGEST_VALUE]


def _verdicts(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield a text for each safeguard: ``dangerous_tool_use: toolu_1 not_flagged, toolu_2 flagged (why)``."""
    for result in map(_mapping, _items(message, "safeguard_results")):
        status = _mapping(result.get("status"))
        calls = list(_mapping(status.get("tool_uses")).items())[:_MOST_ITEMS]
        said = ", ".join(f"{call} {_verdict(_mapping(verdict))}" for call, verdict in calls)
        named = " ".join(_words(result.get("type")))
        yield f"{named}: {said or ' '.join(_words(status.get('type'), status.get('reason')))}"


def _verdict(verdict: Mapping[str, Any]) -> str:
    outcome = " ".join(_words(verdict.get("outcome") or verdict.get("type"), verdict.get("reason"))) or "unknown"
    rule = _mapping(verdict.get("cited_rule"))
    why = " ".join(_words(verdict.get("explanation"), rule.get("path")))
    return f"{outcome} ({why})" if why else outcome


def _edits(management: Mapping[str, Any]) -> Iterator[str]:
    """Yield a text for each edit: ``clear_tool_uses_20250919 (3 tool uses, 12000 input tokens)``."""
    for edit in map(_mapping, _items(management, "applied_edits")):
        counts = [
            f"{value} {str(name).removeprefix('cleared_').replace('_', ' ')}"
            for name, value in edit.items()
            if str(name).startswith("cleared_") and type(value) is int
        ]
        kind = " ".join(_words(edit.get("type")))
        if kind:
            yield f"{kind} ({', '.join(counts)})" if counts else kind


def _times(kind: str, times: int) -> str:
    return kind if times == 1 else f"{kind} ×{times}"


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _items(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name)
    return value[:_MOST_ITEMS] if isinstance(value, list) else []


def _words(*values: object) -> list[str]:
    return [value for value in values if isinstance(value, str) and value]
