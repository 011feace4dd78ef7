"""Where ANTHROPIC_BASE_URL leads."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import Settings
from candela_tui.doctor.base_url import check_base_url
from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.doctor.destination import REACHES_NOTHING, destination_of
from candela_tui.doctor.run_checks import in_thread
from tests.doctor.conftest import MakeContext, install, write_settings
from tests.proxy.running import RunningProxy, running
from tests.standin import Provider

NAME = "ANTHROPIC_BASE_URL"
PORT = Settings().proxy.port


@pytest.fixture
async def proxy(provider: Provider, tmp_path: Path) -> Any:
    async with running(provider, tmp_path / "data") as up:
        yield up


async def checked(context: Any) -> CheckResult:
    [check] = await in_thread(lambda: check_base_url(context))
    return check


def exported(url: str) -> dict[str, str]:
    return {NAME: url, "ENABLE_TOOL_SEARCH": "true"}


@pytest.mark.parametrize(
    ("url", "route"),
    [
        (f"http://127.0.0.1:{PORT}", "anthropic-direct"),
        (f"http://localhost:{PORT}/proxy/anthropic-vertex", "anthropic-vertex"),
        (f"http://[::1]:{PORT}/proxy/anthropic-bedrock/", "anthropic-bedrock"),
        (f"http://127.0.0.1:{PORT}/proxy/anthropic-nosuch", None),
    ],
)
def test_a_url_of_candela_leads_to_a_route(url: str, route: str | None) -> None:
    where = destination_of(url, Settings())
    assert where is not None
    assert (where.to_candela, where.route) == (True, route)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8181", "ftp://127.0.0.1:8181", "http://", "http://127.0.0.1:x", "http://[::1"]
)
def test_what_is_no_url_leads_nowhere(url: str) -> None:
    assert destination_of(url, Settings()) is None


@given(user=st.from_regex(r"[a-z0-9]{8,20}", fullmatch=True), path=st.from_regex(r"[a-z0-9]{8,20}", fullmatch=True))
def test_a_place_tells_neither_user_nor_path_nor_query(user: str, path: str) -> None:
    where = destination_of(f"https://{user}:{user}@gateway.example:8443/{path}?token={path}", Settings())
    assert where is not None
    assert (where.place, where.to_candela) == ("https://gateway.example:8443", False)


async def test_not_set_is_fine_and_says_how_to_set_it(make_context: MakeContext) -> None:
    check = await checked(make_context())
    assert check.state is CheckState.OK
    assert "bypasses candela unless candela starts it" in check.words
    assert 'eval "$(candela env)"' in check.fix


async def test_not_set_is_fine_where_candela_is_the_https_proxy(make_context: MakeContext) -> None:
    context = make_context()
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{context.settings.proxy.port}"}
    check = await checked(make_context(settings=context.settings, environ=environ))
    assert (check.state, check.fix) == (CheckState.OK, "")
    assert "through candela as its HTTPS proxy" in check.words


async def test_a_shell_that_leads_to_a_running_candela_is_well(make_context: MakeContext, proxy: RunningProxy) -> None:
    context = make_context({"proxy": {"port": proxy.port}}, environ=exported(proxy.url))
    check = await checked(context)
    assert (check.state, check.words) == (CheckState.OK, "this shell points at candela, route anthropic-direct")


@pytest.mark.parametrize(
    ("version", "value", "words"),
    [
        (None, None, "without ENABLE_TOOL_SEARCH a Claude Code before 2.1.304 sends"),
        ("2.1.197", None, "without ENABLE_TOOL_SEARCH Claude Code 2.1.197 sends"),
        ("2.1.332", None, None),
        ("2.1.197", "true", None),
        ("2.1.332", "auto:5", "ENABLE_TOOL_SEARCH in this shell turns tool search off"),
        ("2.1.332", "False", "ENABLE_TOOL_SEARCH in this shell turns tool search off"),
    ],
)
async def test_tool_search_that_is_off_for_this_version_is_told(
    make_context: MakeContext,
    proxy: RunningProxy,
    home: Path,
    version: str | None,
    value: str | None,
    words: str | None,
) -> None:
    environ = {NAME: proxy.url} | ({"ENABLE_TOOL_SEARCH": value} if value else {})
    if version is not None:
        environ["PATH"] = install(home, version)
    check = await checked(make_context({"proxy": {"port": proxy.port}}, environ=environ))
    assert check.state is (CheckState.WARN if words else CheckState.OK)
    assert words is None or words in check.words


async def test_a_path_that_is_no_route_is_wrong(make_context: MakeContext, proxy: RunningProxy) -> None:
    context = make_context({"proxy": {"port": proxy.port}}, environ=exported(f"{proxy.origin}/anthropic"))
    check = await checked(context)
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words == "this shell points at candela, but its path is not a route of candela"


async def test_a_candela_that_does_not_run_behind_it_is_wrong(make_context: MakeContext) -> None:
    context = make_context()
    url = f"http://127.0.0.1:{context.settings.proxy.port}"
    check = await checked(make_context({"proxy": {"port": context.settings.proxy.port}}, environ=exported(url)))
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words.endswith("which is not running")


async def test_a_settings_file_that_overrides_the_shell_is_named(
    make_context: MakeContext, proxy: RunningProxy
) -> None:
    context = make_context({"proxy": {"port": proxy.port}}, environ=exported(proxy.url))
    path = write_settings(context.home / ".claude/settings.json", {"env": {NAME: "https://u:p4ssword@gw.example/key"}})
    check = await checked(context)
    assert check.state is CheckState.BAD
    assert check.words == (
        f"this shell points at candela, but {path}, which overrides the shell, points at https://gw.example, "
        "a name that can't be resolved"
    )
    assert str(path) in check.fix


async def test_a_settings_file_that_unsets_it_is_named(make_context: MakeContext, proxy: RunningProxy) -> None:
    context = make_context({"proxy": {"port": proxy.port}}, environ=exported(proxy.url))
    path = write_settings(context.directory / ".claude/settings.local.json", {"env": {NAME: ""}})
    check = await checked(context)
    assert check.state is CheckState.BAD
    assert f"{path}, which overrides the shell, unsets it" in check.words


async def test_another_local_proxy_is_told_from_another_candela(
    make_context: MakeContext, proxy: RunningProxy, provider: Provider
) -> None:
    other = await checked(make_context(environ=exported(proxy.url)))
    program = await checked(make_context(environ=exported(provider.url)))
    assert (other.state, program.state) == (CheckState.WARN, CheckState.WARN)
    assert "on another port than the one of config.toml" in other.words
    assert "another program on this machine" in program.words


async def test_what_is_no_url_is_wrong(make_context: MakeContext) -> None:
    check = await checked(make_context(environ={NAME: "127.0.0.1:8181"}))
    assert (check.state, check.words) == (CheckState.BAD, "in this shell: not an http:// or https:// URL")
    assert check.consequence == REACHES_NOTHING


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_a_base_url_of_this_machine_where_nothing_listens_is_a_problem(
    make_context: MakeContext, host: str, nobody_listens: str
) -> None:
    port = nobody_listens.rpartition(":")[2]
    check = await checked(make_context(environ=exported(f"http://{host}:{port}")))
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words == f"this shell points at http://{host}:{port}, where nothing listens"
    assert "unset ANTHROPIC_BASE_URL" in check.fix


async def test_the_ipv6_address_is_not_where_candela_listens(make_context: MakeContext, proxy: RunningProxy) -> None:
    context = make_context({"proxy": {"port": proxy.port}}, environ=exported(f"http://[::1]:{proxy.port}"))
    check = await checked(context)
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words.endswith("at ::1; candela listens on 127.0.0.1 only")
    assert check.fix.startswith("Use 127.0.0.1 instead.")


async def test_a_base_url_that_ends_in_v1_is_a_problem(make_context: MakeContext, proxy: RunningProxy) -> None:
    check = await checked(make_context({"proxy": {"port": proxy.port}}, environ=exported(f"{proxy.origin}/v1/")))
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words == "this shell points at candela, but ends in /v1, which Claude Code adds itself"


async def test_a_dead_base_url_that_claude_code_does_not_use_stops_nothing(
    make_context: MakeContext, nobody_listens: str
) -> None:
    environ = {**exported(f"http://{nobody_listens}"), "CLAUDE_CODE_USE_BEDROCK": "1"}
    check = await checked(make_context(environ=environ))
    assert (check.state, check.consequence) == (CheckState.BAD, "")


async def test_a_gateway_whose_name_is_misspelt_is_a_problem(make_context: MakeContext) -> None:
    environ = exported("https://user:p4ssword@gateway.invalid/v1")
    check = await checked(make_context(environ=environ))
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words == "this shell points at https://gateway.invalid, a name that can't be resolved"
    for unasked in (
        make_context(environ=environ, online=False),
        make_context(environ={**environ, "HTTPS_PROXY": "http://proxy.example"}),
    ):
        assert (await checked(unasked)).state is CheckState.WARN
