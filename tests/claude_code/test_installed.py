"""The version of Claude Code is found by where it is installed, and what follows from it is said."""

import json
from pathlib import Path

import pytest

from candela_tui.claude_code.features import in_words
from candela_tui.claude_code.installed import Version, installed_version, version_in, version_of_command
from candela_tui.claude_code.models import haiku_of


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_npms_package_says_it(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@anthropic-ai" / "claude-code"
    target = program(package / "bin" / "claude.exe")
    (package / "package.json").write_text(json.dumps({"name": "@anthropic-ai/claude-code", "version": "2.1.332"}))
    link = tmp_path / "node_modules" / ".bin" / "claude"
    link.parent.mkdir()
    link.symlink_to(target)
    assert installed_version(link) == (2, 1, 332)
    assert version_of_command("claude", {"PATH": str(link.parent)}) == (2, 1, 332)
    assert version_of_command(str(link), {}) == (2, 1, 332)


@pytest.mark.parametrize("place", ["share/claude/versions/2.1.300", "Caskroom/claude-code/2.1.300/claude"])
def test_a_path_with_the_version_says_it(place: str, tmp_path: Path) -> None:
    assert installed_version(program(tmp_path / place)) == (2, 1, 300)


@pytest.mark.parametrize("package", ["", "[]", "{", '{"name": "other", "version": "1.0.0"}'])
def test_another_place_says_nothing(package: str, tmp_path: Path) -> None:
    found = program(tmp_path / "bin" / "claude")
    (tmp_path / "package.json").write_text(package)
    assert installed_version(found) is None
    assert installed_version(tmp_path / "missing") is None
    assert version_of_command("python", {"PATH": str(found.parent)}) is None
    assert version_of_command("claude", {}) is None


def test_the_version_that_the_client_prints() -> None:
    assert version_in("2.1.332 (Claude Code)\n") == (2, 1, 332)
    assert version_in("broken") is None


@pytest.mark.parametrize(
    ("version", "haiku", "said"),
    [
        ((2, 1, 100), None, "unless ENABLE_TOOL_SEARCH is true"),
        ((2, 1, 197), "claude-haiku-4-5-20251001", "unless ENABLE_TOOL_SEARCH is true"),
        ((2, 1, 292), "claude-haiku-4-5-20251001", "unless ENABLE_TOOL_SEARCH is true"),
        ((2, 1, 293), "claude-haiku-5-5", "unless ENABLE_TOOL_SEARCH is true"),
        ((2, 1, 303), "claude-haiku-5-5", "unless ENABLE_TOOL_SEARCH is true"),
        ((2, 1, 304), "claude-haiku-5-5", "unless ENABLE_TOOL_SEARCH is false or auto"),
        ((2, 2, 0), "claude-haiku-5-5", "newer than 2.1.332"),
    ],
)
def test_what_follows_from_a_version(version: Version, haiku: str | None, said: str) -> None:
    assert haiku_of(version) == haiku
    assert said in in_words(version)
    assert ("newer than" in in_words(version)) is (version > (2, 1, 332))
    assert haiku is None or haiku in in_words(version)
