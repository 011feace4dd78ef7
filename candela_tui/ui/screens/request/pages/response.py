"""The response as the client understands it, while it streams: text, thinking and tool calls."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.analysis.labels import missing_body
from candela_tui.exchange import Exchange, Kept, Outcome
from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.text.wrap import wrapped
from candela_tui.ui.screens.request.pages.answer_lines import AnswerLines
from candela_tui.ui.screens.request.pages.answer_page import AnswerPage, IncomingAnswer, TimedChunks
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.style import outcomes
from candela_tui.ui.widgets.text_view.lines import UNWRAPPED
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines


class ResponsePage(AnswerPage):
    """The Response tab. Takes the chunks as they come."""

    title: ClassVar[str] = "Response"
    key: ClassVar[str] = "5"

    def __init__(self, request: ShownRequest, width: int) -> None:
        super().__init__(request, width)
        self.lines: WrittenLines = WrittenLines()
        self._answer: AnswerDecoder | None = None
        self._of_provider = IncomingAnswer(request, "provider")
        self._held: TimedChunks = []
        """The provider's answer, if it has calls that a rule held back."""
        self._written = AnswerLines(self.lines, width if request.preferences.now.wrap else UNWRAPPED)

    async def _arrived(self) -> TimedChunks:
        arrived = await super()._arrived()
        exchange, incoming = self._request.exchange, self._incoming
        if incoming.ended and incoming.side != "provider" and any(each.held_back for each in exchange.rules):
            self._held = await self._of_provider.take()
        return arrived

    def _write(self, arrived: TimedChunks) -> Iterator[None]:
        exchange, incoming = self._request.exchange, self._incoming
        if self._answer is None and (arrived or incoming.ended):
            self._answer = incoming.answer_decoder()
        if self._answer is not None:
            for chunk, _ in arrived:
                self._answer.feed(incoming.readable(chunk))
                yield
            if incoming.ended:
                self._answer.feed(incoming.last())
                self._answer.finish()
            yield from self._written.write(self._answer.fold, exchange.rules)
            yield from self._held_calls()
        else:
            self.lines.cut(0)
        self._end(exchange)
        yield

    def _held_calls(self) -> Iterator[None]:
        if not self._held:
            return
        answer = self._of_provider.answer_decoder()
        for chunk, _ in self._held:
            answer.feed(self._of_provider.readable(chunk))
            yield
        answer.feed(self._of_provider.last())
        answer.finish()
        yield from self._written.held_calls(answer.fold)

    def _end(self, exchange: Exchange) -> None:
        add = self.lines.add
        fold = self._answer.fold if self._answer else None
        add()
        if fold is not None and fold.error is not None:
            for part in wrapped(f"{fold.error.type}: {fold.error.message}", self._width - 5):
                add((" ✗ ", "bad"), (part, "bad"))
        elif self._incoming.trouble is not None:
            add((f" The response can't be decoded: {self._incoming.trouble}", "warn"))
        elif exchange.live:
            add((" ◌ ", "accent"), ("streaming" if fold and fold.has_content else "waiting for the first token", "dim"))
        elif exchange.outcome is not Outcome.OK:
            add((f" {outcomes.SIGNS[exchange.outcome]} {outcomes.NAMES[exchange.outcome]}", "warn"))
            if exchange.error is not None:
                for part in wrapped(exchange.error.message, self._width - 5):
                    add((f"   {part}", "dim"))
        elif fold is not None and fold.stop_reason is not None:
            add((" ✓ ", "good"), (fold.stop_reason, "dim"))
        elif not self._incoming.taken:
            full = exchange.kept is Kept.FULL
            why = "The response had no body, or it was not recorded." if full else missing_body(exchange)
            add((f" {why}", "dim"))
        elif not len(self.lines) > 1:
            add((" The response is not a message: see Raw response.", "dim"))
