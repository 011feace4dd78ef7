"""Variables that lead Claude Code past candela are known by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.claude_code.variables import in_deciding_order, is_socket, is_switch, leading_past

NAMES = st.from_regex(r"[A-Z]{2,10}(_[A-Z0-9]{2,8})?", fullmatch=True)


@given(NAMES)
def test_a_switch_that_no_version_has_yet_is_suspect(provider: str) -> None:
    name = f"CLAUDE_CODE_USE_NEW_{provider}"
    assert leading_past({name: "1"}, {}) == [name]
    assert leading_past({name: "1"}, {name: "1"}) == []


@given(NAMES)
def test_so_are_a_base_url_and_a_socket(provider: str) -> None:
    names = [f"ANTHROPIC_{provider}_SOCKET", f"ANTHROPIC_{provider}_BASE_URL"]
    assert leading_past(dict.fromkeys(names, "x"), {}) == names


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off"])
def test_a_switch_that_is_off_is_left_alone(value: str) -> None:
    assert leading_past({"CLAUDE_CODE_USE_BEDROCK": value}, {}) == []


@pytest.mark.parametrize(
    "name",
    [
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_MODEL",
        "CLAUDE_CODE_USE_POWERSHELL_TOOL",
        "CLAUDE_CODE_MESSAGING_SOCKET",
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
        "SSH_AUTH_SOCK",
        "MY_CLAUDE_CODE_USE_BEDROCK",
    ],
)
def test_what_leads_nowhere_else_is_left_alone(name: str) -> None:
    assert leading_past({name: "1"}, {}) == []
    assert not is_switch(name)
    assert not is_socket(name)


def test_of_several_switches_the_first_of_the_clients_own_order_decides() -> None:
    names = ["CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_NEW", "CLAUDE_CODE_USE_FOUNDRY", "CLAUDE_CODE_USE_BEDROCK"]
    assert in_deciding_order(names) == [names[3], names[2], names[0], names[1]]
