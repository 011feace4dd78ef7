"""Claude Code's settings files: which of them wins. What is expected here was seen with Claude Code 2.1.197."""

from pathlib import Path

import pytest

from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.client_settings import client_environment
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.settings_files import check_settings_files
from tests.doctor.conftest import MakeContext, write_settings

NAME = "ANTHROPIC_BASE_URL"


def places(context: DoctorContext) -> dict[str, Path]:
    return {
        "user": context.home / ".claude" / "settings.json",
        "project": context.directory / ".claude" / "settings.json",
        "local": context.directory / ".claude" / "settings.local.json",
        "managed": context.managed / "managed-settings.json",
        "managed.d": context.managed / "managed-settings.d" / "10-proxy.json",
    }


def test_each_file_goes_before_the_ones_below_it_and_all_before_the_shell(make_context: MakeContext) -> None:
    context = make_context(environ={NAME: "http://shell"})
    assert getattr(client_environment(context).get(NAME), "where", None) == "this shell"
    for name, path in places(context).items():
        write_settings(path, {"env": {NAME: f"http://{name}"}})
        found = client_environment(context).get(NAME)
        assert found is not None
        assert (found.value, found.where) == (f"http://{name}", str(path))


def test_an_empty_value_in_a_file_unsets(make_context: MakeContext) -> None:
    context = make_context(environ={NAME: "http://shell"})
    write_settings(places(context)["user"], {"env": {NAME: ""}})
    assert client_environment(context).get(NAME) is None


def test_claude_config_dir_moves_the_users_settings(make_context: MakeContext, tmp_path: Path) -> None:
    write_settings(tmp_path / "moved" / "settings.json", {"env": {NAME: "http://moved"}})
    context = make_context(environ={"CLAUDE_CONFIG_DIR": str(tmp_path / "moved")})
    found = client_environment(context).get(NAME)
    assert found is not None
    assert found.value == "http://moved"


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ('{"env": {"ANTHROPIC_BASE_URL": "http://x",}}', "is not valid JSON (line 1)"),
        ('// mine\n{"env": {}}', "is not valid JSON (line 1)"),
        ("[]", "is not a JSON object"),
    ],
)
def test_a_file_that_the_client_leaves_out_is_named(make_context: MakeContext, text: str, trouble: str) -> None:
    context = make_context(environ={NAME: "http://shell"})
    path = write_settings(places(context)["project"], text)
    [check] = check_settings_files(context)
    assert (check.id, check.state, check.words) == ("client.settings.project", CheckState.BAD, f"{path} {trouble}")
    assert getattr(client_environment(context).get(NAME), "value", None) == "http://shell"


def test_a_file_is_told_by_the_names_in_it_and_never_by_their_values(make_context: MakeContext) -> None:
    context = make_context()
    document = {"env": {"ANTHROPIC_API_KEY": "sk-ant-1", "EDITOR": "vi"}, "apiKeyHelper": "echo sk-ant-2"}
    path = write_settings(places(context)["user"], document)
    [check] = check_settings_files(context)
    assert (check.state, check.words) == (CheckState.OK, f"{path} sets ANTHROPIC_API_KEY, apiKeyHelper")


def test_without_files_that_is_said(make_context: MakeContext) -> None:
    context = make_context()
    [check] = check_settings_files(context)
    assert (check.state, check.words) == (CheckState.OK, f"none in {context.directory} or for this user")
