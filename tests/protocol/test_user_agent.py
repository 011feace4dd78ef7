"""Who sends a request, by its own header fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.user_agent import claude_code_version, client_of, program_name
from candela_tui.text.terminal_safe import is_terminal_safe

SENT = [
    ("claude-cli/2.1.332 (external, cli)", "claude-cli/2.1.332", "Claude Code"),
    ("OpenAI/Python 2.1.0", "OpenAI/Python 2.1.0", "OpenAI/Python"),
    ("AsyncAnthropic/Python 0.97.0", "AsyncAnthropic/Python 0.97.0", "AsyncAnthropic/Python"),
    ("Boto3/1.40.3 md/Botocore#1.40.3 ua/2.1 os/linux", "Boto3/1.40.3", "Boto3"),
    ("curl/8.14.1", "curl/8.14.1", "curl"),
    ("node", "node", "node"),
    ("Go-http-client/1.1", "Go-http-client/1.1", "Go-http-client"),
]


@pytest.mark.parametrize(("sent", "client", "program"), SENT)
def test_a_program_is_known_by_its_product_token(sent: str, client: str, program: str) -> None:
    assert client_of([("user-agent", sent)]) == client
    assert program_name(client) == program


def test_a_program_that_names_itself_beside_its_sdk_has_that_name() -> None:
    assert client_of([("User-Agent", "OpenAI/JS 5.1.0"), ("X-Title", "Cline")]) == "Cline"
    assert program_name("Cline") == "Cline"


@pytest.mark.parametrize("fields", [[], [("User-Agent", "")], [("User-Agent", "(none)")], [("X-Title", "\x1b[2J")]])
def test_a_request_without_a_name_has_no_client(fields: list[tuple[str, str]]) -> None:
    assert client_of(fields) is None


@pytest.mark.parametrize(
    ("client", "version"),
    [
        ("claude-cli/2.1.332", (2, 1, 332)),
        ("claude-cli/2.2.0-beta.1", (2, 2, 0)),
        ("claude-cli", None),
        ("curl/8.14.1", None),
        (None, None),
    ],
)
def test_the_version_is_that_of_claude_code_only(client: str | None, version: tuple[int, int, int] | None) -> None:
    assert claude_code_version(client) == version


@given(st.text())
def test_whatever_a_user_agent_is_the_name_is_short_and_printable(sent: str) -> None:
    client = client_of([("User-Agent", sent), ("X-Title", sent)])
    if client is not None:
        assert 0 < len(client) <= 60
        assert is_terminal_safe(client)
        assert program_name(client)
