"""Programs, terminal, keyring and credentials of this machine."""

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui import __version__
from candela_tui.claude_code.installed import NEWEST_KNOWN, OLDEST_TESTED, written
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.credentials import credential_checks
from candela_tui.doctor.keyring import check_keyring
from candela_tui.doctor.run_checks import gather_results
from candela_tui.doctor.terminal import check_terminal
from candela_tui.doctor.versions import check_claude, check_versions
from candela_tui.providers import identity
from tests.credentials.conftest import command
from tests.credentials.vault.secret_service import gnome_keyring, session_bus
from tests.doctor.conftest import MakeContext


def test_versions_are_told(make_context: MakeContext) -> None:
    [check] = check_versions(make_context())
    assert check.words.startswith(f"candela {__version__}, Python {sys.version_info.major}.")
    assert "textual " in check.words
    assert "SQLite " in check.words


def path_with(home: Path, script: str | None) -> dict[str, str]:
    if script is not None:
        command(home / "bin" / "claude", script)
    return {"PATH": str(home / "bin")}


@pytest.mark.parametrize(
    ("script", "state", "words"),
    [
        (None, CheckState.BAD, "claude is not on PATH"),
        ("echo '2.1.197 (Claude Code)'", CheckState.OK, "2.1.197 (Claude Code) ("),
        ("echo '2.1.196 (Claude Code)'", CheckState.WARN, "2.1.197 is the oldest version that candela is tested with"),
        ("echo '1.0.128 (Claude Code)'", CheckState.WARN, "2.1.197 is the oldest version that candela is tested with"),
        ("echo '9.1.0 (Claude Code)'", CheckState.OK, "9.1.0 (Claude Code) ("),
        ("echo 'no version'", CheckState.OK, "no version ("),
        ("echo broken >&2; exit 3", CheckState.BAD, "--version failed (exit 3): broken"),
    ],
)
def test_claude_on_the_path(
    make_context: MakeContext, home: Path, script: str | None, state: CheckState, words: str
) -> None:
    [check] = check_claude(make_context(environ=path_with(home, script)))
    assert check.state is state
    assert words in check.words
    assert check.consequence == ("Claude Code can't be started here" if state is CheckState.BAD else "")


@pytest.mark.parametrize("place", [".local/bin", ".claude/local"])
def test_a_claude_that_is_installed_but_not_on_the_path_is_named(
    make_context: MakeContext, home: Path, place: str
) -> None:
    (home / place).mkdir(parents=True)
    command(home / place / "claude", "echo '2.1.332 (Claude Code)'")
    [check] = check_claude(make_context(environ=path_with(home, None)))
    assert (check.state, check.words) == (CheckState.BAD, f"{home / place / 'claude'} is not on PATH")
    assert check.fix == f"Add {home / place} to PATH in your shell's profile."


def test_the_oldest_version_is_the_one_that_the_tests_run_with() -> None:
    script = (Path(__file__).parents[2] / ".ci/claude.sh").read_text()
    assert f"claude_oldest={written(OLDEST_TESTED)}\n" in script
    assert f"claude_newest={written(NEWEST_KNOWN)}\n" in script


def test_what_follows_from_the_version_is_said(make_context: MakeContext, home: Path) -> None:
    [old] = check_claude(make_context(environ=path_with(home, "echo '2.1.197 (Claude Code)'")))
    assert "unless ENABLE_TOOL_SEARCH is true" in old.fix
    [new] = check_claude(make_context(environ=path_with(home, "echo '9.1.0 (Claude Code)'")))
    assert "newer than 2.1.332" in new.fix


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        (
            {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "de_DE.UTF-8"},
            CheckState.OK,
            "120 x 36, true colour",
        ),
        ({"TERM": "xterm-256color", "LC_ALL": "C.utf8"}, CheckState.OK, "256 colours"),
        ({"TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1"}, CheckState.OK, "no colours (NO_COLOR)"),
        ({"TERM": "xterm", "LC_ALL": "C", "LANG": "C.UTF-8"}, CheckState.WARN, "its locale is not UTF-8"),
        ({"TERM": "dumb", "LANG": "C.UTF-8"}, CheckState.BAD, "TERM is dumb"),
        ({}, CheckState.BAD, "TERM is not set"),
    ],
)
def test_what_the_terminal_can_show(
    make_context: MakeContext, environ: dict[str, str], state: CheckState, words: str
) -> None:
    [check] = check_terminal(make_context(environ=environ, terminal=os.terminal_size((120, 36))))
    assert check.state is state
    assert words in check.words


def test_a_small_terminal_is_told(make_context: MakeContext) -> None:
    [check] = check_terminal(make_context(terminal=os.terminal_size((60, 36))))
    assert (check.state, check.fix) == (CheckState.WARN, "The dashboard needs 80 x 24.")


def test_without_a_terminal_nothing_is_known_of_it(make_context: MakeContext) -> None:
    [check] = check_terminal(make_context(terminal=None))
    assert (check.state, check.words) == (CheckState.UNKNOWN, "the output does not go to a terminal")


