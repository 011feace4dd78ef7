"""Where ANTHROPIC_BASE_URL leads."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import Settings
from candela_tui.diagnosis.base_url import check_base_url, leads
from candela_tui.diagnosis.check import Check, State
from candela_tui.diagnosis.examine import in_thread
from tests.diagnosis.conftest import MakePatient, install, write_settings
from tests.proxy.running import RunningProxy, running
from tests.standin import Provider

NAME = "ANTHROPIC_BASE_URL"
PORT = Settings().proxy.port


@pytest.fixture
async def proxy(provider: Provider, tmp_path: Path) -> Any:
    async with running(provider, tmp_path / "data") as up:
        yield up


async def checked(patient: Any) -> Check:
    [check] = await in_thread(lambda: check_base_url(patient))
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
    where = leads(url, Settings())
    assert where is not None
    assert (where.to_candela, where.route) == (True, route)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8181", "ftp://127.0.0.1:8181", "http://", "http://127.0.0.1:x", "http://[::1"]
)
def test_what_is_no_url_leads_nowhere(url: str) -> None:
    assert leads(url, Settings()) is None


@given(user=st.from_regex(r"[a-z0-9]{8,20}", fullmatch=True), path=st.from_regex(r"[a-z0-9]{8,20}", fullmatch=True))
def test_a_place_tells_neither_user_nor_path_nor_query(user: str, path: str) -> None:
    where = leads(f"https://{user}:{user}@gateway.example:8443/{path}?token={path}", Settings())
    assert where is not None
    assert (where.place, where.to_candela) == ("https://gateway.example:8443", False)


async def test_not_set_is_as_it_should_be_and_tells_how_to_set_it(make_patient: MakePatient) -> None:
    check = await checked(make_patient())
    assert check.state is State.OK
    assert "past candela unless candela starts it" in check.words
    assert 'eval "$(candela env)"' in check.fix


async def test_a_shell_that_leads_to_a_running_candela_is_well(make_patient: MakePatient, proxy: RunningProxy) -> None:
    patient = make_patient({"proxy": {"port": proxy.port}}, environ=exported(proxy.url))
    check = await checked(patient)
    assert (check.state, check.words) == (State.OK, "in this shell leads to candela, route anthropic-direct")


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
    make_patient: MakePatient,
    proxy: RunningProxy,
    home: Path,
    version: str | None,
    value: str | None,
    words: str | None,
) -> None:
    environ = {NAME: proxy.url} | ({"ENABLE_TOOL_SEARCH": value} if value else {})
    if version is not None:
        environ["PATH"] = install(home, version)
    check = await checked(make_patient({"proxy": {"port": proxy.port}}, environ=environ))
    assert check.state is (State.WARN if words else State.OK)
    assert words is None or words in check.words


async def test_a_path_that_is_no_route_is_wrong(make_patient: MakePatient, proxy: RunningProxy) -> None:
    patient = make_patient({"proxy": {"port": proxy.port}}, environ=exported(f"{proxy.origin}/anthropic"))
    check = await checked(patient)
    assert (check.state, check.words) == (State.BAD, "in this shell leads to candela, but to no route of it")


async def test_a_candela_that_does_not_run_behind_it_is_wrong(make_patient: MakePatient) -> None:
    patient = make_patient()
    url = f"http://127.0.0.1:{patient.settings.proxy.port}"
    check = await checked(make_patient({"proxy": {"port": patient.settings.proxy.port}}, environ=exported(url)))
    assert check.state is State.BAD
    assert check.words.endswith("which does not run")


async def test_a_settings_file_that_overrides_the_shell_is_named(
    make_patient: MakePatient, proxy: RunningProxy
) -> None:
    patient = make_patient({"proxy": {"port": proxy.port}}, environ=exported(proxy.url))
    path = write_settings(patient.home / ".claude/settings.json", {"env": {NAME: "https://u:p4ssword@gw.example/key"}})
    check = await checked(patient)
    assert check.state is State.BAD
    assert check.words == (
        f"leads to candela in this shell, but {path}, which goes before the shell, leads to https://gw.example"
    )
    assert str(path) in check.fix


async def test_a_settings_file_that_unsets_it_is_named(make_patient: MakePatient, proxy: RunningProxy) -> None:
    patient = make_patient({"proxy": {"port": proxy.port}}, environ=exported(proxy.url))
    path = write_settings(patient.directory / ".claude/settings.local.json", {"env": {NAME: ""}})
    check = await checked(patient)
    assert check.state is State.BAD
    assert f"is unset by {path}" in check.words


async def test_another_local_proxy_is_told_from_another_candela(
    make_patient: MakePatient, proxy: RunningProxy, provider: Provider, nobody_listens: str
) -> None:
    nobody = await checked(make_patient(environ=exported(f"http://{nobody_listens}")))
    assert nobody.words.endswith("where nothing listens, past candela")
    other = await checked(make_patient(environ=exported(proxy.url)))
    program = await checked(make_patient(environ=exported(provider.url)))
    assert (other.state, program.state) == (State.WARN, State.WARN)
    assert "on another port than the one of config.toml" in other.words
    assert "another program on this machine" in program.words


async def test_what_is_no_url_is_wrong(make_patient: MakePatient) -> None:
    check = await checked(make_patient(environ={NAME: "127.0.0.1:8181"}))
    assert (check.state, check.words) == (State.BAD, "in this shell is no http:// or https:// URL")
