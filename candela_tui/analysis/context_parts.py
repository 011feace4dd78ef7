"""What fills the context window at a request, by source. The parts add up to the prompt that the provider measured."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import sub
from typing import Final, NamedTuple

import msgspec

from candela_tui.analysis.context import autocompact_at, window_of
from candela_tui.analysis.context_items import ContextItem, Kind, ReadContext, Source
from candela_tui.analysis.steps import result_of
from candela_tui.exchange import Exchange
from candela_tui.exchange.context_sums import ContextSums

VERSION: Final = 3
"""Of what is kept of each request. Raise it with any change of its parts or of their estimates."""

_MOST_STRETCH = 3.0
"""By how much the other pieces may be scaled so that those with a formula keep their tokens."""
_TOGETHER = 1_000
"""Pieces that are added in one step."""
_NOTHING = (Source.MESSAGES, Kind.OTHER.value, "not in the recorded request")


class CountedItem(msgspec.Struct, frozen=True, gc=False):
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
    items: tuple[CountedItem, ...] = ()
    """Its pieces, in the prompt's order. None if the part was read from the store."""


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


Key = tuple[Source, str, str]
"""A part's source, kind and name."""


class PartSum(NamedTuple):
    """The sum over the pieces of a part."""

    estimate: float = 0.0
    """Tokens."""
    by_formula: float = 0.0
    """Those of pieces for which the provider has a formula."""
    size: int = 0
    """Bytes."""


def add_pieces(sums: dict[Key, PartSum], pieces: Iterable[ContextItem]) -> None:
    """Add pieces to the sums of their parts."""
    for piece in pieces:
        key = (piece.source, piece.kind, piece.name)
        estimate, by_formula, size = sums.get(key, _NO_SUM)
        if piece.formula:
            by_formula += piece.estimate
        sums[key] = PartSum(estimate + piece.estimate, by_formula, size + piece.size)


_NO_SUM = PartSum()


def context_of(exchange: Exchange, read: ReadContext, conversation: Sequence[Exchange]) -> Context:
    """Return what fills the window at a request, from the pieces of its prompt. ``conversation`` has the requests of
    its agent up to it."""
    return result_of(fill_context(exchange, read, conversation))


def fill_context(
    exchange: Exchange, read: ReadContext, conversation: Sequence[Exchange]
) -> Generator[None, None, Context]:
    """Return what ``context_of`` does, in steps."""
    sums: dict[Key, PartSum] = {}
    groups: dict[Key, list[ContextItem]] = {}
    pieces = read.pieces()
    while some := list(islice(pieces, _TOGETHER)):
        add_pieces(sums, some)
        for piece in some:
            groups.setdefault((piece.source, piece.kind, piece.name), []).append(piece)
        yield
    parts = []
    for part in parts_of(sums, measured_prompt(exchange)):
        counted = yield from _with_items(part, groups)
        parts.append(counted)
    return known_context(exchange, parts, conversation)


def known_context(exchange: Exchange, parts: Sequence[ContextPart], conversation: Sequence[Exchange]) -> Context:
    """Return what fills the window at a request whose parts are known."""
    measured = measured_prompt(exchange)
    window = window_of(exchange, measured, conversation) if measured is not None else None
    return Context(tuple(parts), measured, window, autocompact_at(exchange, window) if window is not None else None)


def measured_prompt(exchange: Exchange) -> int | None:
    """Return the prompt of a request as the provider measured it; None if the answer states none."""
    return exchange.usage.prompt_tokens if exchange.usage is not None else None


def parts_of(sums: Mapping[Key, PartSum], prompt_tokens: int | None) -> list[ContextPart]:
    """Return the parts in the order of ``Context``, with whole tokens that add up to the prompt's; with their estimates
    if that is None."""
    if prompt_tokens is None:
        tokens = [round(part.estimate) for part in sums.values()]
    elif any(part.estimate for part in sums.values()):
        tokens = shared_out(prompt_tokens, _weights(sums.values(), prompt_tokens))
    else:
        sums = {**sums, _NOTHING: PartSum()}
        tokens = [0] * (len(sums) - 1) + [prompt_tokens]
    parts = [ContextPart(*key, number, part.size) for (key, part), number in zip(sums.items(), tokens, strict=True)]
    return sorted(parts, key=lambda part: (_ORDER[part.source], -part.tokens))


_ORDER: Final = {source: place for place, source in enumerate(Source)}


def sums_of(parts: Iterable[ContextPart]) -> ContextSums:
    """Return the tokens of each source."""
    found = dict.fromkeys(Source, 0)
    for part in parts:
        found[part.source] += part.tokens
    return ContextSums(found[Source.SYSTEM], found[Source.TOOLS], found[Source.MESSAGES])


def tokens_of(sums: ContextSums, source: Source) -> int | None:
    """Return the tokens of one source."""
    match source:
        case Source.SYSTEM:
            return sums.system_tokens
        case Source.TOOLS:
            return sums.tools_tokens
        case Source.MESSAGES:
            return sums.messages_tokens


def _weights(sums: Iterable[PartSum], prompt_tokens: int) -> list[float]:
    """Return the estimates, those without a formula scaled so that the others keep their tokens."""
    sums = list(sums)
    by_formula = sum(part.by_formula for part in sums)
    others = sum(part.estimate for part in sums) - by_formula
    keeps = others and 1 / _MOST_STRETCH <= (prompt_tokens - by_formula) / others <= _MOST_STRETCH
    scale = (prompt_tokens - by_formula) / others if keeps else 1.0
    return [(part.estimate - part.by_formula) * scale + part.by_formula for part in sums]


def _with_items(part: ContextPart, groups: Mapping[Key, Sequence[ContextItem]]) -> Generator[None, None, ContextPart]:
    items = groups.get((part.source, part.kind, part.name), ())
    tokens = _pieces(part.tokens, items)
    yield
    counted = replace(part, items=tuple(map(CountedItem, items, tokens)))
    yield
    return counted


def _pieces(tokens: int, items: Sequence[ContextItem]) -> list[int]:
    weights = [item.estimate for item in items]
    return shared_out(tokens, weights) if any(weights) else [0] * len(items)


def shared_out(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a number by weights into whole numbers that add up to it. What rounding down leaves goes to those with the
    largest remainders."""
    whole = sum(weights)
    shares = [total * weight / whole for weight in weights]
    parts = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=list(map(sub, parts, shares)).__getitem__)
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts
