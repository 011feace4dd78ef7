"""No secret in what the doctor says, and nothing of a user's own network in what is handed on."""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.vault.choice import open_vault
from candela_tui.doctor.check_result import CheckResult, CheckState, Topic
from candela_tui.doctor.checks import all_checks
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.redaction import for_others, without_secrets
from candela_tui.doctor.report import as_json, as_markdown, write_report
from candela_tui.doctor.run_checks import gather_results
from candela_tui.paths import default_paths
from candela_tui.providers import identity
from tests.credentials.conftest import command
from tests.credentials.vault.secret_service import gnome_keyring, session_bus
from tests.doctor.conftest import MakeContext, write_settings
from tests.standin import Provider
from tests.standin.answers import error

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOPIC = Topic("client.something", "Something")
SECRETS = {
    name: f"{name.lower().replace('_', '-')}-0f3a9c"
    for name in (
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_BEARER_TOKEN_BEDROCK",
        "CANDELA_PASSPHRASE",
    )
}
SECRETS["ANTHROPIC_CUSTOM_HEADERS"] = "X-Gateway: gateway-0f3a9c"
PASSWORD = "p4ss%2Fword-0f3a9c"


@pytest.fixture
def full_of_secrets(
    make_context: MakeContext, home: Path, nobody_listens: str, monkeypatch: pytest.MonkeyPatch
) -> DoctorContext:
    """Secrets wherever a user may have some, and programs that say them."""
    environ = {
        **SECRETS,
        "ANTHROPIC_BASE_URL": f"https://me:{PASSWORD}@gateway.internal.example/path-0f3a9c?key=query-0f3a9c",
        "HTTPS_PROXY": f"http://me:{PASSWORD}@{nobody_listens}",
        "AWS_ACCESS_KEY_ID": "AKIA0F3A9C0F3A9C0F3A",
        "AWS_REGION": "us-east-1",
        "ANTHROPIC_VERTEX_PROJECT_ID": "secret-project",
        "GOOGLE_APPLICATION_CREDENTIALS": str(home / "google.json"),
        "PATH": f"{home / 'bin'}:/usr/bin:/bin",
        "HOME": str(home),
        "USER": "somebody",
        "TERM": "xterm-256color",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    command(home / "bin" / "claude", 'echo "failed with $ANTHROPIC_API_KEY" >&2; exit 1')
    key = {"type": "authorized_user", "refresh_token": "1//refresh-0f3a9c", "client_secret": "client-0f3a9c"}
    (home / "google.json").write_text(json.dumps({**key, "client_id": "1", "token_uri": f"http://{nobody_listens}"}))
    (home / "credentials").write_text("[work]\naws_access_key_id = AKIA0F3A9C\naws_secret_access_key = file-0f3a9c\n")
    sections: dict[str, Any] = {
        "anthropic": {"key_command": "echo sk-ant-command-0f3a9c; exit 1"},
        "vertex": {"base_url": f"http://{nobody_listens}"},
        "aws": {"base_url": f"http://{nobody_listens}"},
    }
    context = make_context(sections, environ=dict(os.environ))
    document = {"env": {"ANTHROPIC_API_KEY": "settings-key-0f3a9c"}, "apiKeyHelper": "echo helper-0f3a9c"}
    write_settings(context.directory / ".claude/settings.json", document)
    write_settings(context.home / ".claude/.credentials.json", {"claudeAiOauth": {"accessToken": "login-0f3a9c"}})
    context.paths.make_data_directory()
    context.paths.log.write_text(
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z  ERROR  candela: refused {SECRETS['ANTHROPIC_AUTH_TOKEN']}\n"
    )
    context.paths.vault.write_text('{"sealed": "sealed-0f3a9c"}')
    return context


def test_no_secret_is_in_what_is_said_printed_or_handed_on(full_of_secrets: DoctorContext, tmp_path: Path) -> None:
    context = full_of_secrets
    found = asyncio.run(gather_results(context, all_checks()))
    assert len(found) > 20
    assert not [check for check in found if "this check itself failed" in check.words]
    said = without_secrets(found, context)
    report = for_others(said, context)
    everything = [as_json(said, NOW), as_json(report, NOW), as_markdown(report, NOW)]
    for text in everything:
        assert "0f3a9c" not in text.lower()
        assert "p4ss" not in text
    for text in everything[1:]:
        for private in (str(context.home), "gateway.internal.example", "secret-project", "somebody"):
            assert private not in text
    assert "~" in everything[2]
    assert "[host]" in everything[2]


def test_a_program_that_says_a_secret_is_not_quoted_with_it(full_of_secrets: DoctorContext) -> None:
    found = asyncio.run(gather_results(full_of_secrets, all_checks()))
    [claude] = [check for check in without_secrets(found, full_of_secrets) if check.id == "client.version"]
    assert claude.words.endswith("--version failed (exit 1): failed with [redacted]")


async def test_a_key_in_the_keyring_is_not_told_even_where_the_provider_quotes_it(
    make_context: MakeContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    context = make_context({"anthropic": {"base_url": provider.url}})
    context.paths.make_data_directory()
    with session_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with gnome_keyring(tmp_path, address):
            vault = open_vault("keyring", context.paths.vault, lambda: None)
            vault.write(vault_entry(identity.Provider.ANTHROPIC), "sk-ant-keyring-0f3a9c")
            Accounts(context.paths.accounts).put(
                identity.Provider.ANTHROPIC, Account("keyring", vault.place, "API key", NOW)
            )
            provider.respond = lambda asked: error(403, f"{asked.header('x-api-key')} may not do that")
            found = await gather_results(context, all_checks())
    [asked] = [asked for asked in provider.requests if asked.method == "GET"]
    assert asked.header("x-api-key") == "sk-ant-keyring-0f3a9c"
    said = without_secrets(found, context)
    assert [check.words for check in said if check.id == "provider.anthropic-access"] == [
        "candela's own key: [redacted] may not do that"
    ]
    assert "0f3a9c" not in as_json(said, NOW)


SECRET = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=12, max_size=40)


@given(
    secret=SECRET, around=st.text(max_size=20), name=st.sampled_from(["MY_TOKEN", "A_PASSWORD", "API_KEY", "x_secret"])
)
def test_a_secret_of_the_environment_is_found_wherever_it_is_quoted(secret: str, around: str, name: str) -> None:
    nowhere = Path("/nowhere")
    context = DoctorContext(
        default_paths(nowhere, nowhere), Settings(), environ={name: secret}, home=nowhere, directory=nowhere
    )
    [check] = without_secrets([TOPIC.bad(f"{around}{secret}{around}", f"{secret}{secret}")], context)
    assert secret not in check.words
    assert "[redacted]" in check.words
    assert check.fix == "[redacted][redacted]"


def test_a_secret_may_look_like_a_path(make_context: MakeContext) -> None:
    context = make_context(environ={"AWS_SECRET_ACCESS_KEY": "/wJalr/XUtnFEMI"})
    [check] = without_secrets([TOPIC.bad("said /wJalr/XUtnFEMI")], context)
    assert check.words == "said [redacted]"


def test_short_values_and_files_are_no_secrets(make_context: MakeContext) -> None:
    context = make_context(environ={"MAX_THINKING_TOKENS": "1", "SSL_KEY_FILE": "/home/me/.ssh/id_ed25519"})
    check = TOPIC.ok("1 of /home/me/.ssh/id_ed25519")
    assert without_secrets([check], context) == [check]


def test_what_is_handed_on_names_no_account_nor_address(make_context: MakeContext) -> None:
    context = make_context({"aws": {"profile": "payroll"}, "anthropic": {"base_url": "https://gw.corp.example"}})
    words = (
        f"{context.home}/x: arn:aws:iam::111122223333:role/me, a.b@corp.example, profile payroll at gw.corp.example:443"
    )
    [check] = for_others([TOPIC.ok(words)], context)
    assert check.words == "~/x: arn:aws:iam::[account]:role/me, [address], profile [name] at [host]:443"


def test_what_is_handed_on_names_no_project_or_profile_that_a_provider_named(make_context: MakeContext) -> None:
    words = (
        "AWS profile payroll (SSO); AWS profile default; `projects/pay-roll/locations/eu` https://x?project=pay-roll"
    )
    [check] = for_others([TOPIC.ok(words)], make_context())
    assert check.words == (
        "AWS profile [name] (SSO); AWS profile default; `projects/[name]/locations/eu` https://x?project=[name]"
    )


def test_what_is_handed_on_does_not_name_the_host_of_a_redirect(make_context: MakeContext) -> None:
    [check] = for_others([TOPIC.warn("it answers with a redirect to https://login.corp.example:8443")], make_context())
    assert check.words == "it answers with a redirect to https://[host]"


def test_what_is_public_stays_readable(make_context: MakeContext) -> None:
    context = make_context(environ={"ANTHROPIC_BASE_URL": "http://127.0.0.1:8181"})
    check = TOPIC.ok("127.0.0.1:8181, https://api.anthropic.com")
    assert for_others([check], context) == [check]


def test_the_markdown_has_a_line_for_each_check_below_its_group() -> None:
    checks = [
        CheckResult("client.base-url", "ANTHROPIC_BASE_URL", CheckState.BAD, "leads to <nowhere>", "Unset it."),
        CheckResult("proxy.port", "candela", CheckState.OK, "runs"),
    ]
    assert as_markdown(checks, NOW).splitlines()[2:] == [
        "## candela",
        "",
        "- ✓ **candela** runs",
        "",
        "## Claude Code, started here",
        "",
        "- ✗ **ANTHROPIC_BASE_URL** leads to &lt;nowhere>",
        "  - Unset it.",
    ]


def test_a_report_is_for_its_owner_and_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    write_report(path, "text\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("text\n", 0o600)
    with pytest.raises(FileExistsError):
        write_report(path, "other\n")
    assert path.read_text() == "text\n"
