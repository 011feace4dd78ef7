"""Spares the dashboards of a test process what each would do again, and what nobody sees."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import textual.strip
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.geometry import Region
from textual.screen import Screen

from candela_tui.ui.style.strip_caches import leave_out_strip_caches


@contextmanager
def cheap_apps() -> Iterator[None]:
    """Make dashboards cheap while in the block."""
    with pytest.MonkeyPatch.context() as patch:
        _parse_styles_once(patch)
        _make_no_updates_for_nobody(patch)
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


def _make_no_updates_for_nobody(patch: pytest.MonkeyPatch) -> None:
    """Let widgets draw their lines, but do not cut these into updates for a terminal. An app without a terminal would
    throw the updates away."""
    render = Compositor.render_update

    def draw_only(
        self: Compositor, full: bool = False, screen_stack: list[Screen[Any]] | None = None, simplify: bool = False
    ) -> Any:
        if full:
            return render(self, full, screen_stack, simplify)
        visible_screen_stack.set(screen_stack or [])
        changed = self._dirty_regions.copy()
        self._dirty_regions.clear()
        if changed:
            for _ in self._get_renders(Region.from_union(changed).intersection(self.size.region)):
                pass
        return None

    patch.setattr(Compositor, "render_update", draw_only)
