"""``candela install`` and ``uninstall``: the settings of Claude Code, changed after asking and put back."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Home, Result
from tests.cli.typist import typing

MINE = b'{\n  "model": "opus",\n  "env": {\n    "MY_TOKEN": "abc",\n    "A": "b"\n  }\n}\n'


def project(home: Home) -> Path:
    return home.directory / ".claude" / "settings.json"


@pytest.fixture
def at_home(home: Home) -> Home:
    """A user whose project is not the home directory."""
    home.environment["CLAUDE_CONFIG_DIR"] = str(home.directory / "of-user")
    return home


def with_settings(home: Home, text: bytes = MINE) -> Path:
    file = project(home)
    file.parent.mkdir()
    file.write_bytes(text)
    return file


def settings(file: Path) -> Any:
    return json.loads(file.read_bytes())


async def done(home: Home, *arguments: str) -> Result:
    ran = await home.run(*arguments)
    assert ran.code == 0, ran.err
    return ran


@pytest.mark.parametrize("part", ["statusline", "env"])
async def test_what_was_installed_is_put_back_to_the_byte(at_home: Home, part: str) -> None:
    file = with_settings(at_home)
    file.chmod(0o640)
    await done(at_home, "install", part, "--yes")
    assert settings(file)["env"]["A"] == "b"
    assert file.read_bytes() != MINE
    await done(at_home, "uninstall", part, "--yes")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (MINE, 0o640)


@pytest.mark.parametrize("order", [("statusline", "env"), ("env", "statusline")])
async def test_files_that_were_not_there_are_removed_again_in_any_order(at_home: Home, order: tuple[str, ...]) -> None:
    for part in ("statusline", "env"):
        await done(at_home, "install", part, "--yes")
    for part in order:
        assert project(at_home).exists()
        await done(at_home, "uninstall", part, "--yes")
    assert not project(at_home).parent.exists()


async def test_the_status_line_is_the_command_with_its_own_data_directory(at_home: Home) -> None:
    await done(at_home, "install", "statusline", "--yes")
    line = settings(project(at_home))["statusLine"]
    assert line["type"] == "command"
    assert line["command"].endswith(f" --config {at_home.config} --data-dir {at_home.data} statusline")


async def test_the_environment_is_that_of_candela_env(at_home: Home) -> None:
    printed = json.loads((await done(at_home, "env", "--json")).out)
    await done(at_home, "install", "env", "--yes")
    assert settings(project(at_home)) == printed


async def test_the_users_own_file_is_another_one(at_home: Home) -> None:
    await done(at_home, "install", "statusline", "--user", "--yes")
    assert not project(at_home).exists()
    assert list(settings(at_home.directory / "of-user" / "settings.json")) == ["statusLine"]
    await done(at_home, "uninstall", "statusline", "--user", "--yes")
    assert not (at_home.directory / "of-user").exists()


async def test_a_status_line_of_another_program_comes_back(at_home: Home) -> None:
    mine = b'{"statusLine":{"type":"command","command":"mine"},"a":[1.50,"\\u00e9"]}'
    file = with_settings(at_home, mine)
    await done(at_home, "install", "statusline", "--yes")
    assert "candela" in settings(file)["statusLine"]["command"]
    await done(at_home, "uninstall", "statusline", "--yes")
    assert file.read_bytes() == mine


async def test_to_install_again_for_another_route_replaces_the_first(at_home: Home) -> None:
    file = with_settings(at_home)
    await done(at_home, "install", "env", "--yes")
    await done(at_home, "install", "env", "--route", "vertex", "--yes")
    assert settings(file)["env"]["ANTHROPIC_BASE_URL"].endswith("/proxy/anthropic-vertex")
    again = await done(at_home, "install", "env", "--route", "vertex")
    assert again.out == f"{file} has this already.\n"
    await done(at_home, "uninstall", "env", "--yes")
    assert file.read_bytes() == MINE


async def test_a_switch_in_the_file_that_leads_past_candela_is_off_until_it_is_put_back(at_home: Home) -> None:
    mine = b'{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}'
    file = with_settings(at_home, mine)
    ran = await done(at_home, "install", "env", "--yes")
    assert "removed CLAUDE_CODE_USE_BEDROCK" in ran.err
    assert settings(file)["env"]["CLAUDE_CODE_USE_BEDROCK"] == ""
    await done(at_home, "uninstall", "env", "--yes")
    assert file.read_bytes() == mine


async def test_the_change_is_shown_without_secrets(at_home: Home) -> None:
    with_settings(at_home)
    ran = await done(at_home, "install", "env", "--yes")
    assert '+    "ANTHROPIC_BASE_URL": "http://127.0.0.1:' in ran.out
    assert '     "MY_TOKEN": "[redacted]"' in ran.out
    assert "abc" not in ran.out
    assert b"abc" not in (at_home.data / "installed.json").read_bytes()


async def test_without_a_terminal_nothing_is_written_unless_yes_is_given(at_home: Home) -> None:
    file = with_settings(at_home)
    ran = await at_home.run("install", "statusline")
    assert ran.code == 2
    assert '+    "type": "command"' in ran.out
    assert "Give --yes to go ahead" in ran.err
    assert file.read_bytes() == MINE


@pytest.mark.parametrize(("answered", "written"), [("y", True), ("n", False), ("", False)])
async def test_on_a_terminal_it_asks(at_home: Home, answered: str, written: bool) -> None:
    file = with_settings(at_home)
    async with typing(at_home, "install", "statusline") as typist:
        await typist.sees("[y/N]: ")
        assert file.read_bytes() == MINE
        await typist.types(answered)
        assert await typist.ended() == (0 if written else 1)
    assert (file.read_bytes() != MINE) == written


async def test_a_credential_in_the_file_is_not_overwritten(at_home: Home) -> None:
    mine = b'{"env": {"ANTHROPIC_API_KEY": "whatever-it-is"}}'
    file = with_settings(at_home, mine)
    ran = await at_home.run("install", "env", "--route", "vertex", "--yes")
    assert ran.code == 1
    assert f"{file} has a credential as env.ANTHROPIC_API_KEY" in ran.err
    assert "whatever" not in ran.out + ran.err
    assert file.read_bytes() == mine
    assert not (at_home.data / "installed.json").exists()


@pytest.mark.parametrize("command", ["statusline", "env"])
async def test_a_file_that_is_not_json_is_refused_with_the_place(at_home: Home, command: str) -> None:
    mine = b'{\n  "a": 1, // mine\n}'
    file = with_settings(at_home, mine)
    ran = await at_home.run("install", command, "--yes")
    assert ran.code == 1
    assert f"{file} is not valid JSON (line 2, column 11" in ran.err
    assert "Correct it first" in ran.err
    assert file.read_bytes() == mine


async def test_what_the_user_changed_since_stays_and_is_named(at_home: Home) -> None:
    file = with_settings(at_home)
    await done(at_home, "install", "env", "--yes")
    document = settings(file)
    document["env"]["ANTHROPIC_BASE_URL"] = "http://mine"
    file.write_text(json.dumps(document))
    ran = await done(at_home, "uninstall", "env", "--yes")
    assert "env.ANTHROPIC_BASE_URL" in ran.err
    assert settings(file)["env"] == {"MY_TOKEN": "abc", "A": "b", "ANTHROPIC_BASE_URL": "http://mine"}
    assert (await at_home.run("uninstall", "env", "--yes")).code == 1


async def test_another_file_that_goes_before_is_named(at_home: Home) -> None:
    with_settings(at_home)
    local = project(at_home).with_name("settings.local.json")
    local.write_text('{"statusLine": {"type": "command", "command": "mine"}}')
    ran = await done(at_home, "install", "statusline", "--yes")
    assert f"Warning: {local} has statusLine as well" in ran.err


async def test_what_candela_did_not_install_is_not_uninstalled(at_home: Home) -> None:
    file = with_settings(at_home, b'{"statusLine": {"type": "command", "command": "candela statusline"}}')
    ran = await at_home.run("uninstall", "statusline", "--yes")
    assert ran.code == 1
    assert f"has not installed this in {file}" in ran.err


async def test_a_link_stays_a_link(at_home: Home) -> None:
    kept = at_home.directory / "dotfiles.json"
    kept.write_bytes(MINE)
    project(at_home).parent.mkdir()
    project(at_home).symlink_to(kept)
    await done(at_home, "install", "statusline", "--yes")
    assert project(at_home).is_symlink()
    assert "statusLine" in settings(kept)


async def test_a_damaged_record_is_named(at_home: Home) -> None:
    with_settings(at_home)
    await done(at_home, "install", "statusline", "--yes")
    (at_home.data / "installed.json").write_text("[")
    ran = await at_home.run("uninstall", "statusline", "--yes")
    assert ran.code == 1
    assert f"{at_home.data / 'installed.json'} is damaged" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read any file")
async def test_a_file_that_may_not_be_read_is_named(at_home: Home) -> None:
    file = with_settings(at_home)
    file.chmod(0)
    ran = await at_home.run("install", "statusline", "--yes")
    assert (ran.code, f"{file}: can't be read: Permission denied" in ran.err) == (1, True)
