"""Find the parts that later tries of a call omit from its first form.

Claude Code 2.1.332 answers a 400 with up to five more forms of the same request, and retries without streaming after
streams that broke off.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from candela_tui.protocol.headers import header
from candela_tui.protocol.raw_json import decode_json
from candela_tui.protocol.request import MessagesRequest

_MOST_KNOWN = 1_000
"""Calls that are remembered, the latest of each agent; the oldest is dropped first."""
_TOOL_SEARCH = ("advanced-tool-use-", "tool-search-tool-")


@dataclass(frozen=True, slots=True)
class _Form:
    asked: str
    betas: tuple[str, ...]
    display: Any
    tools: int
    streamed: bool


class RetryForms:
    """Remembers the first form of each agent's latest call."""

    def __init__(self) -> None:
        self._first: OrderedDict[tuple[str | None, str | None, str | None], _Form] = OrderedDict()

    def left_out(
        self,
        caller: tuple[str | None, str | None, str | None],
        asked: str,
        headers: Iterable[tuple[str, str]],
        request: MessagesRequest,
    ) -> tuple[str, ...]:
        """Return the parts that a request omits from an earlier one of the same caller (session, agent, model) with the
        same words; empty if the caller asks something else."""
        thinking = decode_json(request.thinking)
        form = _Form(
            asked,
            tuple(flag.strip() for flag in (header(headers, "anthropic-beta") or "").split(",") if flag.strip()),
            thinking.get("display") if isinstance(thinking, dict) else None,
            len(request.tools),
            request.stream,
        )
        first = self._first.get(caller)
        if first is not None and first.asked == asked:
            return tuple(_missing(first, form))
        self._first[caller] = form
        self._first.move_to_end(caller)
        if len(self._first) > _MOST_KNOWN:
            self._first.popitem(last=False)
        return ()


def _missing(first: _Form, form: _Form) -> Iterable[str]:
    for beta in first.betas:
        if beta in form.betas:
            continue
        if beta.startswith(_TOOL_SEARCH):
            more = f" ({form.tools} tools instead of {first.tools})" if form.tools > first.tools else ""
            yield f"tool search{more}"
        else:
            yield f"beta {beta}"
    if first.display is not None and form.display is None:
        yield "thinking.display"
    if first.streamed and not form.streamed:
        yield "streaming"
