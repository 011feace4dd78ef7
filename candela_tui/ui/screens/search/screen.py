"""The screen that searches the text of all sessions."""

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input

from candela_tui.fulltext.finder import Finder, Hit
from candela_tui.fulltext.index import EVERYWHERE, IndexUnavailable
from candela_tui.fulltext.progress_text import progress_text
from candela_tui.fulltext.query import Query, QueryError, parse_query
from candela_tui.ledger.names import session_title
from candela_tui.store.errors import StoreError
from candela_tui.text.times import time_of_day
from candela_tui.ui.deferred import deferred
from candela_tui.ui.keys.bindings import bind
from candela_tui.ui.screens.request.screen import RequestScreen, SoughtText
from candela_tui.ui.screens.search.hits import HitList, HitRow
from candela_tui.ui.screens.search.running import RunningSearch
from candela_tui.ui.state.data_sources import DataSources
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.closable import Closable
from candela_tui.ui.widgets.footer import KeyFooter
from candela_tui.ui.widgets.one_line import OneLine
from candela_tui.ui.widgets.rows.row_list import RowList

_TYPING_S = 0.25
"""Seconds that the search waits for the next letter."""
_MOST_HITS = 200
_AT_ONCE = 10
"""Hits that are shown at a time."""
_PROGRESS_EVERY_S = 2.0


class SearchInput(Input):
    """The input for what to find. Enter and down go to the hits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("search.hits", "enter,down", "hits", "Hits", "Go to the hits", shown_as="⏎", footer=True),
    ]

    def action_hits(self) -> None:
        """Go to the hits."""
        self.screen.focus_next(RowList)


class SearchScreen(Closable[None]):
    """Search what was said in any session. Opening a hit shows the request at the place."""

    DEFAULT_CSS = """
    SearchScreen {
        background: $background;

        #line { height: 1; padding: 0 1; background: $surface; }
        #sign { width: 9; background: $surface; }
        #words { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        #words:focus { border: none; }
        #state { padding: 0 1; background: $panel; }
        RowList { height: 1fr; padding: 0 1; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("search.back", "escape", "back", "Back", "Go back to the dashboard", footer=True),
        bind("search.leave", "q", "back", "Back", "Go back to the dashboard"),
        bind("search.words", "slash,S", "words", "Words", "Change what to search for", shown_as="/", footer=True),
    ]

    def __init__(self, sources: DataSources, finder: Finder, words: str = "") -> None:
        super().__init__()
        self._sources = sources
        self._finder = finder
        self._hits: list[Hit] = []
        self._words = SearchInput(words, id="words", compact=True, placeholder='flaky test "exact phrase"')
        self._state = OneLine(id="state")
        self._rows = RowList(id="hits")
        self._typing: Timer | None = None
        self._said: Line = ()
        self._progress = ""

    def compose(self) -> ComposeResult:
        """Lay out the input, what was found and the footer."""
        with Horizontal(id="line"):
            yield OneLine((("Search  ", "accent"),), id="sign")
            yield self._words
        yield self._state
        yield self._rows
        yield KeyFooter()

    def on_mount(self) -> None:
        """Search for the words that the screen was opened with."""
        self._words.focus()
        self.set_interval(_PROGRESS_EVERY_S, self._read_progress)
        self._read_progress()
        self._search()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_S, self._search)

    def _search(self) -> None:
        """Search for what is typed, instead of what was searched for before."""
        text = self._words.value
        if not text.strip():
            self.workers.cancel_group(self, "search")
            self._show_hits([])
            self._say(("All words in one text, in any order; quotes find a phrase exactly", "dim"))
            return
        try:
            query = parse_query(text)
        except QueryError as error:
            self._say((str(error), "warn"))
            return
        self.run_worker(deferred(self._find, query), group="search", exclusive=True)

    async def _find(self, query: Query) -> None:
        self._say(("searching", "dim"))
        running = RunningSearch(self._finder.find(query, EVERYWHERE, now=self._sources.clock.now()))
        hits: list[Hit] = []
        try:
            while len(hits) < _MOST_HITS:
                some = await running.some(_AT_ONCE)
                hits += some
                self._show_hits(hits)
                if len(some) < _AT_ONCE:
                    break
        except (IndexUnavailable, StoreError) as error:
            self._say((str(error), "warn"))
            return
        finally:
            running.stop()
        self._say(*_counted(len(hits)))

    def _show_hits(self, hits: list[Hit]) -> None:
        reset = not self._hits or hits[: len(self._hits)] != self._hits
        self._hits = list(hits)
        clock, loaded = self._sources.clock, self._sources.loaded
        self._rows.show_rows(
            [
                HitRow(
                    place,
                    hit,
                    time_of_day(hit.exchange.started_at, clock, seconds=False),
                    session_title(loaded.session(hit.exchange.session_id)),
                )
                for place, hit in enumerate(self._hits)
            ],
            reset=reset,
        )

    def _say(self, *pieces: tuple[str, str]) -> None:
        self._said = pieces
        self._show_state()

    def _show_state(self) -> None:
        progress = ((f"   {self._progress}", "warn"),) if self._progress else ()
        self._state.pieces = (*self._said, *progress)

    def _read_progress(self) -> None:
        self.run_worker(deferred(self._show_progress), group="progress", exclusive=True)

    async def _show_progress(self) -> None:
        try:
            progress = await asyncio.to_thread(self._finder.progress)
        except IndexUnavailable:
            # The search says what is wrong.
            return
        self._progress = progress_text(progress, self._sources.clock)
        self._show_state()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()
        assert isinstance(event.key, int)
        hit = self._hits[event.key]
        sought = SoughtText(hit.place, hit.snippet.found)
        self.app.push_screen(RequestScreen(self._sources, hit.exchange.id, HitList(self._hits), sought=sought))

    def action_words(self) -> None:
        """Change what to search for."""
        self._words.focus()

    def action_back(self) -> None:
        """Close the search."""
        self.dismiss()


def _counted(hits: int) -> Line:
    if not hits:
        return (("Nothing was found", "text"),)
    if hits >= _MOST_HITS:
        return ((f"The best {_MOST_HITS} hits", "text"),)
    return ((f"{hits} hit{'' if hits == 1 else 's'}", "text"),)
