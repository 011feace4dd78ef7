"""A conversation turn by turn: what each request adds to the one before it, and the answer.

Each request repeats the conversation so far. Only what is new is kept, so that a session of any length needs the memory
of one conversation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from msgspec.structs import replace

from candela_tui.analysis.answer import Answer
from candela_tui.analysis.compare import Comparison, Entry, Sign, compare_items
from candela_tui.analysis.items import Item, Items, is_billing_note, read_items
from candela_tui.analysis.retries import Call
from candela_tui.exchange import Exchange
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.raw_json import decode_json, raw_members, without_lone_surrogates


@dataclass(frozen=True, slots=True)
class Unread:
    """A body that can't be shown."""

    why: str
    """A sentence for the reader."""


class Reading(Protocol):
    """Reads what was recorded of a request."""

    def request(self, exchange: Exchange, /) -> bytes | Unread:
        """Return the body of the request in the form of the Messages API."""

    def answer(self, exchange: Exchange, /) -> Answer:
        """Return the answer."""


_NO_JSON = Unread("The body of the request is not a JSON object, or too deep to be read.")


@dataclass(slots=True)
class Turn:
    """One call of a conversation."""

    call: Call
    answer: Answer
    unread: Unread | None = None
    """Why the request can't be shown."""
    comparison: Comparison | None = None
    """With the last request before that could be read; None if there is none."""
    settings: Sequence[Item] = ()
    tools: Sequence[Item] = ()
    system: Sequence[Item] = ()
    """The settings, tools and blocks of the system prompt that are new or changed. A change of the client's note to the
    provider, which is not part of the prompt, does not count."""
    messages: Sequence[Item] = ()
    """The messages that are new; of a changed message, its new blocks. The answer to the previous request is not
    repeated."""


def turns(calls: Iterable[Call], reading: Reading) -> Iterator[Turn]:
    """Yield the turns of a conversation. A call is represented by its last try."""
    before: Items | None = None
    answered = Answer()
    for call in calls:
        exchange = call.last
        turn = Turn(call, reading.answer(exchange))
        items = _items(reading.request(exchange), before or Items())
        if isinstance(items, Unread):
            turn.unread = items
        else:
            _fill(turn, before, items)
            if turn.messages and _repeats(turn.messages[0], answered):
                turn.messages = turn.messages[1:]
            before = items
        answered = turn.answer
        yield turn


def _fill(turn: Turn, before: Items | None, items: Items) -> None:
    if before is None:
        turn.settings, turn.tools, turn.system, turn.messages = (
            items.settings,
            items.tools,
            items.system,
            items.messages,
        )
        return
    turn.comparison = found = Comparison()
    for part, old, new in (
        (found.settings, before.settings, items.settings),
        (found.tools, before.tools, items.tools),
        (found.system, before.system, items.system),
        (found.messages, before.messages, items.messages),
    ):
        for _ in compare_items(old, new, part.entries):
            pass
    turn.settings, turn.tools, turn.system, turn.messages = (list(_new(part.entries)) for part in found.parts)
    turn.system = [item for item in turn.system if not is_billing_note(item)]


def _new(entries: Iterable[Entry]) -> Iterator[Item]:
    """Yield the items that are new; of a changed message, only the new blocks."""
    for entry in entries:
        if entry.new is None or entry.sign is Sign.SAME:
            continue
        if entry.old is None or not entry.new.parts:
            yield entry.new
            continue
        known = {part.digest for part in entry.old.parts}
        parts = tuple(part for part in entry.new.parts if part.digest not in known)
        if parts:
            yield replace(entry.new, parts=parts)


def _items(body: bytes | Unread, other: Items) -> Items | Unread:
    if isinstance(body, Unread):
        return body
    if raw_members(body) is None:
        body = without_lone_surrogates(body) or body
        if raw_members(body) is None:
            return _NO_JSON
    items = Items()
    for _ in read_items(body, items, other):
        pass
    known = {id(item) for part in (other.tools, other.messages) for item in part}
    return Items(
        [_detached(item) for item in items.settings],
        [item if id(item) in known else _detached(item) for item in items.tools],
        [_detached(item) for item in items.system],
        [item if id(item) in known else _detached(item) for item in items.messages],
    )


def _detached(item: Item) -> Item:
    """Return an item that does not keep the whole body in memory."""
    return replace(item, raw=item.raw.copy(), parts=tuple(_detached(part) for part in item.parts))


def _repeats(message: Item, answer: Answer) -> bool:
    """Return whether a message is the answer as the client sends it back, with or without its thinking."""
    if message.label != "assistant":
        return False
    sent_back = [each for part in message.parts if (each := essence(decode_json(part.raw)))]
    answered = [each for each in map(essence, answer.blocks) if each]
    return all(each in answered for each in sent_back) and _without_thinking(sent_back) == _without_thinking(answered)


def _without_thinking(blocks: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [block for block in blocks if block[0] != "thinking"]


def essence(block: Any) -> tuple[Any, ...]:
    """Return what a content block says, without cache breakpoints and empty members; () for an empty text."""
    if isinstance(block, str):
        block = {"type": "text", "text": block}
    if not isinstance(block, dict):
        return (repr(block),)
    kind = block.get("type")
    if kind == "text":
        text = str(block.get("text", "")).strip()
        return (kind, text) if text else ()
    if kind == "thinking":
        return kind, block.get("thinking")
    if isinstance(kind, str) and kind in TOOL_CALLS:
        return kind, block.get("id"), block.get("name"), repr(block.get("input"))
    return repr(kind), repr({name: value for name, value in block.items() if name != "cache_control"})
