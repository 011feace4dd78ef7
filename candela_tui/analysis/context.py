"""How full the context window of a session's main agent is, and how fast it grows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from candela_tui.exchange import Exchange, Outcome
from candela_tui.pricing import context_window
from candela_tui.protocol.claude_code import models as claude_code
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import same_model
from candela_tui.protocol.user_agent import claude_code_version

_TURNS = 6
"""Number of the latest turns that the growth is measured over."""


@dataclass(frozen=True, slots=True)
class ContextFill:
    """The fill level of the main agent's context window."""

    tokens: int
    """Prompt and output tokens of its last request."""
    window: int | None = None
    """Tokens at which the client compacts, otherwise those that the model accepts; None if unknown."""
    growth: int | None = None
    """Tokens per turn over the latest turns; None if there are too few of them."""


def context_fill(conversation: Sequence[Exchange]) -> ContextFill | None:
    """Return how full the window is, by the last of these requests with a usage. None if none has a usage, or if the
    conversation was compacted since: how much of it the next prompt holds is not known before that prompt.

    The growth is measured since the conversation last became shorter (it was compacted or rewound).
    """
    if _compacted(conversation):
        return None
    latest: Exchange | None = None
    sizes: list[int] = []
    for exchange, size in islice(
        ((exchange, size) for exchange in reversed(conversation) if (size := _size(exchange)) is not None), _TURNS
    ):
        if sizes and size > sizes[-1]:
            break
        latest = latest or exchange
        sizes.append(size)
    if latest is None:
        return None
    growth = round((sizes[0] - sizes[-1]) / (len(sizes) - 1)) if len(sizes) > 1 else None
    return ContextFill(sizes[0], window_of(latest, sizes[0], conversation), growth)


def _compacted(conversation: Sequence[Exchange]) -> bool:
    ended = (exchange for exchange in reversed(conversation) if exchange.usage is not None)
    last = next(ended, None)
    return last is not None and last.kind is Kind.COMPACTION and last.outcome is Outcome.OK


def _size(exchange: Exchange) -> int | None:
    usage = exchange.usage
    prompt = usage.prompt_tokens if usage is not None else None
    return prompt + (usage.output_tokens or 0) if usage is not None and prompt is not None else None


def window_of(exchange: Exchange, tokens: int, conversation: Sequence[Exchange]) -> int | None:
    """Return the context window of a request in tokens; None if it is not known, or smaller than the ``tokens`` that
    are in it. What the conversation asked for before tells whether the window was extended."""
    version = claude_code_version(exchange.client)
    if version is not None and exchange.model is not None:
        # The client compacts by the window that it assumes, whatever the provider would accept.
        model = exchange.model
        window: int | None = claude_code.context_window(version, model)
    else:
        named = exchange.model_used or exchange.model
        if named is None:
            return None
        model, window = named, context_window(named)
    if _asks_for_a_million(exchange, model, conversation) or (window is not None and tokens > window):
        window = claude_code.MILLION
    return window if window is not None and tokens <= window else None


def autocompact_at(exchange: Exchange, window: int) -> int | None:
    """Return at how many tokens the client compacts the conversation by itself; None if that is not known."""
    version = claude_code_version(exchange.client)
    if version is None or exchange.model is None:
        return None
    return claude_code.autocompact_at(version, exchange.model, window)


def _asks_for_a_million(exchange: Exchange, model: str, conversation: Sequence[Exchange]) -> bool:
    if exchange.model is not None and exchange.model.endswith(claude_code.MILLION_SUFFIX):
        return True
    newest = True
    for each in reversed(conversation):
        if each.model is not None and same_model(each.model, model):
            if claude_code.asks_for_a_million(each.betas or ()):
                # The user may have changed the model since, so what an earlier request asked for no longer counts.
                return newest
            newest = False
        name = each.clues.model if each.clues is not None else None
        if name and same_model(name, model):
            return name.endswith(claude_code.MILLION_SUFFIX)
    return False
