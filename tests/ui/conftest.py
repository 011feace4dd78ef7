"""Fixtures of the dashboard's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.notifications import Notification

from tests.ui.cheap_apps import cheap_apps
from tests.ui.scene import Scene


@pytest.fixture(scope="session", autouse=True)
def apps_are_cheap() -> Iterator[None]:
    """For all tests with a dashboard."""
    with cheap_apps():
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
