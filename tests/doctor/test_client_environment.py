"""What leads Claude Code past candela although ANTHROPIC_BASE_URL is right, and what it signs in with."""

from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from candela_tui.doctor.access import check_access
from candela_tui.doctor.certificates import check_certificates
from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.client_credentials import check_client_credentials
from candela_tui.doctor.client_model import check_client_model
from candela_tui.doctor.cloud_switches import check_cloud_switches
from candela_tui.doctor.configuration import check_configuration
from candela_tui.doctor.destination import REACHES_NOTHING
from candela_tui.doctor.http_proxy import check_http_proxy, check_vpn
from candela_tui.doctor.providers import check_providers
from candela_tui.doctor.run_checks import in_thread
from candela_tui.providers.identity import Provider as ProviderId
from tests.doctor.conftest import MakeContext, install, write_settings
from tests.standin import Provider

TO_CANDELA = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8181/proxy/anthropic-direct"}
SECTIONS = {"proxy": {"port": 8181}}
PROXY = "http://me:p4ssword@proxy.example:3128"


@pytest.mark.parametrize(
    ("exceptions", "oldest", "newest"),
    [
        ({}, CheckState.BAD, CheckState.BAD),
        ({"NO_PROXY": "localhost"}, CheckState.BAD, CheckState.BAD),
        ({"NO_PROXY": "127.0.0.1:9999"}, CheckState.BAD, CheckState.BAD),
        ({"NO_PROXY": "0.0.0.0/99"}, CheckState.BAD, CheckState.BAD),
        ({"NO_PROXY": "localhost,127.0.0.0/8"}, CheckState.BAD, CheckState.OK),
        ({"NO_PROXY": "localhost 127.0.0.1"}, CheckState.OK, CheckState.OK),
        ({"NO_PROXY": "127.0.0.1", "no_proxy": "localhost"}, CheckState.BAD, CheckState.OK),
        ({"NO_PROXY": "127.0.0.1"}, CheckState.OK, CheckState.OK),
        ({"NO_PROXY": "foo, 127.0.0.1"}, CheckState.OK, CheckState.OK),
        ({"NO_PROXY": "localhost", "no_proxy": "127.0.0.1"}, CheckState.OK, CheckState.OK),
        ({"NO_PROXY": "*"}, CheckState.OK, CheckState.OK),
        ({"NO_PROXY": ".0.0.1"}, CheckState.OK, CheckState.OK),
        ({"NO_PROXY": "0.0.1"}, CheckState.OK, CheckState.BAD),
    ],
)
@pytest.mark.parametrize("version", ["2.1.197", "2.1.332"])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy"])
def test_an_http_proxy_without_an_exception_for_loopback_diverts(
    make_context: MakeContext,
    home: Path,
    exceptions: dict[str, str],
    oldest: CheckState,
    newest: CheckState,
    version: str,
    name: str,
) -> None:
    """As observed with each version; tests/e2e/test_doctor.py asks the client itself."""
    environ = {name: PROXY, **TO_CANDELA, **exceptions, "PATH": install(home, version)}
    [check] = check_http_proxy(make_context(SECTIONS, environ=environ))
    assert check.state is (oldest if version == "2.1.197" else newest)
    assert check.words.startswith(f"{name} in this shell names proxy.example:3128")
    assert "p4ssword" not in check.words


def test_the_proxy_of_a_settings_file_counts_and_so_does_its_exception(make_context: MakeContext) -> None:
    context = make_context(SECTIONS, environ=TO_CANDELA)
    path = write_settings(context.home / ".claude/settings.json", {"env": {"HTTPS_PROXY": PROXY}})
    [check] = check_http_proxy(context)
    assert check.state is CheckState.BAD
    assert str(path) in check.fix
    write_settings(path, {"env": {"HTTPS_PROXY": PROXY, "NO_PROXY": "127.0.0.1"}})
    assert check_http_proxy(context)[0].state is CheckState.OK


def test_a_shell_that_does_not_lead_to_candela_is_only_warned(make_context: MakeContext) -> None:
    assert check_http_proxy(make_context(environ={"HTTPS_PROXY": PROXY}))[0].state is CheckState.WARN


def test_a_socks_proxy_is_one_that_candela_can_not_use(make_context: MakeContext) -> None:
    [check] = check_http_proxy(make_context(environ={"HTTPS_PROXY": "socks5://127.0.0.1:1080"}))
    assert check.state is CheckState.BAD
    assert "a SOCKS proxy, which candela does not support" in check.words


def test_no_proxy_is_well(make_context: MakeContext) -> None:
    assert check_http_proxy(make_context(environ={}))[0].state is CheckState.OK


@pytest.mark.parametrize(("version", "state"), [("2.1.197", CheckState.OK), ("2.1.332", CheckState.BAD)])
def test_all_proxy_counts_for_the_versions_that_read_it(
    make_context: MakeContext, home: Path, version: str, state: CheckState
) -> None:
    environ = {"ALL_PROXY": PROXY, **TO_CANDELA, "PATH": install(home, version)}
    [check] = check_http_proxy(make_context(SECTIONS, environ=environ))
    assert check.state is state
    assert "ALL_PROXY" in check.words


