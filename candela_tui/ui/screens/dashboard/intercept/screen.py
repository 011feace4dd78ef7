"""The screen on which an intercept is set, and held requests are edited and let go."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from candela_tui.analysis.filter import completion, parse_for_arrivals
from candela_tui.analysis.filter_fields import FilterError
from candela_tui.files import write_new
from candela_tui.ledger.names import session_title
from candela_tui.store.errors import StoreError
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dashboard.intercept.edited_body import editable, problem
from candela_tui.ui.screens.dashboard.intercept.held_rows import HeldRow
from candela_tui.ui.screens.dashboard.requests.filter_bar import Completion, HintLine
from candela_tui.ui.screens.dialogs.choose import ChooseDialog, Option
from candela_tui.ui.screens.request.actions.external_programs import NotEdited, edit_outside
from candela_tui.ui.screens.request.loading import agent_of, load_request
from candela_tui.ui.screens.request.navigation import Wanted
from candela_tui.ui.screens.request.screen import RequestScreen
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList


def _no_values() -> dict[str, list[str]]:
    return {}


class InterceptInput(Input):
    """The input for the filter of the intercept."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("intercept.set", "enter", "set", "Hold", "Hold what the filter matches", shown_as="⏎", footer=True),
        bind("intercept.complete", "tab", "complete", "Complete", "Complete the field or value", footer=True),
        bind("intercept.list", "down", "list", "List", "Go to the held requests"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__(
            text,
            id="wanted",
            compact=True,
            select_on_focus=False,
            placeholder="agent:Explore   model:opus kind:messages",
            suggester=Completion(_no_values),
        )

    async def action_set(self) -> None:
        """Set the intercept."""
        await self.action_submit()

    def action_complete(self) -> None:
        """Complete the started field or value."""
        completed = completion(self.value, _no_values())
        if completed is not None:
            self.value = completed
            self.cursor_position = len(completed)

    def action_list(self) -> None:
        """Go to the held requests."""
        self.screen.focus_next(RowList)


class _HeldList:
    """The held requests as the list that a request was opened from."""

    def __init__(self, ids: list[str]) -> None:
        self._ids = ids

    def neighbour_of(self, exchange_id: str, step: int, wanted: Wanted | None = None) -> str | None:
        """Return the held request ``step`` places below (or above)."""
        place = self._ids.index(exchange_id) + step
        return self._ids[place] if 0 <= place < len(self._ids) else None

    def place_of(self, exchange_id: str) -> tuple[int, int] | None:
        """Return a request's row, from 1, and the number of rows."""
        return (self._ids.index(exchange_id) + 1, len(self._ids)) if exchange_id in self._ids else None

    def toggle_mark(self, exchange_id: str) -> bool | None:
        """Return None: nothing is marked here."""
        return None


class InterceptScreen(Closable[None]):
    """Hold requests, edit them and let them go. The intercept stays set when the screen closes."""

    DEFAULT_CSS = """
    InterceptScreen {
        background: $background;

        #line { height: 1; padding: 0 1; background: $surface; }
        #sign { width: 11; background: $surface; }
        #wanted { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        #wanted:focus { border: none; }
        HintLine { padding: 0 1 0 10; background: $surface; }
        #state { padding: 0 1; background: $panel; }
        RowList { height: 1fr; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("intercept.edit", "e", "edit", "Edit", "Edit the request in $EDITOR, and let it go", footer=True),
        bind("intercept.release", "l", "release", "Let go", "Let the request go unchanged", footer=True),
        bind("intercept.release_all", "L", "release_all", "All", "Let all requests go unchanged", footer=True),
        bind("intercept.filter", "slash,i", "filter", "Filter", "Change the filter", shown_as="/", footer=True),
        bind("intercept.stop", "x", "stop", "Stop", "Hold nothing any more", footer=True),
        bind("intercept.back", "escape,q", "back", "Back", "Go back; the intercept stays set", footer=True),
    ]

    def __init__(self, sources: DataSources, control: ProxyControl) -> None:
        super().__init__()
        self._sources = sources
        self._control = control
        self._wanted = InterceptInput(control.intercepting or "")
        self._hint = HintLine()
        self._state = OneLine(id="state")
        self._rows = RowList(id="held")
        self._drafts: dict[str, bytes] = {}
        """Edited texts that could not be sent, by request."""

    def compose(self) -> ComposeResult:
        """Lay out the filter, what is held and the footer."""
        with Horizontal(id="line"):
            yield OneLine((("Intercept  ", "accent"),), id="sign")
            yield self._wanted
        yield self._hint
        yield self._state
        yield self._rows
        yield KeyFooter()

    def on_mount(self) -> None:
        """Show what is held."""
        (self._rows if self._control.intercepting else self._wanted).focus()
        self._show()

    def take_change(self, change: Change) -> None:
        """Show what is held now."""
        self._show()

    def take_tick(self, tick: int) -> None:
        """Show how long each waits."""
        self._rows.tick(tick)

    def _show(self) -> None:
        sources = self._sources
        held = [each for each in sources.loaded.live if each.held]
        self._rows.show_rows(
            [
                HeldRow(
                    each.id,
                    each,
                    agent_of(sources, each),
                    session_title(sources.loaded.session(each.session_id)),
                    sources.clock,
                )
                for each in sorted(held, key=lambda each: each.id)
            ]
        )
        for gone in self._drafts.keys() - {each.id for each in held}:
            del self._drafts[gone]
        self._show_state()
        self.refresh_bindings()

    def _show_state(self) -> None:
        wanted = self._control.intercepting
        if wanted is None:
            self._state.pieces = (("Nothing is intercepted. What matches a filter waits here for you.", "dim"),)
            return
        number = len(self._rows.rows)
        held = "none is held" if not number else f"{number} held, each for 4 minutes at most"
        self._state.pieces = (
            ("Intercepting ", "dim"),
            (terminal_safe(wanted), "accent"),
            (f"  ·  {held}", "warn" if number else "dim"),
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable what needs a held request, or an intercept. (Textual's hook.)"""
        if action in ("edit", "release", "release_all"):
            return bool(self._rows.rows)
        return self._control.intercepting is not None if action == "stop" else True

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        try:
            parse_for_arrivals(event.value)
        except FilterError as error:
            self._hint.complain(error, event.value)
        else:
            self._hint.say(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        try:
            parse_for_arrivals(text)
        except FilterError:
            # The line below says what is wrong.
            return
        if text:
            self._act(deferred(self._intercept, text))
        else:
            self.action_stop()

    def _act(self, act: Callable[[], Awaitable[None]]) -> None:
        """Run an action in a worker, one after the other, and say if it fails."""
        self.run_worker(deferred(self._told, act), group="intercept")

    async def _told(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except StoreError as error:
            self.notify(str(error), severity="warning")
        self._show()

    async def _intercept(self, text: str) -> None:
        await asyncio.to_thread(self._control.intercept, text)
        self._rows.focus()

    def action_filter(self) -> None:
        """Change the filter."""
        self._wanted.focus()

    def action_stop(self) -> None:
        """Hold nothing any more."""
        self._act(self._stop)

    async def _stop(self) -> None:
        await asyncio.to_thread(self._control.stop_intercepting)
        self._wanted.value = ""
        self._wanted.focus()

    @property
    def _chosen(self) -> str | None:
        key = self._rows.cursor_key
        return None if key is None else str(key)

    def action_release(self) -> None:
        """Let the request with the cursor go unchanged."""
        if self._chosen is not None:
            self._act(deferred(self._release, [self._chosen]))

    def action_release_all(self) -> None:
        """Let all requests go unchanged."""
        self._act(deferred(self._release, [str(row.key) for row in self._rows.rows]))

    async def _release(self, ids: list[str]) -> None:
        for exchange_id in ids:
            await asyncio.to_thread(self._control.release, exchange_id)

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        listed = _HeldList([str(row.key) for row in self._rows.rows])
        self.app.push_screen(RequestScreen(self._sources, str(event.key), listed))

    def action_edit(self) -> None:
        """Edit the request with the cursor."""
        if self._chosen is not None:
            self._act(deferred(self._edit, self._chosen))

    async def _edit(self, exchange_id: str) -> None:
        request = await load_request(self._sources, exchange_id)
        body = await request.bodies.request() if request is not None else None
        text = editable(body, request.exchange.request_headers or ()) if request is not None and body else None
        if text is None:
            self.notify("This body can't be edited as text. Let the request go with l.", severity="warning")
            return
        begun = self._drafts.get(exchange_id, text)
        try:
            edited = edit_outside(self.app, begun, ".json")
        except NotEdited as error:
            self.notify(f"{error} The request is still held.", severity="warning")
            return
        if edited == text:
            self._drafts.pop(exchange_id, None)
            self.notify("Nothing was changed. The request is still held: l lets it go.", timeout=4)
            return
        self._drafts[exchange_id] = edited
        wrong = await asyncio.to_thread(problem, edited)
        if wrong is None:
            await self._send(exchange_id, edited)
        else:
            self._ask_about(exchange_id, wrong)

    async def _send(self, exchange_id: str, edited: bytes) -> None:
        try:
            await asyncio.to_thread(self._control.release, exchange_id, edited)
        except StoreError as error:
            path = await asyncio.to_thread(write_new, Path.cwd(), f"candela-{exchange_id}", ".json", edited)
            self.notify(f"{error} Your text is in {path}.", severity="warning")

    def _ask_about(self, exchange_id: str, wrong: str) -> None:
        """Ask what to do with a text that can't be sent."""

        def chosen(key: Hashable | None) -> None:
            if key == "edit":
                self._act(deferred(self._edit, exchange_id))
            elif key == "unchanged":
                self._act(deferred(self._release, [exchange_id]))

        options = [
            Option("edit", "e", "Edit it again", "the text is kept"),
            Option("unchanged", "u", "Let it go unchanged", "your changes are lost"),
            Option("hold", "h", "Keep it held", "e opens your text again"),
        ]
        self.app.push_screen(ChooseDialog(wrong, options), chosen)

    def action_back(self) -> None:
        """Close the screen. The intercept stays set."""
        self.dismiss()
