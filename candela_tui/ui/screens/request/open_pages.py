"""The open pages of one request, and the one in view."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from textual.worker import Worker

from candela_tui.store.errors import StoreError
from candela_tui.ui.deferred import deferred
from candela_tui.ui.screens.request.pages.page import Page
from candela_tui.ui.state.exchange_bodies import ExchangeBodies
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.text_view import TextView
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

_AHEAD = 20_000
"""How many lines to write beyond those in view. A body of 60 MB has millions, and few of them are ever looked at."""


@dataclass(slots=True)
class _Open:
    page: Page
    at: float = 0
    """The line at the top of its view."""
    written: asyncio.Event = field(default_factory=asyncio.Event)
    steps: Iterator[None] | None = None
    """The steps that write the rest of it; None: there are none, or they are not known yet."""
    whole: bool = False
    """Whether all of it is needed, however much of it is in view."""


class OpenPages:
    """Write pages into a view. Each page keeps its scroll position while others are in view."""

    def __init__(self, view: TextView, changed: Callable[[], None]) -> None:
        self._view = view
        self._changed = changed
        self._open: dict[str, _Open] = {}
        self._dropped: list[Page] = []
        """Closed pages that may still be in view."""
        self._title: str | None = None
        self._grew = asyncio.Event()
        self._worker: Worker[object] | None = None
        self._bodies: ExchangeBodies | None = None

    @property
    def page(self) -> Page | None:
        """The page in view."""
        known = self._open.get(self._title or "")
        return known.page if known is not None else None

    async def written(self) -> Page | None:
        """Return the page in view once everything available is written."""
        known = self._open.get(self._title or "")
        if known is None:
            return None
        known.whole = True
        self._view.needs_lines.set()
        await known.written.wait()
        return known.page

    def show(self, title: str, make: Callable[[], Page], bodies: ExchangeBodies, *, at: float = 0) -> None:
        """Show the page of this title at its old position. If it is not open, ``make`` it, starting ``at`` a line."""
        self.keep_place()
        self._title = title
        self._bodies = bodies
        if title not in self._open:
            self._open[title] = _Open(make(), at)
        # Passed by title: a worker keeps its arguments, and with them the body, until the collector runs.
        write = deferred(self._write, title)
        self._worker = self._view.run_worker(write, group="page", exclusive=True)

    def forget_place(self, title: str) -> None:
        """Forget where the page of this title was scrolled to."""
        if title in self._open:
            self._open[title].at = 0

    def forget(self, title: str | None = None) -> None:
        """Close the page of this title, or all pages, so that they are made again."""
        if title is None:
            self._dropped += [known.page for known in self._open.values()]
            self._open.clear()
            self._title = None
        elif title in self._open:
            self._dropped.append(self._open.pop(title).page)

    def _release_dropped(self) -> None:
        """Empty the pages that were closed, once they are not in view any more: a block may refer to its page, which
        would keep both, and with them the body, alive until the collector runs."""
        dropped, self._dropped = self._dropped, []
        if dropped:
            # The app's work, because the screen's ends with the screen.
            self._view.app.run_worker(deferred(_release, dropped), group="release")

    def close(self) -> None:
        """Close all pages and release their contents."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        self._bodies = None
        self.forget()
        self._release_dropped()
        self._view.release_lines()

    def grew(self) -> None:
        """Wake the writer: there may be more to write."""
        self._grew.set()

    def keep_place(self) -> None:
        """Remember the scroll position of the page in view."""
        known = self._open.get(self._title or "")
        if known is not None:
            known.at = self._view.scroll_y
            if not known.written.is_set() and known.steps is None:
                # Not read yet, and its worker stops: it starts over when it is shown again.
                self.forget(self._title)

    async def _write(self, title: str) -> None:
        # Cancellation needs no handling. Raised, its traceback would keep these frames, and with them the body, alive
        # in a reference cycle.
        with contextlib.suppress(asyncio.CancelledError):
            try:
                known, bodies = self._open.get(title), self._bodies
                if known is not None and bodies is not None:
                    await self._keep_writing(known, bodies)
            except StoreError as error:
                self._view.show_lines(WrittenLines([(), ((f" {error}", "warn"),)]))
                self._changed()

    async def _keep_writing(self, known: _Open, bodies: ExchangeBodies) -> None:
        page = known.page
        shown = None

        def grown() -> None:
            nonlocal shown
            if page.lines is not shown:
                shown = page.lines
                self._view.show_lines(shown, at=known.at, follow=page.follows, more=known.steps is not None)
                self._release_dropped()
            else:
                # The lines before the position to show may only now exist.
                early = self._view.scroll_y < known.at and not known.written.is_set()
                self._view.grew(at=known.at if early else None)
            self._changed()

        if known.written.is_set() or known.steps is not None:
            grown()
        if not known.written.is_set():
            if known.steps is None:
                known.steps = await page.open()
            await self._run(known, grown)
            known.written.set()
        while True:
            self._grew.clear()
            if known.steps is None:
                known.steps = await page.more()
            if known.steps is not None:
                await self._run(known, grown)
            await self._grew.wait()
            await asyncio.sleep(bodies.grows_every_s)

    async def _run(self, known: _Open, grown: Callable[[], None]) -> None:
        """Run the steps of a page, for now no further than the view needs."""
        view = self._view

        def enough() -> bool:
            return not (known.whole or view.needs_all) and (
                len(known.page.lines) >= max(known.at, view.scroll_y) + view.size.height + _AHEAD
            )

        assert known.steps is not None
        while not await in_slices(known.steps, grown, enough):
            view.go_on(True)
            while enough():
                view.needs_lines.clear()
                await view.needs_lines.wait()
        view.go_on(False)
        known.steps = None


async def _release(dropped: list[Page]) -> None:
    while dropped:
        lines = dropped.pop().lines
        if isinstance(lines, FoldedLines):
            await in_slices(lines.clear())