def test_a_vpn_is_hinted_at_by_its_interface(make_context: MakeContext, tmp_path: Path) -> None:
    for name, state in (("eth0", "up"), ("wg0", "unknown"), ("tun1", "down")):
        (tmp_path / "net" / name).mkdir(parents=True)
        (tmp_path / "net" / name / "operstate").write_text(f"{state}\n")
    [check] = check_vpn(make_context(), tmp_path / "net")
    assert (check.state, check.words) == (CheckState.OK, "a VPN seems to be up (wg0)")
    assert "proxy.ca_bundle" in check.fix
    assert check_vpn(make_context(), tmp_path / "nothing")[0].state is CheckState.UNKNOWN


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        (
            {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_API_KEY": "k"},
            CheckState.WARN,
            "both are sent; the token is used",
        ),
        ({"ANTHROPIC_AUTH_TOKEN": "t"}, CheckState.OK, "ANTHROPIC_AUTH_TOKEN (this shell)"),
        ({"ANTHROPIC_API_KEY": "k"}, CheckState.OK, "ANTHROPIC_API_KEY (this shell)"),
        ({"ANTHROPIC_AUTH_TOKEN": "candela", **TO_CANDELA}, CheckState.OK, "so candela signs in"),
        ({"ANTHROPIC_AUTH_TOKEN": "candela"}, CheckState.BAD, "requests do not go to candela"),
        ({}, CheckState.UNKNOWN, "can't be seen here"),
    ],
)
def test_what_the_client_signs_in_with(
    make_context: MakeContext, environ: dict[str, str], state: CheckState, words: str
) -> None:
    [check] = check_client_credentials(make_context(SECTIONS, environ=environ))
    assert check.state is state
    assert words in check.words


def test_a_key_helper_beside_a_token_or_a_key_is_told(make_context: MakeContext) -> None:
    for name in ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"):
        context = make_context(environ={name: "value-of-it"})
        path = write_settings(context.directory / ".claude/settings.json", {"apiKeyHelper": "echo key-of-it"})
        [check] = check_client_credentials(context)
        assert check.state is CheckState.WARN
        assert name in check.words
        assert str(path) in check.words
        assert "of-it" not in check.words
    [alone] = check_client_credentials(make_context(environ={}))
    assert (alone.state, alone.words) == (CheckState.OK, f"what apiKeyHelper prints ({path})")


def test_a_key_beside_a_login_is_said_to_be_billed(make_context: MakeContext) -> None:
    context = make_context(environ={})
    write_settings(context.home / ".claude/.credentials.json", {"claudeAiOauth": {"accessToken": "sk-ant-oat"}})
    assert check_client_credentials(context)[0].words == "its own login (/login)"
    [check] = check_client_credentials(make_context(environ={"ANTHROPIC_API_KEY": "k"}))
    assert check.state is CheckState.WARN
    assert "billed to that key" in check.words


@pytest.mark.parametrize(
    ("environ", "state", "words"),
    [
        ({}, CheckState.OK, "Anthropic: no CLAUDE_CODE_USE_… is on"),
        ({"CLAUDE_CODE_USE_BEDROCK": "0"}, CheckState.OK, "Anthropic: no CLAUDE_CODE_USE_… is on"),
        ({"ANTHROPIC_NEW_BASE_URL": "https://x"}, CheckState.OK, "ANTHROPIC_NEW_BASE_URL would be used only with one"),
        ({"CLAUDE_CODE_USE_BEDROCK": "1", **TO_CANDELA}, CheckState.BAD, "requests bypass candela"),
        ({"CLAUDE_CODE_USE_FOUNDRY": "true"}, CheckState.WARN, "requests bypass candela"),
        ({"CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD": "1"}, CheckState.WARN, "requests bypass candela"),
        ({"CLAUDE_CODE_USE_NEW_CLOUD": "1"}, CheckState.WARN, "requests may bypass candela"),
        ({"CLAUDE_CODE_USE_POWERSHELL_TOOL": "1"}, CheckState.OK, "Anthropic: no CLAUDE_CODE_USE_… is on"),
        (
            {"ANTHROPIC_UNIX_SOCKET": "/x.sock", **TO_CANDELA},
            CheckState.BAD,
            "with ANTHROPIC_UNIX_SOCKET (this shell), requests bypass candela",
        ),
        (
            {"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_VERTEX_BASE_URL": "http://127.0.0.1:8181/bedrock"},
            CheckState.BAD,
            "is not candela's route for it",
        ),
        (
            {"CLAUDE_CODE_USE_BEDROCK": "1", "ANTHROPIC_BEDROCK_BASE_URL": "https://gw.invalid"},
            CheckState.BAD,
            "ANTHROPIC_BEDROCK_BASE_URL (this shell) points at https://gw.invalid, a name that can't be resolved",
        ),
    ],
)
def test_a_switch_to_a_cloud(make_context: MakeContext, environ: dict[str, str], state: CheckState, words: str) -> None:
    [check] = check_cloud_switches(make_context(SECTIONS, environ=environ))
    assert check.state is state
    assert words in check.words


