"""Spares the dashboards of a test process what each would do again, and what nobody sees."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import textual.strip
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.app import App
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen

from candela_tui.ui.style.strip_caches import leave_out_strip_caches


@contextmanager
def cheap_apps() -> Iterator[None]:
    """Make dashboards cheap while in the block."""
    with pytest.MonkeyPatch.context() as patch:
        _parse_styles_once(patch)
        _draw_when_a_test_waits(patch)
        # By identity, as Textual's own, which is not written in C.
        patch.setattr(RuleSet, "__hash__", object.__hash__)
        # As `candela` does. It is set to itself, so that the original is put back afterwards.
        patch.setattr(textual.strip, "FIFOCache", textual.strip.FIFOCache)
        leave_out_strip_caches()
        yield


def _parse_styles_once(patch: pytest.MonkeyPatch) -> None:
    """Parse each piece of CSS once for all apps of this process, instead of once for each app."""
    parsed: dict[frozenset[tuple[str, str]], dict[Any, list[RuleSet]]] = {}
    make, set_variables = Stylesheet.__init__, Stylesheet.set_variables

    def share(self: Stylesheet, variables: dict[str, str]) -> None:
        self._parse_cache = parsed.setdefault(frozenset(variables.items()), {})

    def make_sharing(self: Stylesheet, *, variables: dict[str, str] | None = None) -> None:
        make(self, variables=variables)
        share(self, self._variables)

    def share_again(self: Stylesheet, variables: dict[str, str]) -> None:
        self._parse_cache = {}  # Textual empties it.
        set_variables(self, variables)
        share(self, variables)

    patch.setattr(Stylesheet, "__init__", make_sharing)
    patch.setattr(Stylesheet, "set_variables", share_again)


def _draw_when_a_test_waits(patch: pytest.MonkeyPatch) -> None:
    """Let widgets draw their lines when a test waits for the app, instead of with every refresh, of which nobody sees
    most. Never cut the lines into updates for a terminal: an app without one would throw the updates away."""
    render, shut_down = Compositor.render_update, App._shutdown

    def put_off(
        self: Compositor, full: bool = False, screen_stack: list[Screen[Any]] | None = None, simplify: bool = False
    ) -> Any:
        # What changed stays in its dirty regions.
        return render(self, full, screen_stack, simplify) if full else None

    def then_draw(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def wait_and_draw(self: Pilot[Any], *given: Any, **named: Any) -> Any:
            done = await method(self, *given, **named)
            _draw_what_changed(self.app)
            return done

        return wait_and_draw

    async def draw_and_shut_down(self: App[Any]) -> None:
        try:
            _draw_what_changed(self)
        finally:
            await shut_down(self)

    patch.setattr(Compositor, "render_update", put_off)
    for waits in ("pause", "press", "_post_mouse_events"):
        patch.setattr(Pilot, waits, then_draw(getattr(Pilot, waits)))
    patch.setattr(App, "_shutdown", draw_and_shut_down)


def _draw_what_changed(app: App[Any]) -> None:
    if not app.is_running or not app.is_headless or not app.screen_stack or app._batch_count:
        return
    compositor = app.screen._compositor
    if changed := compositor._dirty_regions.copy():
        compositor._dirty_regions.clear()
        visible_screen_stack.set(app._background_screens)
        for _ in compositor._get_renders(Region.from_union(changed).intersection(compositor.size.region)):
            pass