@pytest.mark.parametrize(("said", "state"), [("on", CheckState.OK), ("off", CheckState.WARN)])
def test_a_tmux_that_stops_notices_is_told_where_notices_are_wanted(
    make_context: MakeContext, home: Path, monkeypatch: pytest.MonkeyPatch, said: str, state: CheckState
) -> None:
    command(home / "bin" / "tmux", f"echo {said}")
    environ = {"TMUX": "/tmp/tmux-0/default,1,0", "PATH": str(home / "bin")}
    *_, wanted = check_terminal(make_context({"ui": {"attention": {"how": "osc9"}}}, environ=environ))
    *_, unwanted = check_terminal(make_context(environ=environ))
    assert (wanted.id, wanted.state) == ("machine.tmux", state)
    assert unwanted.state is CheckState.OK


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A D-Bus session, which the keyring package is led to."""
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with session_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


def signed_in(context: DoctorContext, store: Store) -> None:
    context.paths.make_data_directory()
    since = datetime(2026, 11, 21, tzinfo=UTC)
    Accounts(context.paths.accounts).put(
        identity.Provider.ANTHROPIC, Account(store, "Secret Service", "API key …1234", since)
    )


def test_a_keyring_is_told_locked_or_not_and_nobody_is_asked(
    make_context: MakeContext, bus: str, tmp_path: Path
) -> None:
    import keyring

    from candela_tui.credentials.vault.choice import open_vault

    context = make_context()
    with gnome_keyring(tmp_path, bus):
        open_vault("keyring", context.paths.vault, lambda: None).write("a", "secret")
        [check] = check_keyring(context)
        assert (check.state, check.words) == (CheckState.OK, f"{keyring.get_keyring().name}, unlocked")
    with gnome_keyring(tmp_path, bus, unlocked=False):
        assert check_keyring(context)[0].state is CheckState.WARN
        signed_in(context, "keyring")
        [check] = check_keyring(context)
        assert check.state is CheckState.BAD
        assert check.words.endswith("is locked, and a sign-in is stored in it")
        assert "candela auth login --store file" in check.fix


def test_an_account_without_a_keyring_is_not_well(make_context: MakeContext, bus: str, tmp_path: Path) -> None:
    with gnome_keyring(tmp_path, bus, unlocked=False):
        [check] = check_keyring(make_context())
    assert check.state is CheckState.WARN
    assert check.words.endswith("has no keyring yet")
    assert "candela auth login --store file" in check.fix


def test_without_a_keyring_the_file_is_offered(make_context: MakeContext, bus: str) -> None:
    context = make_context()
    [check] = check_keyring(context)
    assert check.state is CheckState.OK
    assert "encrypted file" in check.fix
    signed_in(context, "keyring")
    [check] = check_keyring(context)
    assert check.state is CheckState.BAD
    assert "--store file" in check.fix


def test_an_encrypted_file_wants_its_passphrase(make_context: MakeContext) -> None:
    context = make_context()
    signed_in(context, "file")
    assert check_keyring(context)[0].state is CheckState.WARN
    [check] = check_keyring(make_context(environ={"CANDELA_PASSPHRASE": "open sesame"}))
    assert check.state is CheckState.OK
    assert "sesame" not in check.words


def test_a_damaged_list_of_sign_ins_is_told(make_context: MakeContext) -> None:
    context = make_context()
    context.paths.make_data_directory()
    context.paths.accounts.write_text("{")
    assert "is damaged" in check_keyring(context)[0].words


def credentials(context: DoctorContext) -> dict[str, CheckResult]:
    checks = asyncio.run(gather_results(context, credential_checks()))
    return {check.id.removeprefix("credentials."): check for check in checks}


def test_credentials_that_are_not_there_are_wrong_only_where_they_are_needed(make_context: MakeContext) -> None:
    found = credentials(make_context())
    assert {name: check.state for name, check in found.items()} == dict.fromkeys(identity.ACCOUNTS, CheckState.OK)
    assert "passes untouched" in found["anthropic"].words
    for name, route in (("gcp", "anthropic-vertex"), ("aws", "anthropic-bedrock")):
        check = credentials(make_context({"proxy": {"default_route": route}}))[name]
        assert (check.state, check.fix) == (CheckState.BAD, f"Run `candela auth login --provider {name}`.")


def test_credentials_are_told_by_where_they_are(
    make_context: MakeContext, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE12\naws_secret_access_key = s3cr3t/key+of/aws\n"
    )
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-of-the-client")
    context = make_context()
    signed_in(context, "keyring")
    found = credentials(context)
    own = "ANTHROPIC_API_KEY: Claude Code sends it itself, and it passes untouched"
    assert found["anthropic"].words == f"Claude Code's own login: nothing to do ({own})"
    assert "default" in found["aws"].words
    assert found["aws"].state is CheckState.OK
    assert not any("s3cr3t" in check.words or "sk-ant" in check.words for check in found.values())


def test_a_file_of_google_credentials_that_is_not_there_is_told(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    check = credentials(make_context(environ=dict(os.environ)))["gcp"]
    assert check.state is CheckState.WARN
    assert "/nowhere/key.json, which does not exist" in check.words