async def test_a_switch_to_a_cloud_with_candelas_base_url_needs_a_candela_that_runs(
    make_context: MakeContext, provider: Provider, nobody_listens: str
) -> None:
    for place, state, words in (
        (urlsplit(provider.url).netloc, CheckState.OK, "ANTHROPIC_VERTEX_BASE_URL points at candela"),
        (nobody_listens, CheckState.BAD, f"which is not running at http://{nobody_listens}"),
    ):
        base_url = f"http://{place}/vertex/v1"
        environ = {"CLAUDE_CODE_USE_VERTEX": "1", "ANTHROPIC_VERTEX_BASE_URL": base_url}
        sections = {"proxy": {"port": int(place.rpartition(":")[2])}}
        [check] = await in_thread(partial(check_cloud_switches, make_context(sections, environ=environ)))
        assert (check.state, check.consequence) == (state, REACHES_NOTHING if state is CheckState.BAD else "")
        assert words in check.words


def test_an_http_proxy_of_this_machine_that_does_not_run_is_a_problem(
    make_context: MakeContext, nobody_listens: str
) -> None:
    context = make_context(environ={"HTTPS_PROXY": f"http://{nobody_listens}", "NO_PROXY": "127.0.0.1"})
    [check] = check_http_proxy(context)
    assert (check.state, check.consequence) == (CheckState.BAD, REACHES_NOTHING)
    assert check.words == f"HTTPS_PROXY in this shell names {nobody_listens}, where nothing listens"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"sk-ant-api03-of-it"', "has quotation marks in its value"),
        ("sk-ant-api03-of-it\n", "begins or ends with a space or line break"),
        ("sk-ant-api03-of-it…", "has characters that no credential has"),
    ],
)
@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_a_credential_that_was_copied_with_something_else_is_a_problem(
    make_context: MakeContext, name: str, value: str, words: str
) -> None:
    [check] = check_client_credentials(make_context(environ={name: value}))
    assert (check.state, check.words) == (CheckState.BAD, f"{name} (this shell) {words}")
    assert check.consequence


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("claude-sonet-4-5", "claude-sonet-4-5: there is no such model; did you mean claude-sonnet-4-5?"),
        ("opuss", "opuss: there is no such model; did you mean opus?"),
        ("us.anthropic.claude-hiaku-4-5-20251001-v1:0", "did you mean claude-haiku-4-5?"),
        ("claude-opus-9", None),
        ("opusplan", None),
        ("default", None),
        ("my-own-deployment", None),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", None),
    ],
)
def test_a_misspelt_model_is_named_with_the_one_that_was_meant(
    make_context: MakeContext, model: str, words: str | None
) -> None:
    [by_variable] = check_client_model(make_context(environ={"ANTHROPIC_MODEL": model}))
    context = make_context(environ={})
    path = write_settings(context.home / ".claude/settings.json", {"model": model})
    [by_file] = check_client_model(context)
    for check in (by_variable, by_file):
        assert check.state is (CheckState.BAD if words else CheckState.OK)
        assert words is None or words in check.words
    assert words is None or by_file.fix == f"Correct model in {path}."


def test_files_of_certificates_that_can_not_be_read_are_named(make_context: MakeContext, tmp_path: Path) -> None:
    missing = str(tmp_path / "nosuch.pem")
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        [check] = check_certificates(make_context(environ={name: missing}))
        assert check.state is CheckState.WARN
        assert check.words.startswith(f"{name} in this shell names {missing}, which can't be read")
    present = tmp_path / "ca.pem"
    present.touch()
    [fine] = check_certificates(make_context(environ={"SSL_CERT_FILE": str(present)}))
    assert (fine.state, fine.words) == (CheckState.OK, "SSL_CERT_FILE can be read")


async def test_a_bundle_that_is_missing_is_the_cause_in_each_check_that_needs_it(
    make_context: MakeContext, tmp_path: Path
) -> None:
    context = make_context({"proxy": {"ca_bundle": str(tmp_path / "nosuch.pem")}})
    way, _ = await check_providers(context)
    [access] = await check_access(ProviderId.ANTHROPIC, context)
    [setting] = check_configuration(context)
    assert way.state is access.state is setting.state is CheckState.BAD
    assert (way.words, way.fix) == (access.words, access.fix) == (setting.words, setting.fix)
    assert setting.consequence == "candela can't start"
    assert "no CA certificates could be read" in way.words


def test_a_switch_in_a_settings_file_is_wrong_and_named(make_context: MakeContext) -> None:
    context = make_context(environ={})
    path = write_settings(context.home / ".claude/settings.json", {"env": {"CLAUDE_CODE_USE_VERTEX": "1"}})
    [check] = check_cloud_switches(context)
    assert check.state is CheckState.BAD
    assert f'remove it from "env" in {path}' in check.fix
    assert "--route vertex" in check.fix
