"""A user of candela on a machine where nothing else is set up."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config import Settings
from candela_tui.doctor.context import DoctorContext
from candela_tui.paths import default_paths
from tests.credentials.conftest import command
from tests.credentials.conftest import home as home
from tests.credentials.conftest import nobody_listens as nobody_listens
from tests.e2e.candela import free_port

MakeContext = Callable[..., DoctorContext]


@pytest.fixture
def make_context(home: Path, tmp_path: Path) -> MakeContext:
    """Makes a context; ``sections`` are those of config.toml, other arguments replace the fields."""

    def make(sections: dict[str, Any] | None = None, **fields: Any) -> DoctorContext:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        settings = Settings.model_validate({"proxy": {"port": free_port()}, **(sections or {})})
        context = DoctorContext(
            default_paths(tmp_path / "config.toml", tmp_path / "data"),
            settings,
            environ={"TERM": "xterm-256color", "LANG": "C.UTF-8"},
            home=home,
            directory=project,
            managed=tmp_path / "managed",
        )
        return replace(context, **fields)

    return make


def write_settings(path: Path, document: Any) -> Path:
    """A settings file of Claude Code; text is written as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def install(home: Path, version: str) -> str:
    """Install a Claude Code of this version; the PATH that leads to it."""
    folder = home / "versions" / version
    folder.mkdir(parents=True)
    command(folder / "claude", "exit")
    return str(folder)
