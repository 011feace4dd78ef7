"""Fixtures of the dashboard's tests."""

from pathlib import Path

import pytest

from tests.ui.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A dashboard with an empty store."""
    return Scene(tmp_path)
