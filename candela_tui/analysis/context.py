"""How full the context window of a session's main agent is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from candela_tui.exchange import Exchange, Outcome
from candela_tui.pricing import context_window
from candela_tui.protocol import claude_code
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import same_model
from candela_tui.protocol.user_agent import claude_code_version

_TURNS = 6
"""How many of the latest turns tell the growth."""


@dataclass(frozen=True, slots=True)
class ContextFill:
    """How full the main agent's context window is."""

    tokens: int
    """Prompt and output of its last request."""
    window: int | None = None
    """Tokens that the client fills before it compacts, else those that the model takes; None: not known."""
    growth: int | None = None
    """Tokens a turn, over its latest turns; None: too few of them."""


def context_fill(conversation: Sequence[Exchange]) -> ContextFill | None:
    """What the last of these requests with a usage fills of its window; None: none has a usage, or the conversation
    was compacted since, and how much of it the next prompt holds is not known before that.

    The growth is over the latest turns since the conversation last became shorter (it was compacted or rewound).
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
    return ContextFill(sizes[0], _window(latest, sizes[0], conversation), growth)


def _compacted(conversation: Sequence[Exchange]) -> bool:
    ended = (exchange for exchange in reversed(conversation) if exchange.usage is not None)
    last = next(ended, None)
    return last is not None and last.kind is Kind.COMPACTION and last.outcome is Outcome.OK


def _size(exchange: Exchange) -> int | None:
    usage = exchange.usage
    prompt = usage.prompt_tokens if usage is not None else None
    return prompt + (usage.output_tokens or 0) if usage is not None and prompt is not None else None


def _window(exchange: Exchange, tokens: int, conversation: Sequence[Exchange]) -> int | None:
    version = claude_code_version(exchange.client)
    if version is not None and exchange.model is not None:
        # What the client takes for the window decides when it compacts, whatever the provider would take.
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


def _asks_for_a_million(exchange: Exchange, model: str, conversation: Sequence[Exchange]) -> bool:
    clues = (each.clues.model for each in reversed(conversation) if each.clues is not None and each.clues.model)
    names = (exchange.model, next((name for name in clues if same_model(name, model)), None))
    return any(name and name.endswith(claude_code.MILLION_SUFFIX) for name in names)
