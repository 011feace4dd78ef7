"""What leads Claude Code past candela although ANTHROPIC_BASE_URL is right, and what it signs in with."""

from pathlib import Path

import pytest

from candela_tui.diagnosis.check import State
from candela_tui.diagnosis.client_credentials import check_client_credentials
from candela_tui.diagnosis.cloud_switches import check_cloud_switches
from candela_tui.diagnosis.http_proxy import check_http_proxy, check_vpn
from tests.diagnosis.conftest import MakePatient, install, write_settings

TO_CANDELA = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8181/proxy/anthropic-direct"}
SECTIONS = {"proxy": {"port": 8181}}
PROXY = "http://me:p4ssword@proxy.example:3128"


@pytest.mark.parametrize(
    ("exceptions", "oldest", "newest"),
    [
        ({}, State.BAD, State.BAD),
        ({"NO_PROXY": "localhost"}, State.BAD, State.BAD),
        ({"NO_PROXY": "127.0.0.1:9999"}, State.BAD, State.BAD),
        ({"NO_PROXY": "0.0.0.0/99"}, State.BAD, State.BAD),
        ({"NO_PROXY": "localhost,127.0.0.0/8"}, State.BAD, State.OK),
        ({"NO_PROXY": "localhost 127.0.0.1"}, State.OK, State.OK),
        ({"NO_PROXY": "127.0.0.1", "no_proxy": "localhost"}, State.BAD, State.OK),
        ({"NO_PROXY": "127.0.0.1"}, State.OK, State.OK),
        ({"NO_PROXY": "foo, 127.0.0.1"}, State.OK, State.OK),
        ({"NO_PROXY": "localhost", "no_proxy": "127.0.0.1"}, State.OK, State.OK),
        ({"NO_PROXY": "*"}, State.OK, State.OK),
        ({"NO_PROXY": ".0.0.1"}, State.OK, State.OK),
        ({"NO_PROXY": "0.0.1"}, State.OK, State.BAD),
    ],
)
@pytest.mark.parametrize("version", ["2.1.197", "2.1.332"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy"])
def test_an_http_proxy_without_an_exception_for_loopback_diverts(
    make_patient: MakePatient,
    home: Path,
    exceptions: dict[str, str],
    oldest: State,
    newest: State,
    version: str,
    name: str,
) -> None:
    """As observed with each version; tests/e2e/test_doctor.py asks the client itself."""
    environ = {name: PROXY, **TO_CANDELA, **exceptions, "PATH": install(home, version)}
    [check] = check_http_proxy(make_patient(SECTIONS, environ=environ))
    assert check.state is (oldest if version == "2.1.197" else newest)
    assert check.words.startswith(f"{name} in this shell leads to proxy.example:3128")
    assert "p4ssword" not in check.words


def test_the_proxy_of_a_settings_file_counts_and_so_does_its_exception(make_patient: MakePatient) -> None:
    patient = make_patient(SECTIONS, environ=TO_CANDELA)
    path = write_settings(patient.home / ".claude/settings.json", {"env": {"HTTPS_PROXY": PROXY}})
    [check] = check_http_proxy(patient)
    assert check.state is State.BAD
    assert str(path) in check.fix
    write_settings(path, {"env": {"HTTPS_PROXY": PROXY, "NO_PROXY": "127.0.0.1"}})
    assert check_http_proxy(patient)[0].state is State.OK


def test_a_shell_that_does_not_lead_to_candela_is_only_warned(make_patient: MakePatient) -> None:
    assert check_http_proxy(make_patient(environ={"HTTPS_PROXY": PROXY}))[0].state is State.WARN


def test_a_socks_proxy_is_one_that_candela_can_not_use(make_patient: MakePatient) -> None:
    [check] = check_http_proxy(make_patient(environ={"HTTPS_PROXY": "socks5://127.0.0.1:1080"}))
    assert check.state is State.BAD
    assert "a SOCKS proxy, which candela can't use" in check.words


def test_no_proxy_is_well(make_patient: MakePatient) -> None:
    assert check_http_proxy(make_patient(environ={}))[0].state is State.OK


@pytest.mark.parametrize(("version", "state"), [("2.1.197", State.OK), ("2.1.332", State.BAD)])
def test_all_proxy_counts_for_the_versions_that_read_it(
    make_patient: MakePatient, home: Path, version: str, state: State
) -> None:
    environ = {"ALL_PROXY": PROXY, **TO_CANDELA, "PATH": install(home, version)}
    [check] = check_http_proxy(make_patient(SECTIONS, environ=environ))
    assert check.state is state
    assert "ALL_PROXY" in check.words


def test_a_vpn_is_hinted_at_by_its_interface(make_patient: MakePatient, tmp_path: Path) -> None:
    for name, state in (("eth0", "up"), ("wg0", "unknown"), ("tun1", "down")):
        (tmp_path / "net" / name).mkdir(parents=True)
        (tmp_path / "net" / name / "operstate").write_text(f"{state}\n")
    [check] = check_vpn(make_patient(), tmp_path / "net")
    assert (check.state, check.words) == (State.OK, "a VPN seems to be up (wg0)")
    assert "proxy.ca_bundle" in check.fix
    assert check_vpn(make_patient(), tmp_path / "nothing")[0].state is State.UNKNOWN


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        (
            {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_API_KEY": "k"},
            State.WARN,
            "both are sent, and the token goes first",
        ),
        ({"ANTHROPIC_AUTH_TOKEN": "t"}, State.OK, "ANTHROPIC_AUTH_TOKEN (this shell)"),
        ({"ANTHROPIC_API_KEY": "k"}, State.OK, "ANTHROPIC_API_KEY (this shell)"),
        ({"ANTHROPIC_AUTH_TOKEN": "candela", **TO_CANDELA}, State.OK, "candela signs in"),
        ({"ANTHROPIC_AUTH_TOKEN": "candela"}, State.BAD, "requests do not go to candela"),
        ({}, State.UNKNOWN, "can't be seen here"),
    ],
)
def test_what_the_client_signs_in_with(
    make_patient: MakePatient, environ: dict[str, str], state: State, words: str
) -> None:
    [check] = check_client_credentials(make_patient(SECTIONS, environ=environ))
    assert check.state is state
    assert words in check.words


def test_a_key_helper_beside_a_token_or_a_key_is_told(make_patient: MakePatient) -> None:
    for name in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"):
        patient = make_patient(environ={name: "value-of-it"})
        path = write_settings(patient.directory / ".claude/settings.json", {"apiKeyHelper": "echo key-of-it"})
        [check] = check_client_credentials(patient)
        assert check.state is State.WARN
        assert name in check.words
        assert str(path) in check.words
        assert "of-it" not in check.words
    [alone] = check_client_credentials(make_patient(environ={}))
    assert (alone.state, alone.words) == (State.OK, f"what apiKeyHelper prints ({path})")


def test_a_key_beside_a_login_is_said_to_be_billed(make_patient: MakePatient) -> None:
    patient = make_patient(environ={})
    write_settings(patient.home / ".claude/.credentials.json", {"claudeAiOauth": {"accessToken": "sk-ant-oat"}})
    assert check_client_credentials(patient)[0].words == "its own login (/login)"
    [check] = check_client_credentials(make_patient(environ={"ANTHROPIC_API_KEY": "k"}))
    assert check.state is State.WARN
    assert "billed to that key" in check.words


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        ({}, State.OK, "Anthropic's own protocol"),
        ({"CLAUDE_CODE_USE_BEDROCK": "0"}, State.OK, "Anthropic's own protocol"),
        ({"ANTHROPIC_NEW_BASE_URL": "https://x"}, State.OK, "ANTHROPIC_NEW_BASE_URL would count only under one"),
        ({"CLAUDE_CODE_USE_BEDROCK": "1", **TO_CANDELA}, State.BAD, "sends requests past candela"),
        ({"CLAUDE_CODE_USE_FOUNDRY": "true"}, State.WARN, "sends requests past candela"),
        ({"CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD": "1"}, State.WARN, "sends requests past candela"),
        ({"CLAUDE_CODE_USE_NEW_CLOUD": "1"}, State.WARN, "may send requests past candela"),
        ({"CLAUDE_CODE_USE_POWERSHELL_TOOL": "1"}, State.OK, "Anthropic's own protocol"),
        ({"ANTHROPIC_UNIX_SOCKET": "/x.sock", **TO_CANDELA}, State.BAD, "ANTHROPIC_UNIX_SOCKET (this shell) sends"),
        (
            {"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_VERTEX_BASE_URL": "http://127.0.0.1:8181/vertex/v1"},
            State.OK,
            "ANTHROPIC_VERTEX_BASE_URL leads to candela",
        ),
        (
            {"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_VERTEX_BASE_URL": "http://127.0.0.1:8181/bedrock"},
            State.BAD,
            "leads to no route of candela for it",
        ),
        (
            {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BEDROCK_BASE_URL": "https://gw.example"},
            State.WARN,
            "sends requests past candela",
        ),
    ],
)
def test_a_switch_to_a_cloud(make_patient: MakePatient, environ: dict[str, str], state: State, words: str) -> None:
    [check] = check_cloud_switches(make_patient(SECTIONS, environ=environ))
    assert check.state is state
    assert words in check.words


def test_a_switch_in_a_settings_file_is_wrong_and_named(make_patient: MakePatient) -> None:
    patient = make_patient(environ={})
    path = write_settings(patient.home / ".claude/settings.json", {"env": {"CLAUDE_CODE_USE_VERTEX": "1"}})
    [check] = check_cloud_switches(patient)
    assert check.state is State.BAD
    assert f'take it out of "env" in {path}' in check.fix
    assert "--route vertex" in check.fix
