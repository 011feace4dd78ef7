"""What fills the context window at a request, by source. The parts add up to the prompt that the provider measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from candela_tui.analysis.context import autocompact_at, window_of
from candela_tui.analysis.context_items import ContextItem, Kind, Source
from candela_tui.exchange import Exchange

_MOST_STRETCH = 3.0
"""By how much the other pieces may be scaled so that those with a formula keep their tokens."""
_NOTHING = ContextItem(Source.MESSAGES, Kind.OTHER, "not in the recorded request", 0, 0.0, b"")


@dataclass(frozen=True, slots=True)
class CountedItem:
    """A piece of the prompt, with its tokens."""

    item: ContextItem
    tokens: int


@dataclass(frozen=True, slots=True)
class ContextPart:
    """All pieces of one kind and name, such as the results of one tool."""

    source: Source
    kind: str
    name: str
    tokens: int
    size: int
    """Bytes."""
    items: tuple[CountedItem, ...]
    """Its pieces, in the prompt's order."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is in the context window at one request."""

    parts: tuple[ContextPart, ...]
    """Of the system prompt, of the tools, of the messages; within each, the largest first."""
    prompt_tokens: int | None
    """The measured prompt, which the parts add up to. None if the answer states none: the parts are not scaled then."""
    window: int | None = None
    """What the model accepts or, with Claude Code, what the client fills."""
    autocompact_at: int | None = None
    """Tokens at which the client compacts by itself."""

    @property
    def tokens(self) -> int:
        """The sum of the parts."""
        return sum(part.tokens for part in self.parts)

    @property
    def free_tokens(self) -> int | None:
        """What is left of the window; None if the window or the prompt is not known."""
        return None if self.window is None or self.prompt_tokens is None else self.window - self.prompt_tokens

    def of(self, source: Source) -> int:
        """Return the tokens of a source."""
        return sum(part.tokens for part in self.parts if part.source is source)

    def share(self, tokens: int) -> float:
        """Return a part's share of the prompt, 0 to 1."""
        return tokens / self.tokens if self.tokens else 0.0


def context_of(exchange: Exchange, items: Sequence[ContextItem], conversation: Sequence[Exchange]) -> Context:
    """Return what fills the window at a request, from the pieces of its prompt. ``conversation`` has the requests of
    its agent up to it."""
    usage = exchange.usage
    measured = usage.prompt_tokens if usage is not None else None
    window = window_of(exchange, measured, conversation) if measured is not None else None
    return Context(
        _parts(counted(items, measured)),
        measured,
        window,
        autocompact_at(exchange, window) if window is not None else None,
    )


def counted(items: Sequence[ContextItem], prompt_tokens: int | None) -> list[CountedItem]:
    """Return the pieces with whole tokens that add up to the prompt's; to the estimates if that is None."""
    if prompt_tokens is None:
        return [CountedItem(item, round(item.estimate)) for item in items]
    if not any(item.estimate for item in items):
        items = [*items, _NOTHING]
    by_formula = sum(item.estimate for item in items if item.formula)
    others = sum(item.estimate for item in items) - by_formula
    keeps = others and 1 / _MOST_STRETCH <= (prompt_tokens - by_formula) / others <= _MOST_STRETCH
    scale = (prompt_tokens - by_formula) / others if keeps else 1.0
    weights = [item.estimate * (1.0 if item.formula else scale) for item in items]
    if not any(weights):
        weights[-1] = 1.0
    return [CountedItem(*pair) for pair in zip(items, shared_out(prompt_tokens, weights), strict=True)]


def shared_out(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a number by weights into whole numbers that add up to it. What rounding down leaves goes to those with the
    largest remainders."""
    whole = sum(weights)
    shares = [total * weight / whole for weight in weights]
    parts = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - shares[place])
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _parts(items: Iterable[CountedItem]) -> tuple[ContextPart, ...]:
    groups: dict[tuple[Source, str, str], list[CountedItem]] = {}
    for each in items:
        groups.setdefault((each.item.source, each.item.kind, each.item.name), []).append(each)
    parts = [
        ContextPart(
            *(source, kind, name),
            tokens=sum(each.tokens for each in group),
            size=sum(each.item.size for each in group),
            items=tuple(group),
        )
        for (source, kind, name), group in groups.items()
    ]
    order = list(Source)
    return tuple(sorted(parts, key=lambda part: (order.index(part.source), -part.tokens)))
