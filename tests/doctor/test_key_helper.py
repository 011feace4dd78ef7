"""Whether apiKeyHelper prints a key. What is expected here is what Claude Code 2.1.332 makes of its output."""

from pathlib import Path

import pytest

from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.key_helper import check_key_helper
from tests.doctor.conftest import MakeContext, write_settings

PATH = {"PATH": "/usr/bin:/bin"}
NO_KEY = "Claude Code started here has no key"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nosuch-helper --key", "failed (exit 127: there is no such command)"),
        ("./.claude", "failed (exit 126: it is not executable)"),
        ("echo key-of-it; echo because-of-it >&2; exit 3", "failed (exit 3)"),
        ("true", "printed nothing"),
        ("echo two words-of-it", "printed more than a key, or not ASCII text"),
        ("echo schlüssel-of-it", "printed more than a key, or not ASCII text"),
    ],
)
def test_a_helper_that_gives_no_key_is_a_problem_and_its_output_is_not_shown(
    make_context: MakeContext, command: str, words: str
) -> None:
    context = make_context(environ=PATH)
    path = write_settings(context.home / ".claude/settings.json", {"apiKeyHelper": command})
    (context.directory / ".claude").mkdir()
    [check] = check_key_helper(context)
    assert (check.state, check.words) == (CheckState.BAD, f"the command in {path} {words}")
    assert check.consequence == NO_KEY
    assert str(path) in check.fix
    assert "of-it" not in check.fix


def test_beside_another_credential_claude_code_still_has_one(make_context: MakeContext) -> None:
    context = make_context(environ={**PATH, "ANTHROPIC_API_KEY": "k"})
    write_settings(context.home / ".claude/settings.json", {"apiKeyHelper": "exit 1"})
    [check] = check_key_helper(context)
    assert (check.state, check.consequence) == (CheckState.BAD, "")


def test_a_helper_runs_where_and_with_the_variables_that_claude_code_would_give_it(make_context: MakeContext) -> None:
    context = make_context(environ=PATH)
    command = f'test "$VAULT" = here && test "$PWD" = "{context.directory}" && echo key-of-it'
    path = write_settings(context.home / ".claude/settings.json", {"apiKeyHelper": command, "env": {"VAULT": "here"}})
    [check] = check_key_helper(context)
    assert (check.state, check.words) == (CheckState.OK, f"the command in {path} prints a key")


def test_a_helper_that_hangs_is_ended_with_its_children(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context(environ=PATH)
    write_settings(context.home / ".claude/settings.json", {"apiKeyHelper": "sleep 600 & wait"})
    [check] = check_key_helper(context, limit_s=0.05)
    assert check.state is CheckState.WARN
    assert "did not end within 0.05 s" in check.words


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
def test_a_helper_of_a_project_is_never_run(make_context: MakeContext, tmp_path: Path, name: str) -> None:
    context = make_context(environ=PATH)
    ran = tmp_path / "ran"
    path = write_settings(context.directory / ".claude" / name, {"apiKeyHelper": f"touch {ran}"})
    [check] = check_key_helper(context)
    assert (check.state, ran.exists()) == (CheckState.UNKNOWN, False)
    assert str(path) in check.words


def test_offline_no_helper_is_run(make_context: MakeContext, tmp_path: Path) -> None:
    context = make_context(environ=PATH, online=False)
    ran = tmp_path / "ran"
    write_settings(context.home / ".claude/settings.json", {"apiKeyHelper": f"touch {ran}"})
    assert check_key_helper(context)[0].state is CheckState.UNKNOWN
    assert not ran.exists()


def test_without_a_helper_there_is_nothing_to_say(make_context: MakeContext) -> None:
    context = make_context(environ=PATH)
    assert check_key_helper(context) == []
    write_settings(context.home / ".claude/settings.json", {"apiKeyHelper": ["echo"]})
    assert check_key_helper(context)[0].words.endswith("is not text")
