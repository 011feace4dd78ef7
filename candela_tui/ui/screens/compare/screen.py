"""The screen that compares a request with the previous one of its agent, or any two requests."""

from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.worker import Worker

from candela_tui.analysis import labels
from candela_tui.analysis.compare import Comparison, compare
from candela_tui.analysis.comparison_rows import Rows, as_text
from candela_tui.analysis.conversation import same_conversation
from candela_tui.analysis.labels import agent_name, missing_body
from candela_tui.analysis.traffic_side import request_side
from candela_tui.exchange import Exchange
from candela_tui.ledger.names import agent_names
from candela_tui.store.errors import StoreError
from candela_tui.text import times
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.compare.lines import write
from candela_tui.ui.screens.compare.summary import summary
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.state.exchange_bodies import ExchangeBodies
from candela_tui.ui.state.loaded_exchanges import Change
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.terminal import clipboard
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.search_bar import SearchBar
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines


@dataclass(frozen=True, slots=True)
class _Compared:
    comparison: Comparison
    before: Exchange
    now: Exchange
    rows: Rows


class CompareScreen(Closable[None]):
    """Show what one request has and the other does not."""

    DEFAULT_CSS = """
    CompareScreen {
        background: $background;

        #title { padding: 0 1; background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("compare.back", "escape,q,d", "back", "Back", "Close the search or the comparison", footer=True),
        bind(
            "compare.next_change",
            "right_square_bracket",
            "change(1)",
            "Changes",
            "Go to the next change",
            shown_as="] [",
            footer=True,
        ),
        bind(
            "compare.previous_change",
            "left_square_bracket",
            "change(-1)",
            "Previous change",
            "Go to the previous change",
        ),
        bind(
            "compare.next", "J,right_curly_bracket", "step(1)", "Next", "Compare the agent's next request", footer=True
        ),
        bind(
            "compare.previous",
            "K,left_curly_bracket",
            "step(-1)",
            "Previous",
            "Compare the agent's previous request",
            footer=True,
        ),
        bind("compare.search", "slash", "search", "Search", "Search the changes", shown_as="/", footer=True),
        bind("compare.next_hit", "n", "hit(1)", "Next hit", "Next search hit"),
        bind("compare.previous_hit", "N", "hit(-1)", "Previous hit", "Previous search hit"),
        bind("compare.copy", "y", "copy", "Copy", "Copy the changes to the clipboard", footer=True),
    ]

    def __init__(self, sources: DataSources, exchange_id: str, with_id: str | None = None) -> None:
        """``with_id`` is the request to compare with; None: the previous one of the agent."""
        super().__init__()
        self._sources = sources
        self._with_id = with_id
        self._exchange_id = exchange_id
        self._stops: list[int] = []
        self._compared: _Compared | None = None
        self._title = OneLine(id="title")
        self._view = TextView(id="view")
        self._search = SearchBar(self._view)

    def compose(self) -> ComposeResult:
        """Lay out the title, the changes, the search bar and the footer."""
        yield self._title
        yield self._view
        yield self._search
        yield KeyFooter()

    def on_mount(self) -> None:
        """Compare the requests."""
        self._view.focus()
        self._show()

    def _show(self) -> None:
        self._compared = None
        self._instead(deferred(self._compare, self._exchange_id))

    def _instead(self, work: Callable[[], Awaitable[None]]) -> Worker[object]:
        """Run a coroutine in place of the running one. It is created only when it starts, since another may replace it
        before that."""
        return self.run_worker(work, group="compare", exclusive=True)

    def _conversation(self, exchange: Exchange) -> tuple[list[Exchange], int]:
        """Return the requests of the conversation, and this one's place among them."""
        requests = same_conversation(self._sources.loaded.requests(exchange.session_id), exchange)
        return requests, next(place for place, other in enumerate(requests) if other.id == exchange.id)

    def _before(self, now: Exchange) -> Exchange | None:
        """Return the request to compare one with."""
        if self._with_id is not None:
            return self._sources.loaded.exchange(self._with_id)
        requests, place = self._conversation(now)
        return requests[place - 1] if place else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable stepping for two chosen requests. (Textual's hook.)"""
        return self._with_id is None if action == "step" else True

    async def _compare(self, exchange_id: str) -> None:
        now = self._sources.loaded.exchange(exchange_id)
        if now is None:
            self._say("The request was not recorded.")
            return
        before = self._before(now)
        self._show_title(before, now)
        if before is None:
            self._say("This is the agent's first request: there is nothing to compare it with.")
            return
        bodies: list[bytes] = []
        for each in (before, now):
            try:
                bodies_of = ExchangeBodies(self._sources, each.id)
                body = await bodies_of.request(request_side(each)) or await bodies_of.request()
            except StoreError as error:
                self._say(str(error))
                return
            if body is None:
                at = times.time_of_day(each.started_at, self._sources.clock)
                self._say(f"The request at {at} can't be compared. {missing_body(each)}")
                return
            bodies.append(body)
        comparison = Comparison()
        await in_slices(compare(bodies[0], bodies[1], comparison))
        rows = Rows()
        self._view.show_lines(WrittenLines(((), *summary(comparison, before, now, rows, self._view.text_width))))
        await in_slices(rows.find(comparison))
        self._compared = _Compared(comparison, before, now, rows)
        await self._write()

    def _say(self, text: str) -> None:
        self._view.show_lines(WrittenLines([(), ((f" {text}", "dim"),)]))

    def _show_title(self, before: Exchange | None, now: Exchange) -> None:
        clock = self._sources.clock
        session = self._sources.loaded.session(now.session_id)
        pieces: Line = ((times.time_of_day(now.started_at, clock), "bright"),)
        if before is not None:
            apart = (now.started_at - before.started_at).total_seconds() * 1000
            pieces = (
                (times.time_of_day(before.started_at, clock), "text"),
                (" → ", "dim"),
                (times.time_after(now.started_at, before.started_at, clock), "bright"),
                (f"  {times.duration(apart)} later", "dim"),
            )
        both = (now,) if before is None else (before, now)
        agents = dict.fromkeys(map(self._agent, both))
        models = dict.fromkeys(labels.model(each.model_used or each.model) for each in both)
        pieces += ((f"   {' → '.join(agents)}", "text"), (f"   {' → '.join(models)}", "text"))
        if session.title:
            pieces += ((f"   {session.title}", "dim"),)
        self._title.pieces = (("Compare  ", "accent"), *pieces)

    def _agent(self, exchange: Exchange) -> str:
        return agent_name(exchange.agent_id, agent_names(self._sources.loaded.session(exchange.session_id)))

    def take_change(self, change: Change) -> None:
        """Update what came from the cache: the response may have ended."""
        compared = self._compared
        if compared is None or not compared.now.live:
            return
        for exchange in change.exchanges:
            if exchange.id == compared.now.id and not exchange.live:
                self._compared = replace(compared, now=exchange)
                self._instead(deferred(self._write, at=self._view.scroll_y))

    def take_tick(self, tick: int) -> None:
        """Do nothing: nothing here moves."""

    async def _write(self, *, at: float = 0) -> None:
        compared, width = self._compared, self._view.text_width
        if compared is None or not width:
            return
        rows = compared.rows
        lines = WrittenLines(((), *summary(compared.comparison, compared.before, compared.now, rows, width)))
        if not rows.rows:
            lines.extend([(), ((" No differences: the two requests are equal.", "dim"),)])
        self._stops = []
        self._view.show_lines(lines)
        await in_slices(write(rows.rows, width, lines, self._stops), self._view.grew)
        if at:
            self._view.grew(at=at)

    @on(TextView.Resized)
    def _resized(self) -> None:
        if self._compared is not None:
            self._instead(self._write)

    @on(TextView.Searched)
    def _searched(self) -> None:
        self._search.show_state()

    def action_change(self, step: int) -> None:
        """Go to the next change."""
        view = self._view
        top = round(view.scroll_y) + 1
        at_end = step > 0 and view.scroll_y >= view.max_scroll_y
        place = bisect_right(self._stops, top) if step > 0 else bisect_left(self._stops, top) - 1
        if not at_end and 0 <= place < len(self._stops):
            view.scroll_to(y=self._stops[place] - 1, animate=False, force=True)
        else:
            self.notify("There is no later change." if step > 0 else "There is no earlier change.", timeout=2)

    def action_step(self, step: int) -> None:
        """Compare the agent's next request."""
        now = self._sources.loaded.exchange(self._exchange_id)
        if now is None:
            return
        requests, place = self._conversation(now)
        if 0 <= place + step < len(requests):
            self._exchange_id = requests[place + step].id
            self._show()
        else:
            side = "later" if step > 0 else "earlier"
            self.notify(f"There is no {side} request of this agent.", timeout=2)

    def action_search(self) -> None:
        """Open the search bar."""
        self._search.open()

    def action_hit(self, step: int) -> None:
        """Go to the next search hit."""
        self._view.next_hit(step)

    def action_copy(self) -> None:
        """Copy the changes."""
        if self._compared is None or not self._compared.rows.rows:
            self.notify("There are no changes to copy.", timeout=2)
            return
        text = as_text(self._compared.rows.rows)
        clipboard.copy(self, "the changes", text)

    def action_back(self) -> None:
        """Close the search, or the screen."""
        if not self._search.close():
            self.dismiss()
