"""What fills the context window at the request, how it grew, and what of it could be spared."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import ClassVar

import msgspec

from candela_tui.analysis import context_words as words
from candela_tui.analysis.context import autocompact_at, window_of
from candela_tui.analysis.context_change import (
    conversation_before,
    duplicates,
    every_tool,
    find_change,
    growth,
    largest,
    largest_of,
)
from candela_tui.analysis.context_items import ReadContext, Source, read_context
from candela_tui.analysis.context_parts import (
    Context,
    ContextPart,
    CountedItem,
    fill_context,
    known_context,
    measured_prompt,
    tokens_of,
)
from candela_tui.analysis.conversation import Conversation, conversations
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.labels import agent_name, missing_body
from candela_tui.analysis.traffic_side import request_side
from candela_tui.exchange import Exchange
from candela_tui.ledger.names import agent_names
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.ui.screens.request.pages.messages import message_section
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.screens.request.pages.request_page import lines_that_fold, note
from candela_tui.ui.style.gauges import sparkline
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold
from candela_tui.ui.widgets.text_view.folding.text_content import TextContent

_TOKENS, _SHARE, _BYTES = 11, 6, 10
_NAME = 60
_MOST_ITEMS = 15
_MOST_DUPLICATES = 10
_AGENT = 18
_STYLES: Mapping[Source, str] = {Source.SYSTEM: "thinking", Source.TOOLS: "link", Source.MESSAGES: "accent"}


class ContextPage:
    """The Context tab. What entered and left is added once the request before it is read, too."""

    title: ClassVar[str] = "Context"
    key: ClassVar[str] = "c"
    levels: ClassVar[Mapping[str, DetailLevel]] = {"parts": DetailLevel.ONE}
    follows = False

    def __init__(self, request: ShownRequest, width: int) -> None:
        self._request = request
        self._width = width
        self.lines = lines_that_fold(request, width, self.title, self.levels)
        self._body: bytes | None = None
        self._stored: Sequence[ContextPart] | None = None
        """The parts as the store has them, which are shown while the body is read."""
        self._items = Items()
        self._read: ReadContext | None = None
        self._context: Context | None = None
        self._written: int | None = None
        """The prompt that the page was written for."""
        self._compared = False

    async def open(self) -> Iterator[None]:
        """Load the body; its pieces are read one after the other."""
        request = self._request
        if request.exchange.context is not None:
            self._stored = await request.bodies.context_parts()
        self._body = await request.request_body(request_side(request.exchange)) or await request.request_body()
        return self._write()

    async def more(self) -> Iterator[None] | None:
        """Return the steps that add what entered and left or, once the prompt is measured, write all of it again."""
        request = self._request
        if measured_prompt(request.exchange) != self._written:
            self._stored = None
            return chain(self.lines.clear(), self._write())
        if self._compared or self._context is None:
            return None
        self._compared = True
        conversation = conversation_before(request.session.requests(), request.exchange)
        if len(conversation) < 2 or request.session.bodies_of is None:
            return None
        previous = conversation[-2]
        body = await request.session.bodies_of(previous.id).request(request_side(previous))
        return None if body is None else self.lines.add(self._change(body, previous, conversation))

    def _write(self) -> Iterator[None]:
        self._written = measured_prompt(self._request.exchange)
        self._compared = False
        exchange = self._request.exchange
        conversation = conversation_before(self._request.session.requests(), exchange)
        stored = self._parts(known_context(exchange, self._stored, conversation)) if self._stored else ()
        yield from self.lines.add(chain(self._head(exchange, conversation), stored))
        yield
        if self._body is None:
            yield from self.lines.add([note(missing_body(exchange))])
            return
        self._items = Items()
        read = self._read = yield from _read(self._body, self._items, Items(), exchange)
        if read.is_empty:
            yield from self.lines.add([note("The body is not a Messages request: see Raw request.")])
            return
        now = self._context = yield from fill_context(exchange, read, conversation)
        yield
        if self._stored:
            yield from self.lines.clear()
            yield from self.lines.add(self._head(exchange, conversation))
        yield from self.lines.add(self._found(exchange, now))

    def _found(self, exchange: Exchange, now: Context) -> Iterator[Fold]:
        yield from self._parts(now)
        yield from self._largest(now)
        spare = [*map(words.repeated, duplicates(now)[:_MOST_DUPLICATES])]
        every = every_tool(exchange, now)
        if every is not None:
            spare.append(words.unneeded(every))
        if spare:
            yield _title("What could be spared")
            yield from map(_paragraph, spare)

    def _head(self, exchange: Exchange, conversation: Sequence[Exchange]) -> Iterator[Fold]:
        """Yield what is known without the body: how full the window is, and how it grew."""
        prompt = measured_prompt(exchange)
        if prompt is not None:
            window = window_of(exchange, prompt, conversation)
            compacts = autocompact_at(exchange, window) if window is not None else None
            known = Context((), prompt, window, compacts)
            lines = [words.fill(known), words.growth(growth(conversation), known)]
            head = [((text, "dim" if place else "bright"),) for place, text in enumerate(lines) if text]
            yield Fold("", LinesContent(*head), "context", indent=1, stops=False)
        plot = self._growth(exchange)
        if plot:
            yield _title("Prompt of each request", "tokens")
            yield Fold("", LinesContent(*plot), "growth", indent=1, stops=False)

    def _growth(self, exchange: Exchange) -> list[Line]:
        """Return a line for each agent of the session, with the prompts of its requests up to the shown one."""
        room = max(10, self._width - _AGENT - _TOKENS - 8)
        names = agent_names(self._request.session.summary())
        rows: list[tuple[bool, Line]] = []
        for conversation in conversations(self._request.session.requests())[0]:
            mine = conversation.agent_id == exchange.agent_id
            prompts = [
                tokens
                for call in conversation.calls
                if (tokens := measured_prompt(call.last)) is not None and call.last.id <= exchange.id
            ]
            if prompts:
                name = fitted(agent_name(conversation.agent_id, names), _AGENT)
                bars = sparkline(prompts[-room:])
                amount = f"{prompts[-1]:>{_TOKENS},}"
                style = "accent" if mine else "dim"
                rows.append((mine, ((name, "text" if mine else "dim"), (amount, "dim"), ("  ", "dim"), (bars, style))))
                if mine:
                    rows += [(mine, line) for line in self._by_source(conversation, room)]
        return [line for _, line in sorted(rows, key=lambda row: not row[0])]

    def _by_source(self, conversation: Conversation, room: int) -> Iterator[Line]:
        """Yield a line for each source, with its tokens in the requests of this agent, as far as they are stored."""
        sums = [
            call.last.context
            for call in conversation.calls
            if call.last.context is not None and call.last.id <= self._request.exchange.id
        ]
        for source, name in words.SOURCES.items():
            known = [tokens for each in sums if (tokens := tokens_of(each, source)) is not None]
            if known:
                bars = (sparkline(known[-room:]), _STYLES[source])
                yield ((fitted(f"  {name}", _AGENT), "dim"), (f"{known[-1]:>{_TOKENS},}", "dim"), ("  ", "dim"), bars)

    def _parts(self, now: Context) -> Iterator[Fold]:
        yield _title("By source", "estimated, and scaled to the measured prompt" if now.prompt_tokens else "estimated")
        yield Fold("", LinesContent(self._bar(now)), "shares", indent=1, stops=False)
        most = max((part.tokens for part in now.parts), default=1) or 1
        for source, parts in groupby(now.parts, key=lambda part: part.source):
            yield Fold("", LinesContent(self._source(now, source)), words.SOURCES[source], indent=3, gap=0, stops=False)
            for part in parts:
                yield self._part(now, part, most)

    def _bar(self, now: Context) -> Line:
        """Return the window as a bar: what each source takes of it, and what is free."""
        cells = max(10, min(100, self._width - 4))
        whole = now.window if now.window is not None else now.tokens
        pieces: list[Piece] = []
        used = 0
        for source in Source:
            tokens = now.of(source)
            size = min(cells - used, max(1, round(tokens / whole * cells))) if tokens else 0
            pieces.append(("█" * size, _STYLES[source]))
            used += size
        return (*pieces, ("░" * (cells - used), "faint"))

    def _source(self, now: Context, source: Source) -> Line:
        tokens = now.of(source)
        return (
            ("█ ", _STYLES[source]),
            (fitted(words.SOURCES[source], self._name), "heading"),
            (f"{tokens:>{_TOKENS},}", "text"),
            (f"{amounts.percent(now.share(tokens)):>{_SHARE}}", "dim"),
        )

    @property
    def _name(self) -> int:
        return max(16, min(_NAME, self._width - _TOKENS - _SHARE - _BYTES - 8))

    def _part(self, now: Context, part: ContextPart, most: int) -> Fold:
        room = max(0, min(30, self._width - self._name - _TOKENS - _SHARE - _BYTES - 10))
        bar = "▇" * max(1, part.tokens * room // most) if part.tokens and room else ""
        head: Line = (
            (fitted(words.part_name(part), self._name), "text" if part.tokens else "dim"),
            (f"{part.tokens:>{_TOKENS},}", "dim"),
            (f"{amounts.percent(now.share(part.tokens)):>{_SHARE}}", "dim"),
            (f"{amounts.size(part.size):>{_BYTES}}  ", "dim"),
            (bar, _STYLES[part.source]),
        )
        lines = [self._piece(each) for each in largest_of(part, _MOST_ITEMS)]
        if len(part.items) > _MOST_ITEMS:
            lines.append(((f"… {len(part.items) - _MOST_ITEMS:,} more", "dim"),))
        key = f"{part.source} {part.kind} {part.name}"
        return Fold("parts", LinesContent(*lines), words.part_name(part), head, indent=5, gap=0, key=key)

    def _piece(self, each: CountedItem) -> Line:
        where = f"   message {each.item.message}" if each.item.message is not None else ""
        return ((f"{each.tokens:>{_TOKENS},}  ", "dim"), (words.item_name(each), "text"), (where, "dim"))

    def _largest(self, now: Context) -> Iterator[Fold]:
        found = largest(now, _MOST_ITEMS)
        if found:
            yield _title("Largest pieces in messages", "enter goes to the message")
        for each in found:
            assert each.item.message is not None
            leads_to = message_section(each.item.message)
            yield Fold("", LinesContent(self._piece(each)), words.item_name(each), gap=0, leads_to=leads_to)

    def _change(self, body: bytes, previous: Exchange, conversation: Sequence[Exchange]) -> Iterator[Fold | None]:
        now = self._context
        if now is None:
            return
        read = yield from _read(body, Items(), self._items, previous, self._read)
        then = yield from fill_context(previous, read, conversation[:-1])
        change = yield from find_change(now, then, self._request.exchange, previous)
        yield None
        yield _title("Since the previous request of this agent")
        for text in (words.entered(change), words.left(change)):
            if text:
                yield _paragraph(text)


def _read(
    body: bytes, items: Items, known: Items, exchange: Exchange, near: ReadContext | None = None
) -> Generator[None, None, ReadContext]:
    """Return the pieces of a body, in steps. ``near`` are those of the known items."""
    yield from read_items(body, items, known)
    return (yield from read_context(items, exchange.model_used or exchange.model, near))


def _title(text: str, beside: str = "") -> Fold:
    line: Line = ((text, "heading"), (f"   {beside}" if beside else "", "dim"))
    return Fold("", LinesContent((), line), text, indent=1, gap=0, stops=False)


def _paragraph(text: str) -> Fold:
    return Fold("", TextContent(msgspec.json.encode(text)), text, gap=0, stops=False)
