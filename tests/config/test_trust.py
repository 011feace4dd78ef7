"""Settings that others could have written."""

import os
from pathlib import Path

import pytest

from candela_tui.config import config_access, data_access, load
from candela_tui.config.trust import others_access

COMMAND = '[anthropic]\nkey_command = "cat key"\nbase_url = "https://gateway.example"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    file = tmp_path / "config.toml"
    file.write_text(COMMAND)
    file.chmod(0o644)
    return file


def test_a_file_of_this_user_alone_is_trusted(config: Path) -> None:
    assert config_access(config) is None
    assert load(config, {}).anthropic.key_command == "cat key"


@pytest.mark.parametrize("what", ["file", "directory", "target of a link"])
def test_a_command_that_others_could_have_written_is_not_run(config: Path, what: str, tmp_path: Path) -> None:
    place = config
    if what == "directory":
        place = config.parent
    elif what == "target of a link":
        place = tmp_path / "elsewhere.toml"
        config.rename(place)
        config.symlink_to(place)
    place.chmod(0o777)
    words = config_access(config)
    assert words is not None
    assert f"{place} can be written by others" in words
    assert f"`chmod go-w {place}`" in words
    settings = load(config, {})
    assert settings.anthropic.key_command is None
    assert settings.anthropic.base_url == "https://gateway.example"
    from_environment = load(config, {"CANDELA_ANTHROPIC__KEY_COMMAND": "cat mine"})
    assert from_environment.anthropic.key_command == "cat mine"


def test_what_belongs_to_another_user_is_named(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = config.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    if owner == 0:
        # Root could change it anyway.
        assert others_access(config) is None
        os.chown(config, 4242, -1)
        owner = 4242
    assert others_access(config) == f"belongs to another user (uid {owner})"
    assert load(config, {}).anthropic.key_command is None


def test_a_data_directory_that_others_can_write_is_named(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert data_access(data) is None
    data.mkdir(mode=0o700)
    assert data_access(data) is None
    data.chmod(0o777)
    words = data_access(data)
    assert words is not None
    assert f"{data} can be written by others" in words


def test_nothing_there_is_nothing_to_distrust(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert config_access(tmp_path / "config.toml") is None
