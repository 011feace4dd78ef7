"""``candela env``: the environment, as every shell and Claude Code's settings take it."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.claude_code.provider_switches import PROVIDER_SWITCHES, switch_for
from candela_tui.claude_code.variables import is_switch
from candela_tui.cli.claude.environment import Changes, RouteOptions, changes
from candela_tui.cli.claude.shells import statements
from candela_tui.providers.identity import ROUTES, RouteName, route_of
from tests.cli.command import Home

DIRECT, VERTEX, BEDROCK = (route_of(name) for name in (RouteName.DIRECT, RouteName.VERTEX, RouteName.BEDROCK))


def switched(route: RouteName, **values: str) -> RouteOptions:
    return RouteOptions(route_of(route), switch=switch_for(route_of(route), None), values=values)


NATIVE_VERTEX = switched(RouteName.VERTEX_NATIVE, CLOUD_ML_REGION="global", ANTHROPIC_VERTEX_PROJECT_ID="p")

SUSPECTS = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_NEW_CLOUD",
    "ANTHROPIC_UNIX_SOCKET",
    "ANTHROPIC_NEW_CLOUD_BASE_URL",
)
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
    assert run_in(shell, f"{statements(shell, Changes({'CANDELA_TEST': value}))}\n{show}") == value + "\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_no_longer_has_what_is_in_the_way(shell: str) -> None:
    given = statements(shell, Changes({"CANDELA_TEST": "1"}))
    taken = statements(shell, Changes({}, ("CANDELA_TEST", "CANDELA_NEVER_SET")))
    show = (
        "Write-Output (Test-Path Env:CANDELA_TEST)"
        if shell == "powershell"
        else "env | grep -q ^CANDELA_TEST= && echo True || echo False"
    )
    assert run_in(shell, f"{given}\n{show}\n{taken}\n{show}").split() == ["True", "False"]


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
            "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1",
        }
    }


async def test_an_unknown_shell_is_a_mistake_of_usage(home: Home) -> None:
    result = await home.run("env", "--shell", "tcsh")
    assert result.code == 2
    assert "'bash', 'zsh', 'fish', 'powershell'" in result.err


@pytest.mark.parametrize(
    ("name", "theirs"), [("ENABLE_TOOL_SEARCH", "auto:5"), ("CLAUDE_CODE_GATEWAY_HINT_HEADERS", "0")]
)
def test_a_decision_of_the_user_stays(name: str, theirs: str) -> None:
    assert changes(RouteOptions(DIRECT), 8181, {name: theirs}).wanted[name] == theirs


def test_an_http_proxy_is_kept_out_of_the_way_to_this_machine() -> None:
    environ = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "intranet, .example"}
    wanted = changes(RouteOptions(DIRECT), 8181, environ).wanted
    assert wanted["NO_PROXY"] == "intranet,.example,127.0.0.1"
    # A client that reads only one of the two must not lose the user's own exceptions.
    assert wanted["no_proxy"] == wanted["NO_PROXY"]


def test_a_proxy_of_the_clients_settings_files_is_kept_out_of_the_way_too() -> None:
    seen = {"ALL_PROXY": "http://proxy:3128", "no_proxy": "intranet"}
    assert changes(RouteOptions(DIRECT), 8181, {}, seen).wanted["NO_PROXY"] == "intranet,127.0.0.1"


@given(st.sampled_from(["*", "127.0.0.1", "intranet,127.0.0.1"]))
def test_exceptions_that_suffice_are_left_alone(exceptions: str) -> None:
    environ = {"http_proxy": "http://proxy:3128", "NO_PROXY": exceptions, "no_proxy": exceptions}
    wanted = changes(RouteOptions(DIRECT), 8181, environ).wanted
    assert "NO_PROXY" not in wanted
    assert "no_proxy" not in wanted


async def test_the_mapped_ways_stand_in_for_a_login(home: Home) -> None:
    for cloud in ("vertex", "bedrock"):
        assert (await home.run("env", "--route", cloud, "--shell", "bash")).out.splitlines() == [
            f"export ANTHROPIC_BASE_URL=http://127.0.0.1:{home.port}/proxy/anthropic-{cloud}",
            "export ENABLE_TOOL_SEARCH=true",
            "export CLAUDE_CODE_GATEWAY_HINT_HEADERS=1",
            "export ANTHROPIC_AUTH_TOKEN=candela",
        ]


async def test_the_native_way_to_vertex_tells_project_and_region(home: Home) -> None:
    out = (await home.run("env", "--route=vertex", "--native", "--json", CANDELA_VERTEX__PROJECT="my-project")).out
    assert json.loads(out)["env"] == {
        "CLAUDE_CODE_USE_VERTEX": "1",
        "ANTHROPIC_VERTEX_BASE_URL": f"http://127.0.0.1:{home.port}/vertex/v1",
        "CLAUDE_CODE_SKIP_VERTEX_AUTH": "1",
        "CLOUD_ML_REGION": "global",
        "ANTHROPIC_VERTEX_PROJECT_ID": "my-project",
    }


async def test_the_native_way_to_vertex_tells_the_regions_of_single_models(home: Home) -> None:
    home.config.write_text(
        '[models."claude-opus-5-5"]\nvertex_region = "eu"\n[models."claude-sonnet-4-6"]\nvertex = "own"\n'
    )
    out = (await home.run("env", "--route=vertex", "--native", "--json", CANDELA_VERTEX__PROJECT="my-project")).out
    regions = {name: value for name, value in json.loads(out)["env"].items() if name.startswith("VERTEX_REGION_")}
    assert regions == {"VERTEX_REGION_CLAUDE_5_5_OPUS": "eu"}


async def test_the_native_way_to_bedrock_tells_the_region(home: Home) -> None:
    out = (await home.run("env", "--route", "bedrock", "--native", "--json", AWS_REGION="eu-west-1")).out
    assert json.loads(out)["env"] == {
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "ANTHROPIC_BEDROCK_BASE_URL": f"http://127.0.0.1:{home.port}/bedrock",
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
        "AWS_REGION": "eu-west-1",
    }


async def test_a_native_way_to_anthropic_is_a_mistake_of_usage(home: Home) -> None:
    result = await home.run("env", "--native")
    assert result.code == 2
    assert "--route vertex or --route bedrock" in result.err


@pytest.mark.parametrize(("route", "name"), [("anthropic-vertex", "vertex"), ("anthropic-bedrock", "bedrock")])
async def test_the_default_is_the_route_that_the_settings_say(route: str, name: str, home: Home) -> None:
    out = (await home.run("env", "--shell", "bash", CANDELA_PROXY__DEFAULT_ROUTE=route)).out
    assert f"/proxy/anthropic-{name}\n" in out


@pytest.mark.parametrize("options", [RouteOptions(route) for route in ROUTES if not route.native])
def test_what_leads_past_the_proxy_is_taken_away(options: RouteOptions) -> None:
    environ = {**dict.fromkeys(SUSPECTS, "1"), "PATH": "/bin"}
    assert changes(options, 8181, environ).applied_to(environ).keys() & set(SUSPECTS) == set()
    settings = changes(options, 8181, environ).as_settings()
    assert settings.items() >= dict.fromkeys((name for name in SUSPECTS if not name.endswith("SOCKET")), "").items()


@pytest.mark.parametrize(
    ("options", "switch"),
    [(switched(switch.route), switch.name) for switch in PROVIDER_SWITCHES],
)
def test_of_the_providers_own_switches_a_native_way_leaves_only_its_own(options: RouteOptions, switch: str) -> None:
    environ = dict.fromkeys(SUSPECTS, "1") | {"ANTHROPIC_AUTH_TOKEN": "sk-ant-of-anthropic"}
    left = changes(options, 8181, environ).applied_to(environ)
    assert {name for name in left if name in SUSPECTS or is_switch(name)} == {switch}
    assert set(changes(options, 8181, environ).led_past) == {*SUSPECTS} - {switch}
    assert "ANTHROPIC_AUTH_TOKEN" not in left


def test_a_key_of_anthropics_goes_to_anthropic_only() -> None:
    environ = {"ANTHROPIC_API_KEY": "sk-ant-key", "ANTHROPIC_AUTH_TOKEN": "token"}
    direct, mapped = changes(RouteOptions(DIRECT), 8181, environ), changes(RouteOptions(VERTEX), 8181, environ)
    assert direct.applied_to(environ).items() >= environ.items()
    assert "ANTHROPIC_API_KEY" not in mapped.applied_to(environ)
    assert mapped.applied_to(environ)["ANTHROPIC_AUTH_TOKEN"] == "candela"


def test_foundry_gets_a_placeholder_and_no_resource_beside_the_base_url() -> None:
    environ = {"ANTHROPIC_FOUNDRY_RESOURCE": "mine", "ANTHROPIC_FOUNDRY_AUTH_TOKEN": "token"}
    made = changes(switched(RouteName.FOUNDRY), 8181, environ)
    assert made.applied_to(environ) == {
        "CLAUDE_CODE_USE_FOUNDRY": "1",
        "ANTHROPIC_FOUNDRY_BASE_URL": "http://127.0.0.1:8181/proxy/anthropic-foundry",
        "CLAUDE_CODE_SKIP_FOUNDRY_AUTH": "1",
        "ANTHROPIC_FOUNDRY_API_KEY": "candela",
    }


@pytest.mark.parametrize(
    ("route", "switch", "base", "skip"),
    [
        (
            RouteName.MANTLE,
            "CLAUDE_CODE_USE_MANTLE",
            ("ANTHROPIC_BEDROCK_MANTLE_BASE_URL", "/proxy/anthropic-mantle"),
            "CLAUDE_CODE_SKIP_MANTLE_AUTH",
        ),
        (
            RouteName.CLAUDE_AWS,
            "CLAUDE_CODE_USE_ANTHROPIC_AWS",
            ("ANTHROPIC_AWS_BASE_URL", "/proxy/claude-aws"),
            "CLAUDE_CODE_SKIP_ANTHROPIC_AWS_AUTH",
        ),
    ],
)
def test_the_places_of_aws_get_their_switches_and_no_token_for_anthropic(
    route: RouteName, switch: str, base: tuple[str, str], skip: str
) -> None:
    environ = {"ANTHROPIC_AUTH_TOKEN": "token", "ANTHROPIC_API_KEY": "key", "CLAUDE_CODE_USE_BEDROCK": "1"}
    made = changes(switched(route), 8181, environ)
    assert made.applied_to(environ) == {switch: "1", base[0]: f"http://127.0.0.1:8181{base[1]}", skip: "1"}


@pytest.mark.parametrize(("version", "switch"), [((2, 1, 332), True), ((2, 1, 306), False)])
def test_claude_on_google_cloud_has_a_switch_from_2_1_307_on(version: tuple[int, int, int], switch: bool) -> None:
    route = route_of(RouteName.CLAUDE_GOOGLE_CLOUD)
    wanted = changes(RouteOptions(route, switch=switch_for(route, version)), 8181, {}).wanted
    base = "http://127.0.0.1:8181/proxy/claude-google-cloud"
    if switch:
        assert wanted == {
            "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD": "1",
            "ANTHROPIC_GOOGLE_CLOUD_BASE_URL": base,
            "CLAUDE_CODE_SKIP_ANTHROPIC_GOOGLE_CLOUD_AUTH": "1",
        }
    else:
        assert wanted.items() >= {"ANTHROPIC_BASE_URL": base, "ANTHROPIC_AUTH_TOKEN": "candela"}.items()


@given(st.lists(st.sampled_from(["direct", "vertex", "bedrock", "foundry", "mantle"]), min_size=1, max_size=4))
def test_the_last_of_several_ways_holds_whatever_came_before(routes: list[str]) -> None:
    ways = {
        "direct": RouteOptions(DIRECT),
        "vertex": NATIVE_VERTEX,
        "bedrock": RouteOptions(BEDROCK),
        "foundry": switched(RouteName.FOUNDRY),
        "mantle": switched(RouteName.MANTLE),
    }
    environ: dict[str, str] = {}
    for route in routes:
        environ = changes(ways[route], 8181, environ).applied_to(environ)
    fresh = changes(ways[routes[-1]], 8181, {}).applied_to({})
    assert environ.items() >= fresh.items()
    deciding = {*SUSPECTS, "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_VERTEX_BASE_URL", "ANTHROPIC_FOUNDRY_API_KEY"}
    assert environ.keys() & deciding == fresh.keys() & deciding


class TestAKeyOfCandelasOwn:
    OPTIONS = RouteOptions(DIRECT, own_key=True)

    def test_stands_behind_a_placeholder_where_the_client_has_none(self) -> None:
        assert changes(self.OPTIONS, 8181, {}).wanted["ANTHROPIC_AUTH_TOKEN"] == "candela"

    @pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
    def test_leaves_the_clients_own_alone(self, name: str) -> None:
        made = changes(self.OPTIONS, 8181, {name: "sk-ant-own"})
        assert "ANTHROPIC_AUTH_TOKEN" not in made.wanted
        assert name not in made.unwanted


async def test_what_is_unset_is_said_beside_the_lines(home: Home) -> None:
    result = await home.run("env", "--shell", "bash", CLAUDE_CODE_USE_FOUNDRY="1", ANTHROPIC_UNIX_SOCKET="/x.sock")
    assert {"unset CLAUDE_CODE_USE_FOUNDRY", "unset ANTHROPIC_UNIX_SOCKET"} <= set(result.out.splitlines())
    assert "removed CLAUDE_CODE_USE_FOUNDRY, ANTHROPIC_UNIX_SOCKET" in result.err
    # An empty socket in settings.json does not undo that of the shell.
    result = await home.run("env", "--json", ANTHROPIC_UNIX_SOCKET="/x.sock")
    assert "ANTHROPIC_UNIX_SOCKET" not in result.out
    assert "settings.json can't unset ANTHROPIC_UNIX_SOCKET" in result.err


def test_a_native_way_of_before_is_unset_without_a_word() -> None:
    before = changes(NATIVE_VERTEX, 8181, {}).wanted
    made = changes(RouteOptions(DIRECT), 8181, before)
    assert {"CLAUDE_CODE_USE_VERTEX", "ANTHROPIC_VERTEX_BASE_URL", "CLAUDE_CODE_SKIP_VERTEX_AUTH"} <= {*made.unwanted}
    assert made.led_past == ()
    of_the_user = {**before, "ANTHROPIC_VERTEX_BASE_URL": "https://gateway.example"}
    made = changes(RouteOptions(DIRECT), 8181, of_the_user)
    assert made.led_past == ("CLAUDE_CODE_USE_VERTEX", "ANTHROPIC_VERTEX_BASE_URL")
    assert "CLAUDE_CODE_SKIP_VERTEX_AUTH" not in made.unwanted


def test_the_small_model_that_was_set_for_anthropic_is_not_left_for_others() -> None:
    before = changes(RouteOptions(DIRECT, haiku="claude-haiku-5-5"), 8181, {}).applied_to({})
    for options in (switched(RouteName.FOUNDRY), RouteOptions(VERTEX)):
        assert "ANTHROPIC_DEFAULT_HAIKU_MODEL" in changes(options, 8181, before).unwanted
        theirs = {**before, "ANTHROPIC_DEFAULT_HAIKU_MODEL": "my-small"}
        assert "ANTHROPIC_DEFAULT_HAIKU_MODEL" not in changes(options, 8181, theirs).unwanted
    assert changes(RouteOptions(DIRECT), 8181, before).unwanted == ()


class TestTheSmallModel:
    """For titles, which Claude Code otherwise asks of the main model."""

    @staticmethod
    def install(home: Home, version: str = "2.1.332") -> dict[str, str]:
        program = home.directory / "versions" / version / "claude"
        program.parent.mkdir(parents=True)
        program.write_text('#!/bin/sh\necho "<$ANTHROPIC_DEFAULT_HAIKU_MODEL>"\n')
        program.chmod(0o755)
        path = f"{program.parent}:{home.environment['PATH']}"
        return {"PATH": path, "CANDELA_ANTHROPIC__BASE_URL": "https://api.anthropic.com"}

    @pytest.mark.parametrize(
        ("version", "model"), [("2.1.332", "claude-haiku-5-5"), ("2.1.197", "claude-haiku-4-5-20251001")]
    )
    async def test_is_the_one_that_this_version_uses_at_anthropic(self, version: str, model: str, home: Home) -> None:
        environ = self.install(home, version)
        result = await home.run("env", "--shell", "bash", **environ)
        assert f"export ANTHROPIC_DEFAULT_HAIKU_MODEL={model}" in result.out.splitlines()
        assert f"set ANTHROPIC_DEFAULT_HAIKU_MODEL={model}" in result.err
        assert "anthropic.set_haiku_model false" in result.err

    async def test_is_set_for_the_client_that_candela_starts(self, home: Home) -> None:
        environ = self.install(home)
        assert (await home.run("claude", **environ)).out == "<claude-haiku-5-5>\n"
        assert (await home.run("exec", "--", "claude", **environ)).out == "<claude-haiku-5-5>\n"
        assert (await home.run("exec", "--", "env", **environ)).out.count("HAIKU") == 0

    @pytest.mark.parametrize(
        "decided",
        [
            {"ANTHROPIC_DEFAULT_HAIKU_MODEL": "my-model"},
            {"ANTHROPIC_SMALL_FAST_MODEL": "my-model"},
            {"CANDELA_ANTHROPIC__SET_HAIKU_MODEL": "false"},
            {"CANDELA_ANTHROPIC__BASE_URL": "https://gateway.example"},
            {"CANDELA_PROXY__DEFAULT_ROUTE": "anthropic-bedrock"},
        ],
    )
    async def test_is_left_alone_where_that_was_decided_or_another_host_answers(
        self, decided: dict[str, str], home: Home
    ) -> None:
        result = await home.run("env", "--shell", "bash", **(self.install(home) | decided))
        assert "HAIKU" not in result.out + result.err


def test_gateway_mode_has_a_bearer_token_and_no_key_beside_it() -> None:
    environ = {"ANTHROPIC_API_KEY": "sk-ant-theirs"}
    made = changes(RouteOptions(DIRECT, own_key=True, gateway_key="ck_live_x"), 8181, environ)
    assert made.wanted["CLAUDE_CODE_USE_GATEWAY"] == "1"
    assert made.wanted["ANTHROPIC_AUTH_TOKEN"] == "ck_live_x"
    assert "ANTHROPIC_API_KEY" in made.unwanted


def test_gateway_mode_ends_with_the_environment_that_has_it() -> None:
    options = RouteOptions(DIRECT, own_key=True)
    before = changes(replace(options, gateway_key="ck_live_x"), 8181, {}).wanted
    made = changes(options, 8181, before)
    assert "CLAUDE_CODE_USE_GATEWAY" in made.unwanted
    assert made.led_past == ()


async def test_env_in_gateway_mode_makes_a_key_and_says_what_it_costs(home: Home) -> None:
    own = {"CANDELA_ANTHROPIC__KEY_COMMAND": "echo sk-ant-api03-own"}
    result = await home.run("env", "--gateway", "--json", **own)
    variables = json.loads(result.out)["env"]
    assert (variables["CLAUDE_CODE_USE_GATEWAY"], variables["ANTHROPIC_AUTH_TOKEN"][:8]) == ("1", "ck_live_")
    assert "goes without context-management, advanced-tool-use" in result.err
    again = await home.run("env", "--gateway", "--json", **own)
    assert json.loads(again.out)["env"] == variables
    given = await home.run("env", "--gateway", "--json", ANTHROPIC_AUTH_TOKEN="ck_live_mine", **own)
    assert json.loads(given.out)["env"]["ANTHROPIC_AUTH_TOKEN"] == "ck_live_mine"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--key", "ci"), "add --gateway"),
        (("--gateway", "--intercept"), "leave out --native and --intercept"),
        (("--gateway",), "has no API key for that"),
        (("--gateway", "--key", "a b"), "not a name"),
    ],
)
async def test_gateway_mode_says_what_is_missing(words: tuple[str, ...], said: str, home: Home) -> None:
    own = {"CANDELA_ANTHROPIC__KEY_COMMAND": "echo sk-ant-api03-own"} if words[-1] == "a b" else {}
    result = await home.run("env", *words, **own)
    assert result.code != 0
    assert said in result.err
