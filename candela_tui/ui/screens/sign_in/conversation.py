"""The conversation of a sign-in: messages so far, the open question, and what is in progress."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from candela_tui.credentials.sign_in.browser import open_browser
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.credentials.sign_in.options import Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Choice, default_first
from candela_tui.text.wrap import wrapped
from candela_tui.ui.screens.sign_in.option_row import SignInOption, row_of
from candela_tui.ui.screens.sign_in.transcript import Entry, Link, StyleName, Utterance, checked, transcript
from candela_tui.ui.style.spinner import TICKS_A_SECOND, frame
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

T = TypeVar("T")

_LIST_SHARE = 0.6
"""The largest share of the height for the list of options if the messages need the rest."""
_OTHER = "candela:other"
"""The row for a name that is not listed."""
_MARGIN = 1
"""The line above a question."""


class SignInConversation(Vertical):
    """The ``Prompter`` of the dashboard. One question is open at a time."""

    def __init__(self, *, still: bool = False) -> None:
        """``still``: without animation."""
        super().__init__(id="conversation")
        self._still = still
        self._entries: list[Entry] = []
        self._written = WrittenLines()
        """The messages so far, as lines."""
        self._question_lines = 0
        self._said = TextView(id="said")
        self._question = TextView(id="question")
        self._question.can_focus = False
        self._rows = RowList(id="offers")
        self._input = Input(id="typed", compact=True)
        self._typing = Horizontal(OneLine((("› ", "accent"),), id="prompt"), self._input, id="answer")
        self._status = OneLine(id="waiting")
        self._asked = ""
        self._offers: Sequence[SignInOption] = ()
        self._answer: asyncio.Future[str] | None = None
        self._work: asyncio.Future[Any] | None = None
        self._waiting_for = ""
        self._tick = 0
        self._ticker: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the messages, the question, the ways to answer, and the progress line."""
        yield self._said
        yield self._question
        yield self._rows
        yield self._typing
        yield self._status

    def on_mount(self) -> None:
        """Show that nothing is asked yet."""
        self._ticker = self.set_interval(1 if self._still else 1 / TICKS_A_SECOND, self._turn, pause=True)
        self._show_question()

    @property
    def link(self) -> Link | None:
        """The latest link that was shown."""
        return next((entry for entry in reversed(self._entries) if isinstance(entry, Link)), None)

    def clear(self) -> None:
        """Remove all messages."""
        self._entries.clear()
        self._show_said()

    def forget_links(self) -> None:
        """Remove links, which are of no more use once followed; messages stay."""
        self._entries = [entry for entry in self._entries if not isinstance(entry, Link)]
        self._show_said()

    def say(
        self, words: str, style: StyleName = "text", *, space: bool = False, mark: tuple[str, StyleName] = ("", "text")
    ) -> None:
        """Add a message in a style."""
        self._add(Utterance(words, style, mark[0], mark[1], space))

    def found_out(self, line: CheckLine) -> None:
        """Add the result of a live check."""
        self._add(*checked(line))

    async def tell(self, words: str) -> None:
        """Add a message."""
        self.say(words)

    async def show_link(self, url: str, code: str | None = None) -> None:
        """Show a link with its code, and open it in the desktop's browser."""
        self._add(Link(url, code))
        if await asyncio.to_thread(open_browser, url):
            self.say("Opened in your browser.", "dim")

    async def ask(
        self,
        question: str,
        *,
        option: Option | None = None,
        secret: bool = False,
        default: str = "",
        optional: bool = False,
        wrong: str = "",
    ) -> str:
        """Ask for a line of text. A secret is shown as dots, and not kept in the input."""
        self._say_wrong(wrong)
        self._input.password = secret
        self._input.placeholder = "not shown · press ⏎ to continue" if secret else "press ⏎ to continue"
        self._input.value = default
        self._input.cursor_position = len(default)
        try:
            answer = (await self._answered(question, ())).strip() or default
        finally:
            self._input.value = ""
        self._add(Utterance("(not shown)" if secret else answer, "dim", f"{question}: ", "dim"))
        return answer

    async def choose(
        self,
        question: str,
        choices: Sequence[Choice],
        *,
        option: Option | None = None,
        default: str = "",
        other: str = "",
        wrong: str = "",
    ) -> Choice:
        """Ask for one of the choices, or for another name."""
        self._say_wrong(wrong)
        choices = default_first(choices, default, other)
        offers = [SignInOption(choice.id, choice.title, choice.about) for choice in choices]
        if other:
            offers.append(SignInOption(_OTHER, other, "type it"))
        chosen = await self.pick(question, offers)
        if chosen == _OTHER:
            typed = await self.ask(question, default=default)
            return Choice(typed, typed)
        self._add(Utterance(next(each.title for each in choices if each.id == chosen), "dim", "› ", "dim"))
        return next(choice for choice in choices if choice.id == chosen)

    def _say_wrong(self, wrong: str) -> None:
        if wrong:
            self.say(wrong, "warn")

    async def pick(self, question: str, offers: Sequence[SignInOption]) -> str:
        """Ask for one of the options; return its id. Raises Abandoned."""
        return await self._answered(question, offers)

    async def doing(self, words: str, work: Awaitable[T]) -> T:
        """Wait for work and show its progress. Raises Abandoned if the user cancels."""
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
        """Cancel the open question, or the work in progress. Return False if there is neither."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Abandoned())
            return True
        if self._work is not None:
            self._work.cancel()
            return True
        return False

    async def _answered(self, question: str, offers: Sequence[SignInOption]) -> str:
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

    @property
    def _open(self) -> bool:
        """Whether there is anything to show on. A screen that closes takes its widgets away one by one."""
        return all(widget.is_attached for widget in (self._said, self._question, self._rows, self._input, self._status))

    def _show_question(self) -> None:
        if not self._open:
            return
        asked, typing = self._answer is not None, not self._offers
        self._question.display = asked
        self._rows.display = asked and not typing
        self._typing.display = asked and typing
        self._status.display = not asked and bool(self._waiting_for)
        self._lay_out(reset=True)
        if not asked:
            self._said.focus()
        else:
            (self._input if typing else self._rows).focus()
        self._turn_or_rest()
        # Keep the end of the messages in view when the question takes its room.
        self.call_after_refresh(self._show_said)

    def _lay_out(self, *, reset: bool = False) -> None:
        width = max(10, self.size.width - 2)
        question: list[Line] = [((part, "bright"),) for part in wrapped(self._asked, width)]
        self._question_lines = len(question)
        self._question.show_lines(WrittenLines(question))
        self._question.styles.height = len(question)
        rows = [row_of(offer, width) for offer in self._offers]
        self._rows.show_rows(rows, reset=reset)
        below = self._lines_below(len(question))
        most = max(3, int(self.size.height * _LIST_SHARE), self.size.height - below - len(self._written))
        self._rows.styles.height = max(1, min(most, sum(row.height for row in rows)))
        self._fit_said()

    def _lines_below(self, question: int) -> int:
        """Return the height of the question and its input, or of the progress line."""
        if self._answer is None:
            return 1
        return _MARGIN + question + (0 if self._offers else 1)

    def _fit_said(self) -> None:
        """Size the messages to their lines as far as there is room, so that the question follows right below."""
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
        self._status.pieces = ((f"{sign} ", "accent"), (self._waiting_for, "text"), ("   press esc to cancel", "dim"))

    def _add(self, *entries: Entry) -> None:
        self._entries.extend(entries)
        self._show_said()

    def _show_said(self) -> None:
        if not self._open:
            return
        self._written = transcript(self._entries, self._said.text_width)
        self._lay_out()
        self._said.show_lines(self._written, follow=True)
        self.screen.refresh_bindings()

    @on(TextView.Resized)
    def _resized(self) -> None:
        self._show_said()

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
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
