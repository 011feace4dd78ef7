"""How the content of the context window changes: its growth, what entered and left, what is in it more than once."""

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from operator import attrgetter

from candela_tui.analysis.context import context_fill
from candela_tui.analysis.context_items import ContextItem, Kind, Source
from candela_tui.analysis.context_parts import Context, ContextPart, CountedItem, measured_prompt
from candela_tui.analysis.conversation import CONTINUING, same_agent
from candela_tui.analysis.steps import result_of
from candela_tui.exchange import Exchange
from candela_tui.protocol.claude_code.tool_search import left_out
from candela_tui.protocol.user_agent import is_claude_code

_EDITS = "context_edits"
"""The fact of an answer that names the context edits that the provider made."""
_TOGETHER = 1_000
"""Pieces that are compared in one step."""
_SHORT = 50
"""Tokens below which equal texts are not worth naming."""


class Leaving(StrEnum):
    """Why pieces left the window."""

    COMPACTED = "compacted"
    """The conversation was replaced by a summary of it."""
    EDITED = "context_editing"
    """The provider cleared old thinking or tool results, as the client had asked."""
    REWRITTEN = "rewritten"
    """The client sent other pieces in their place, or none."""


@dataclass(frozen=True, slots=True)
class ContextChange:
    """How the window's content differs from that at the previous request of the agent."""

    previous_id: str
    previous_tokens: int | None
    entered: tuple[CountedItem, ...]
    """Pieces that were not in the previous prompt."""
    left: tuple[CountedItem, ...]
    """Pieces of the previous prompt that are no longer there."""
    why: Leaving | None
    """None if nothing left."""

    @property
    def entered_tokens(self) -> int:
        """The tokens of what entered."""
        return sum(each.tokens for each in self.entered)

    @property
    def left_tokens(self) -> int:
        """The tokens of what left."""
        return sum(each.tokens for each in self.left)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Something that is in the window more than once."""

    name: str
    """What it is, such as ``Read src/main.py``."""
    items: tuple[CountedItem, ...]

    @property
    def times(self) -> int:
        """How often it is in the window."""
        return len(self.items)

    @property
    def spare_tokens(self) -> int:
        """The tokens of all but the largest copy."""
        tokens = [each.tokens for each in self.items]
        return sum(tokens) - max(tokens)


@dataclass(frozen=True, slots=True)
class EveryTool:
    """The client sends the schema of every tool with each request, although it need not."""

    tools: int
    """How many tools tool search would leave out."""
    tokens: int
    """Their tokens."""


def conversation_before(exchanges: Iterable[Exchange], exchange: Exchange) -> list[Exchange]:
    """Return the requests of an agent's conversation up to one of them that state their prompts, earliest first: of the
    exchanges of a session, in any order. One outside the conversation, such as one for a title, is on its own."""
    if exchange.kind not in CONTINUING:
        return [exchange]
    return [
        other
        for other in sorted(exchanges, key=lambda other: other.id)
        if other.id <= exchange.id
        and same_agent(other, exchange)
        and (
            other.id == exchange.id
            or (other.kind in CONTINUING and bool(other.cache_ttls) == bool(exchange.cache_ttls))
        )
        and (other.id == exchange.id or (other.replayed is None and measured_prompt(other) is not None))
    ]


def growth(conversation: Sequence[Exchange]) -> int | None:
    """Return how many tokens each of the latest requests of a conversation added; None if there are too few."""
    fill = context_fill(conversation)
    return fill.growth if fill is not None else None


def context_change(now: Context, before: Context, exchange: Exchange, previous: Exchange) -> ContextChange:
    """Return what entered the window and what left it between two requests of an agent."""
    return result_of(find_change(now, before, exchange, previous))


def find_change(
    now: Context, before: Context, exchange: Exchange, previous: Exchange
) -> Generator[None, None, ContextChange]:
    """Return what ``context_change`` does, in steps."""
    entered = yield from _missing_in(before, now)
    left = yield from _missing_in(now, before)
    why = None
    if left:
        summary = any(each.item.kind == Kind.SUMMARY for each in entered)
        edited = dict(exchange.answer_facts).get(_EDITS)
        why = Leaving.COMPACTED if summary else Leaving.EDITED if edited else Leaving.REWRITTEN
    return ContextChange(previous.id, before.prompt_tokens, entered, left, why)


def _missing_in(known: Context, context: Context) -> Generator[None, None, tuple[CountedItem, ...]]:
    """Return the pieces of a context that the known one does not have, in steps."""
    there: Counter[bytes] = Counter()
    for some in _in_steps(known):
        there.update(each.item.digest for each in some)
        yield
    missing = []
    for some in _in_steps(context):
        for each in some:
            if there[each.item.digest] > 0:
                there[each.item.digest] -= 1
            elif each.tokens:
                missing.append(each)
        yield
    return tuple(missing)


def _in_steps(context: Context) -> Iterator[Sequence[CountedItem]]:
    for part in context.parts:
        for start in range(0, len(part.items), _TOGETHER):
            yield part.items[start : start + _TOGETHER]


def items_of(context: Context) -> list[CountedItem]:
    """Return all pieces of a context."""
    return [each for part in context.parts for each in part.items]


def largest(context: Context, most: int) -> list[CountedItem]:
    """Return the largest pieces of the messages."""
    of_parts = (largest_of(part, most) for part in context.parts)
    pieces = [each for found in of_parts for each in found if each.item.message is not None]
    return nlargest(most, pieces, key=attrgetter("tokens"))


def largest_of(part: ContextPart, most: int) -> list[CountedItem]:
    """Return the largest pieces of a part."""
    return nlargest(most, part.items, key=attrgetter("tokens"))


def duplicates(context: Context) -> list[Duplicate]:
    """Return what is in the window more than once: files and pages that a tool read again, and equal texts. What would
    free most comes first."""
    read: dict[tuple[str, str], list[CountedItem]] = {}
    same: dict[bytes, list[CountedItem]] = {}
    for part in context.parts:
        results, texts = part.kind == Kind.TOOL_RESULT, part.source is not Source.TOOLS
        for each in part.items if results else ():
            if each.item.target is not None:
                read.setdefault((part.name, each.item.target), []).append(each)
        for each in part.items if texts else ():
            if each.tokens >= _SHORT and not (results and each.item.target is not None):
                same.setdefault(each.item.digest, []).append(each)
    found = [Duplicate(f"{tool} {target}", tuple(items)) for (tool, target), items in read.items() if len(items) > 1]
    found += [Duplicate(_described(items[0].item), tuple(items)) for items in same.values() if len(items) > 1]
    return sorted(found, key=lambda duplicate: -duplicate.spare_tokens)


def _described(item: ContextItem) -> str:
    kind = item.kind.replace("_", " ")
    return item.name if item.name.startswith(kind) else f"{kind} {item.name}"


def every_tool(exchange: Exchange, context: Context) -> EveryTool | None:
    """Return what tool search would leave out of a request; None if it is on, or would leave out nothing."""
    if not is_claude_code(exchange.client):
        return None
    tools = (part for part in context.parts if part.source is Source.TOOLS and part.kind != Kind.PROVIDER)
    tokens = {part.name: part.tokens for part in tools}
    unneeded = left_out(tokens)
    return EveryTool(len(unneeded), sum(tokens[name] for name in unneeded)) if unneeded else None
