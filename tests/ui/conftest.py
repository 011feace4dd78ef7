"""Fixtures of the dashboard's tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.geometry import Region
from textual.notifications import Notification
from textual.screen import Screen

from tests.ui.scene import Scene


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    """Parse each piece of CSS once for all apps of this process, instead of once for each app."""
    parsed: dict[Any, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parse_once(self: Stylesheet, *piece: Any, **options: Any) -> list[RuleSet]:
        key = (piece, tuple(sorted(options.items())), tuple(sorted(self._variables.items())))
        if key not in parsed:
            parsed[key] = parse(self, *piece, **options)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_updates_for_nobody() -> Iterator[None]:
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

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Compositor, "render_update", draw_only)
        yield


@pytest.fixture(scope="session", autouse=True)
def _notifications_that_stay() -> Iterator[None]:
    """Keep notifications on the screen. After two to five seconds they would be gone, and on a busy machine a test may
    look later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Notification, "time_left", 3600.0)
        yield


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A dashboard with an empty store."""
    return Scene(tmp_path)
