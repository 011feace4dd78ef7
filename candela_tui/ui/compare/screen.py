"""The screen that compares a request with the previous one of the same agent, or any two."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.worker import Worker

from candela_tui.analysis.compare import Comparison, compare
from candela_tui.analysis.conversation import same_conversation
from candela_tui.analysis.names import agent_name, agent_names
from candela_tui.exchange import Exchange
from candela_tui.store.errors import StoreError
from candela_tui.ui import clipboard, words
from candela_tui.ui.bodies import Bodies
from candela_tui.ui.closable import Closable
from candela_tui.ui.compare.lines import write
from candela_tui.ui.compare.rows import Rows, as_text
from candela_tui.ui.compare.summary import summary
from candela_tui.ui.footer import KeyFooter
from candela_tui.ui.ink import Line
from candela_tui.ui.ledger import Change
from candela_tui.ui.lines.one_line import OneLine
from candela_tui.ui.lines.search_bar import SearchBar
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.sides import told_by
from candela_tui.ui.sources import Sources


@dataclass(frozen=True, slots=True)
class _Compared:
    comparison: Comparison
    before: Exchange
    now: Exchange
    rows: Rows


class CompareScreen(Closable[None]):
    """Shows what a request has that the one before it had not, and the other way round."""

    DEFAULT_CSS = """
    CompareScreen {
        background: $background;

        #title { padding: 0 1; background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,d", "back", "Back", id="compare.back", tooltip="End the search, or leave the comparison"),
        Binding(
            "right_square_bracket",
            "change(1)",
            "Changes",
            key_display="] [",
            id="compare.next_change",
            tooltip="Go to the next change",
        ),
        Binding(
            "left_square_bracket",
            "change(-1)",
            "Previous change",
            show=False,
            id="compare.previous_change",
            tooltip="Go to the previous change",
        ),
        Binding(
            "J,right_curly_bracket",
            "step(1)",
            "Next",
            id="compare.next",
            tooltip="Compare the agent's next request with this one",
        ),
        Binding(
            "K,left_curly_bracket",
            "step(-1)",
            "Previous",
            id="compare.previous",
            tooltip="Compare the agent's request before with its own",
        ),
        Binding("slash", "search", "Search", key_display="/", id="compare.search", tooltip="Find words in the changes"),
        Binding("n", "hit(1)", "Next hit", show=False, id="compare.next_hit", tooltip="The next place that was found"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="compare.previous_hit", tooltip="The place before"),
        Binding("y", "copy", "Copy", id="compare.copy", tooltip="Copy the changes to the clipboard"),
    ]

    def __init__(self, sources: Sources, exchange_id: str, with_id: str | None = None) -> None:
        """``with_id``: the request to compare it with; None: the previous one of its agent."""
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
        """Which two, what changed, the search, keys."""
        yield self._title
        yield self._view
        yield self._search
        yield KeyFooter()

    def on_mount(self) -> None:
        """Compare."""
        self._view.focus()
        self._show()

    def _show(self) -> None:
        self._compared = None
        self._instead(partial(self._compare, self._exchange_id))

    def _instead(self, work: Callable[[], Coroutine[None, None, None]]) -> Worker[None]:
        """Do this instead of what is under way. Made only when it begins, as another may take its place before."""
        return self.run_worker(work, group="compare", exclusive=True)

    def _conversation(self, exchange: Exchange) -> tuple[list[Exchange], int]:
        """The requests that this one is among, and its place."""
        requests = same_conversation(self._sources.ledger.requests(exchange.session_id), exchange)
        return requests, next(place for place, other in enumerate(requests) if other.id == exchange.id)

    def _before(self, now: Exchange) -> Exchange | None:
        """Return the request to compare one with."""
        if self._with_id is not None:
            return self._sources.ledger.exchange(self._with_id)
        requests, place = self._conversation(now)
        return requests[place - 1] if place else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's hook: two chosen requests have no next ones."""
        return self._with_id is None if action == "step" else True

    async def _compare(self, exchange_id: str) -> None:
        now = self._sources.ledger.exchange(exchange_id)
        if now is None:
            self._say("The request is not recorded.")
            return
        before = self._before(now)
        self._show_title(before, now)
        if before is None:
            self._say("The first request of its agent: there is nothing to compare it with.")
            return
        bodies: list[bytes] = []
        for each in (before, now):
            try:
                bodies_of = Bodies(self._sources, each.id)
                body = await bodies_of.request(told_by(each)) or await bodies_of.request()
            except StoreError as error:
                self._say(str(error))
                return
            if body is None:
                at = words.time_of_day(each.started_at, self._sources.clock)
                self._say(f"The body of the request of {at} is not recorded.")
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
        session = self._sources.ledger.session(now.session_id)
        pieces: Line = ((words.time_of_day(now.started_at, clock), "bright"),)
        if before is not None:
            apart = (now.started_at - before.started_at).total_seconds() * 1000
            pieces = (
                (words.time_of_day(before.started_at, clock), "text"),
                (" → ", "dim"),
                (words.time_after(now.started_at, before.started_at, clock), "bright"),
                (f"  {words.duration(apart)} later", "dim"),
            )
        both = (now,) if before is None else (before, now)
        agents = dict.fromkeys(map(self._agent, both))
        models = dict.fromkeys(words.model(each.model_used or each.model) for each in both)
        pieces += ((f"   {' → '.join(agents)}", "text"), (f"   {' → '.join(models)}", "text"))
        if session.title:
            pieces += ((f"   {session.title}", "dim"),)
        self._title.pieces = (("Compare  ", "accent"), *pieces)

    def _agent(self, exchange: Exchange) -> str:
        return agent_name(exchange.agent_id, agent_names(self._sources.ledger.session(exchange.session_id)))

    def take_change(self, change: Change) -> None:
        """The answer that says what came from the cache may have ended."""
        compared = self._compared
        if compared is None or not compared.now.live:
            return
        for exchange in change.exchanges:
            if exchange.id == compared.now.id and not exchange.live:
                self._compared = replace(compared, now=exchange)
                self._instead(partial(self._write, at=self._view.scroll_y))

    def take_tick(self, tick: int) -> None:
        """Nothing here moves."""

    async def _write(self, *, at: float = 0) -> None:
        compared, width = self._compared, self._view.text_width
        if compared is None or not width:
            return
        rows = compared.rows
        lines = WrittenLines(((), *summary(compared.comparison, compared.before, compared.now, rows, width)))
        if not rows.rows:
            lines.extend([(), ((" Nothing differs: both ask for the same.", "dim"),)])
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
        """Compare the next request of the same agent."""
        now = self._sources.ledger.exchange(self._exchange_id)
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
        """Ask for words to find."""
        self._search.open()

    def action_hit(self, step: int) -> None:
        """Go to the next hit."""
        self._view.next_hit(step)

    def action_copy(self) -> None:
        """Copy the changes."""
        if self._compared is None or not self._compared.rows.rows:
            self.notify("There are no changes to copy.", timeout=2)
            return
        text = as_text(self._compared.rows.rows)
        clipboard.copy(self, "the changes", text)

    def action_back(self) -> None:
        """Leave the search, or the screen."""
        if not self._search.close():
            self.dismiss()
