"""The answer as the client understands it: text, thinking and tool calls, while it streams."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.messages import AnswerDecoder
from candela_tui.ui import outcomes
from candela_tui.ui.lines.lines import UNWRAPPED
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.answer_lines import AnswerLines
from candela_tui.ui.request.arriving import AnswerPage, Arrived
from candela_tui.ui.request.page import Subject


class ResponsePage(AnswerPage):
    """Folds the chunks as they come."""

    title: ClassVar[str] = "Response"

    def __init__(self, subject: Subject, width: int) -> None:
        super().__init__(subject, width)
        self.lines: WrittenLines = WrittenLines()
        self._answer: AnswerDecoder | None = None
        self._written = AnswerLines(self.lines, width if subject.preferences.now.wrap else UNWRAPPED)

    def _write(self, arrived: Arrived) -> Iterator[None]:
        exchange, arriving = self._subject.exchange, self._arriving
        if self._answer is None and (arrived or arriving.ended):
            self._answer = arriving.answer_decoder()
        if self._answer is not None:
            for chunk, _ in arrived:
                self._answer.feed(arriving.readable(chunk))
                yield
            if arriving.ended:
                self._answer.feed(arriving.last())
                self._answer.finish()
            yield from self._written.write(self._answer.fold)
        else:
            self.lines.cut(0)
        self._end(exchange)
        yield

    def _end(self, exchange: Exchange) -> None:
        add = self.lines.add
        fold = self._answer.fold if self._answer else None
        add()
        if fold is not None and fold.error is not None:
            for part in wrapped(f"{fold.error.type}: {fold.error.message}", self._width - 5):
                add((" ✗ ", "bad"), (part, "bad"))
        elif self._arriving.trouble is not None:
            add((f" The answer can't be decoded for display: {self._arriving.trouble}", "warn"))
        elif exchange.live:
            add((" ◌ ", "accent"), ("streaming" if fold and fold.has_content else "waiting for the first token", "dim"))
        elif exchange.outcome is not Outcome.OK:
            add((f" {outcomes.SIGNS[exchange.outcome]} {outcomes.NAMES[exchange.outcome]}", "warn"))
            if exchange.error is not None:
                for part in wrapped(exchange.error.message, self._width - 5):
                    add((f"   {part}", "dim"))
        elif fold is not None and fold.stop_reason is not None:
            add((" ✓ ", "good"), (fold.stop_reason, "dim"))
        elif not self._arriving.taken:
            add((" The answer had no body, or it is not recorded.", "dim"))
        elif not len(self.lines) > 1:
            add((" The answer is not a message: see Raw response.", "dim"))
