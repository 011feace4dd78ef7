"""The answer as the client understands it: text, thinking and tool calls, while it streams."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.headers import header
from candela_tui.protocol.messages import AnswerDecoder
from candela_tui.ui import words
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.answer_lines import AnswerLines
from candela_tui.ui.request.bodies import Undone
from candela_tui.ui.request.page import Subject


class ResponsePage:
    """Folds the chunks as they come."""

    title: ClassVar[str] = "Response"

    def __init__(self, subject: Subject, width: int) -> None:
        self.lines = WrittenLines()
        self.follows = subject.exchange.live
        self._subject = subject
        self._width = width
        self._answer: AnswerDecoder | None = None
        self._undone: Undone | None = None
        self._written = AnswerLines(self.lines, width)
        self._taken = 0
        self._ended = False

    async def open(self) -> Iterator[None]:
        """What has arrived."""
        return await self._steps()

    async def more(self) -> Iterator[None] | None:
        """What arrived since."""
        return None if self._ended else await self._steps()

    async def _steps(self) -> Iterator[None]:
        exchange = self._subject.exchange
        chunks, _ = await self._subject.bodies.answer_after(self._taken)
        self._taken += len(chunks)
        self._ended = not exchange.live
        return self._write(exchange, chunks)

    def _write(self, exchange: Exchange, chunks: list[bytes]) -> Iterator[None]:
        if self._answer is None and (chunks or self._ended):
            self._answer = AnswerDecoder(exchange.status or 0, header(exchange.response_headers, "content-type") or "")
            self._undone = Undone(exchange)
        if self._answer is not None and self._undone is not None:
            for chunk in chunks:
                self._answer.feed(self._undone.feed(chunk))
                yield
            if self._ended:
                self._answer.finish()
            yield from self._written.write(self._answer.fold)
        self._end(exchange)
        yield

    def _end(self, exchange: Exchange) -> None:
        add = self.lines.add
        fold = self._answer.fold if self._answer else None
        add()
        if fold is not None and fold.error is not None:
            for part in wrapped(f"{fold.error.type}: {fold.error.message}", self._width - 5):
                add((" ✗ ", "bad"), (part, "bad"))
        elif self._undone is not None and self._undone.trouble is not None:
            add((f" The answer can't be decoded for display: {self._undone.trouble}", "warn"))
        elif exchange.live:
            add((" ◌ ", "accent"), ("streaming" if fold and fold.has_content else "waiting for the first token", "dim"))
        elif exchange.outcome is not Outcome.OK:
            add((f" {words.SIGNS[exchange.outcome]} {words.OUTCOMES[exchange.outcome]}", "warn"))
            if exchange.error is not None:
                for part in wrapped(exchange.error.message, self._width - 5):
                    add((f"   {part}", "dim"))
        elif fold is not None and fold.stop_reason is not None:
            add((" ✓ ", "good"), (fold.stop_reason, "dim"))
        elif not self._taken:
            add((" The answer had no body, or it is not recorded.", "dim"))
        elif not len(self.lines) > 1:
            add((" The answer is not a message: see Raw response.", "dim"))
