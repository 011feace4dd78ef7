"""The conversation of a sign-in: what was said, the question that is open, what is being waited for."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.provider import CheckLine
from candela_tui.credentials.sign_in.talk import Abandoned, Choice
from candela_tui.ui.ink import Line
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.rows.row_list import RowList
from candela_tui.ui.sign_in.rows import Offer, row_of
from candela_tui.ui.sign_in.transcript import Entry, Ink, Link, Said, checked, transcript
from candela_tui.ui.spinner import TICKS_A_SECOND, frame

T = TypeVar("T")

_LIST_SHARE = 0.6
"""How much of the room the list of choices takes at most, where what was said needs the rest."""
_MARGIN = 1
"""The line above a question."""


class Conversation(Vertical):
    """A ``Talk`` with whoever sits before the dashboard. One question is open at a time."""

    def __init__(self, *, still: bool = False) -> None:
        """``still``: nothing is to move."""
        super().__init__(id="conversation")
        self._still = still
        self._entries: list[Entry] = []
        self._written = WrittenLines()
        """What was said, as lines."""
        self._question_lines = 0
        self._said = TextView(id="said")
        self._question = TextView(id="question")
        self._question.can_focus = False
        self._rows = RowList(id="offers")
        self._input = Input(id="typed", compact=True)
        self._typing = Horizontal(OneLine((("› ", "accent"),), id="prompt"), self._input, id="answer")
        self._status = OneLine(id="waiting")
        self._asked = ""
        self._offers: Sequence[Offer] = ()
        self._answer: asyncio.Future[str] | None = None
        self._work: asyncio.Future[Any] | None = None
        self._waiting_for = ""
        self._tick = 0
        self._ticker: Timer | None = None

    def compose(self) -> ComposeResult:
        """What was said, the question, what can be answered, what is waited for."""
        yield self._said
        yield self._question
        yield self._rows
        yield self._typing
        yield self._status

    def on_mount(self) -> None:
        """Nothing is asked yet."""
        self._ticker = self.set_interval(1 if self._still else 1 / TICKS_A_SECOND, self._turn, pause=True)
        self._show_question()

    @property
    def link(self) -> Link | None:
        """The latest that was shown."""
        return next((entry for entry in reversed(self._entries) if isinstance(entry, Link)), None)

    def clear(self) -> None:
        """Begin anew."""
        self._entries.clear()
        self._show_said()

    def forget_links(self) -> None:
        """They were followed, and are of no more use; what was told stays."""
        self._entries = [entry for entry in self._entries if not isinstance(entry, Link)]
        self._show_said()

    def say(self, words: str, ink: Ink = "text", *, space: bool = False, mark: tuple[str, Ink] = ("", "text")) -> None:
        """Say something in an ink."""
        self._add(Said(words, ink, mark[0], mark[1], space))

    def found_out(self, line: CheckLine) -> None:
        """Say what a live check found out."""
        self._add(*checked(line))

    async def tell(self, words: str) -> None:
        """Say something; it stays to be read."""
        self.say(words)

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Show a link with its code, and open the browser of this desktop."""
        self._add(Link(url, code))
        if await asyncio.to_thread(open_browser, url):
            self.say("Your browser was asked to open it.", "dim")

    async def ask(self, question: str, *, secret: bool = False, default: str = "") -> str:
        """A line of text; a secret is drawn as dots, and forgotten here once it is given."""
        self._input.password = secret
        self._input.placeholder = "it is not shown · ⏎ gives it" if secret else "⏎ gives the answer"
        self._input.value = default
        self._input.cursor_position = len(default)
        try:
            answer = (await self._answered(question, ())).strip() or default
        finally:
            self._input.value = ""
        self._add(Said("(not shown)" if secret else answer, "dim", f"{question}: ", "dim"))
        return answer

    async def choose(self, question: str, choices: Sequence[Choice]) -> Choice:
        """One of at least one choice."""
        chosen = await self.pick(question, [Offer(choice.id, choice.title, choice.about) for choice in choices])
        self._add(Said(next(each.title for each in choices if each.id == chosen), "dim", "› ", "dim"))
        return next(choice for choice in choices if choice.id == chosen)

    async def pick(self, question: str, offers: Sequence[Offer]) -> str:
        """The id of one of the offers. Raises Abandoned."""
        return await self._answered(question, offers)

    async def doing(self, words: str, work: Awaitable[T]) -> T:
        """Wait for work, and say so. Raises Abandoned where the user gives it up."""
        task = asyncio.ensure_future(work)
        self._work = task
        self._wait_for(words)
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise Abandoned from None
        finally:
            self._work = None
            self._wait_for("")

    def give_up(self) -> bool:
        """Give up what is asked, else what is waited for; False: there is neither."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Abandoned())
            return True
        if self._work is not None:
            self._work.cancel()
            return True
        return False

    async def _answered(self, question: str, offers: Sequence[Offer]) -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answer, self._asked, self._offers = answer, question, offers
        self._show_question()
        try:
            return await answer
        finally:
            # Another question may have taken its place since.
            if self._answer is answer:
                self._answer, self._asked, self._offers = None, "", ()
                self._show_question()

    def _show_question(self) -> None:
        if not self.is_attached:
            # The end of the screen ends its questions, too.
            return
        asked, typing = self._answer is not None, not self._offers
        self._question.display = asked
        self._rows.display = asked and not typing
        self._typing.display = asked and typing
        self._status.display = not asked and bool(self._waiting_for)
        self._lay_out(anew=True)
        if not asked:
            self._said.focus()
        else:
            (self._input if typing else self._rows).focus()
        self._turn_or_rest()
        # The end of what was said stays in view when the question takes its room.
        self.call_after_refresh(self._show_said)

    def _lay_out(self, *, anew: bool = False) -> None:
        width = max(10, self.size.width - 2)
        question: list[Line] = [((part, "bright"),) for part in wrapped(self._asked, width)]
        self._question_lines = len(question)
        self._question.show_lines(WrittenLines(question))
        self._question.styles.height = len(question)
        rows = [row_of(offer, width) for offer in self._offers]
        self._rows.show_rows(rows, anew=anew)
        below = self._lines_below(len(question))
        most = max(3, int(self.size.height * _LIST_SHARE), self.size.height - below - len(self._written))
        self._rows.styles.height = max(1, min(most, sum(row.height for row in rows)))
        self._fit_said()

    def _lines_below(self, question: int) -> int:
        """Return the lines of the question and the field to type in, or of what is waited for."""
        if self._answer is None:
            return 1
        return _MARGIN + question + (0 if self._offers else 1)

    def _fit_said(self) -> None:
        """Give what was said its own lines, as far as there is room: what follows comes right below it."""
        rows = self._rows.styles.height
        taken = self._lines_below(self._question_lines) + (int(rows.value) if self._offers and rows else 0)
        self._said.styles.height = max(1, min(len(self._written), self.size.height - taken))

    def _wait_for(self, words: str) -> None:
        self._waiting_for = words
        self._status.display = self._answer is None and bool(words)
        self._turn_or_rest()

    def _turn_or_rest(self) -> None:
        if self._ticker is not None:
            (self._ticker.resume if self._status.display else self._ticker.pause)()
        self._draw_status()

    def _turn(self) -> None:
        self._tick += 1
        self._draw_status()

    def _draw_status(self) -> None:
        sign = "◌" if self._still else frame(self._tick)
        self._status.pieces = ((f"{sign} ", "accent"), (self._waiting_for, "text"), ("   esc gives it up", "dim"))

    def _add(self, *entries: Entry) -> None:
        self._entries.extend(entries)
        self._show_said()

    def _show_said(self) -> None:
        if not self.is_attached:
            return
        self._written = transcript(self._entries, self._said.text_width)
        self._lay_out()
        self._said.show_lines(self._written, follow=True)
        self.screen.refresh_bindings()

    @on(TextView.Resized)
    def _resized(self) -> None:
        self._show_said()

    def on_resize(self) -> None:
        """Lines are for a width."""
        self._lay_out()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        self._settle(str(event.key))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._settle(event.value)

    def _settle(self, answer: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)
