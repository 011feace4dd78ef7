"""``candela env``: the environment, as every shell and Claude Code's settings take it."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.cli.environment import statements, variables
from tests.cli.command import Home

SHELLS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "powershell": "pwsh"}
SHOW = {
    "bash": 'printf "%s\\n" "$ANTHROPIC_BASE_URL" "$ENABLE_TOOL_SEARCH"',
    "zsh": 'printf "%s\\n" "$ANTHROPIC_BASE_URL" "$ENABLE_TOOL_SEARCH"',
    "fish": 'printf "%s\\n" "$ANTHROPIC_BASE_URL" "$ENABLE_TOOL_SEARCH"',
    "powershell": "Write-Output $env:ANTHROPIC_BASE_URL $env:ENABLE_TOOL_SEARCH",
}


def program(shell: str) -> str:
    found = shutil.which(SHELLS[shell])
    if found is None:
        pytest.skip(f"{SHELLS[shell]} is not installed")
    return found


def run_in(shell: str, script: str) -> str:
    options = (
        ["--no-config"] if shell == "fish" else ["-f"] if shell == "zsh" else ["--norc"] if shell == "bash" else []
    )
    return subprocess.run([program(shell), *options, "-c", script], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("shell", SHELLS)
async def test_a_real_shell_takes_the_lines(shell: str, home: Home) -> None:
    lines = (await home.run("env", "--shell", shell)).out
    assert run_in(shell, lines + SHOW[shell]) == f"http://127.0.0.1:{home.port}/proxy/anthropic-direct\ntrue\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_gets_any_value_back_whole(shell: str) -> None:
    value = """it's "$HOME" `id` \\' \\ $(id) * ~ # ; & | < > ’ ‘ ünï"""
    show = "Write-Output $env:CANDELA_TEST" if shell == "powershell" else 'printf "%s\\n" "$CANDELA_TEST"'
    assert run_in(shell, f"{statements(shell, {'CANDELA_TEST': value})}\n{show}") == value + "\n"


async def test_the_shell_is_the_one_that_the_user_has(home: Home) -> None:
    assert (await home.run("env", SHELL="/usr/bin/fish")).out.startswith("set -gx ANTHROPIC_BASE_URL ")
    assert (await home.run("env", SHELL="/bin/zsh")).out.startswith("export ANTHROPIC_BASE_URL=")
    assert (await home.run("env", SHELL="/opt/pwsh")).out.startswith("$env:ANTHROPIC_BASE_URL = ")
    assert (await home.run("env", SHELL="/bin/dash")).out.startswith("export ANTHROPIC_BASE_URL=")


async def test_json_is_what_the_settings_of_claude_code_take(home: Home) -> None:
    assert json.loads((await home.run("env", "--json")).out) == {
        "env": {
            "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{home.port}/proxy/anthropic-direct",
            "ENABLE_TOOL_SEARCH": "true",
        }
    }


async def test_an_unknown_shell_is_a_mistake_of_usage(home: Home) -> None:
    result = await home.run("env", "--shell", "tcsh")
    assert result.code == 2
    assert "'bash', 'zsh', 'fish', 'powershell'" in result.err


def test_a_decision_about_tool_search_stays_the_users() -> None:
    assert variables(8181, {"ENABLE_TOOL_SEARCH": "auto:5"})["ENABLE_TOOL_SEARCH"] == "auto:5"


def test_an_http_proxy_is_kept_out_of_the_way_to_this_machine() -> None:
    wanted = variables(8181, {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "intranet, .example"})
    assert wanted["NO_PROXY"] == "intranet,.example,127.0.0.1"
    assert wanted["no_proxy"] == "127.0.0.1"


@given(st.sampled_from(["*", "127.0.0.1", "intranet,127.0.0.1"]))
def test_exceptions_that_suffice_are_left_alone(exceptions: str) -> None:
    wanted = variables(8181, {"http_proxy": "http://proxy:3128", "NO_PROXY": exceptions, "no_proxy": exceptions})
    assert "NO_PROXY" not in wanted
    assert "no_proxy" not in wanted
