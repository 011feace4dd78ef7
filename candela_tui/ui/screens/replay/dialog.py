"""Ask before a recorded request is sent again, also to another model or on another route."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.timer import Timer
from textual.widgets import Input

from candela_tui.analysis.replay_cost import expected_words
from candela_tui.exchange import Exchange
from candela_tui.providers.identity import DEFAULT_ROUTES, PROVIDERS, Dialect, RouteName, route_of
from candela_tui.store.errors import StoreError
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.wrap import wrapped
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.dialogs.dialog import Dialog
from candela_tui.ui.state.proxy_control import ProxyControl
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_TYPING_S = 0.3
"""Seconds that asking for the cost waits for the next letter."""
_NAME = 22
_WORDS_HEIGHT = 3


@dataclass(frozen=True, slots=True)
class _RouteRow:
    key: RouteName
    height: int = 1
    moving: bool = False

    def draw(self, line: int, width: int, tick: int) -> Line:
        """Draw the route and its provider."""
        title = PROVIDERS[route_of(self.key).provider].title
        return ((f" {self.key:<{_NAME}}", "text"), (f" {title}", "dim"))


class ModelInput(Input):
    """The input for the model. The arrows choose the route below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("replay.send", "enter", "send", "Send", "Send the request", shown_as="⏎"),
        bind("replay.route_down", "down", "route(1)", "Route", "Choose the route below"),
        bind("replay.route_up", "up", "route(-1)", "Route above", "Choose the route above"),
    ]

    async def action_send(self) -> None:
        """Send the request."""
        await self.action_submit()

    def action_route(self, step: int) -> None:
        """Choose another route."""
        self.screen.query_one(RowList).action_move(step)


class ReplayDialog(Dialog[str]):
    """Ask for the model and the route. The answer is the id of the new request, which was sent."""

    DEFAULT_CSS = """
    ReplayDialog {
        RowList { background: $surface; }
        TextView { height: 3; background: $surface; }
        Input { width: 1fr; height: 1; border: none; padding: 0; margin: 0 0 1 0; background: $surface; }
        Input:focus { border: none; }
    }
    """

    def __init__(self, control: ProxyControl, exchange: Exchange) -> None:
        super().__init__("Send this request again?", "⏎ send · ↑ ↓ route · esc close")
        self._control = control
        self._exchange = exchange
        self._model = ModelInput(exchange.model or "", id="model", compact=True)
        self._words = TextView(id="expected")
        self._typing: Timer | None = None
        self._refused = True
        """Whether it can't be sent like this, or nobody knows yet."""
        self._sending = False

    def contents(self) -> ComposeResult:
        """Lay out the model, the routes and what is expected."""
        yield OneLine((("It goes out with candela's own credentials, to this model:", "dim"),))
        yield self._model
        yield OneLine((("on this route:", "dim"),))
        rows = RowList(id="routes")
        rows.styles.height = len(self._routes)
        yield rows
        yield OneLine()
        yield self._words

    @property
    def _routes(self) -> list[RouteName]:
        own = RouteName(self._exchange.route)
        if self._exchange.dialect != Dialect.MESSAGES:
            return [own]
        return [own, *(name for name in DEFAULT_ROUTES if name is not own)]

    def on_mount(self) -> None:
        """Show the routes, and ask for the cost."""
        self.query_one(RowList).show_rows([_RouteRow(name) for name in self._routes])
        self._model.focus()
        self._ask()

    @property
    def _wanted(self) -> tuple[str | None, RouteName | None]:
        model = self._model.value.strip()
        key = self.query_one(RowList).cursor_key
        route = RouteName(str(key)) if key is not None else None
        return model if model and model != self._exchange.model else None, route

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._refused = True
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_S, self._ask)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self._refused = True
        self._ask()

    def _ask(self) -> None:
        self.run_worker(deferred(self._expect, *self._wanted), group="cost", exclusive=True)

    async def _expect(self, model: str | None, route: RouteName | None) -> None:
        try:
            offer = await asyncio.to_thread(self._control.replay_cost, self._exchange.id, model, route)
        except StoreError as error:
            self._say(str(error), "warn")
            return
        self._refused = False
        self._say(expected_words(offer.low_usd, offer.high_usd), "text")

    def _say(self, words: str, style: str) -> None:
        if not self.is_attached:
            return
        width = max(20, self._words.text_width or 70)
        lines = [((part, style),) for part in wrapped(terminal_safe(words), width)]
        self._words.show_lines(WrittenLines(lines[:_WORDS_HEIGHT]))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._refused and not self._sending:
            self._sending = True
            self.run_worker(deferred(self._send, *self._wanted), group="send")

    async def _send(self, model: str | None, route: RouteName | None) -> None:
        try:
            sent = await asyncio.to_thread(self._control.replay, self._exchange.id, model, route)
        except StoreError as error:
            self._say(str(error), "warn")
            self._sending = False
            return
        self.dismiss(sent)
