"""What ``--intercept`` sets for the client, and for it alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.cli.claude.intercepted_environment import intercepted_changes
from candela_tui.credentials.placeholder import PLACEHOLDER

PEM = Path("/data/ca/ca.pem")
ADDRESS = "http://127.0.0.1:8181"


def test_the_client_asks_through_candela_and_trusts_its_authority() -> None:
    made = intercepted_changes(8181, PEM, {})
    assert made.wanted == {
        "HTTPS_PROXY": ADDRESS,
        "https_proxy": ADDRESS,
        "NO_PROXY": "127.0.0.1,localhost,::1",
        "no_proxy": "127.0.0.1,localhost,::1",
        "NODE_EXTRA_CA_CERTS": str(PEM),
    }
    assert made.unwanted == ()


def test_exceptions_of_the_user_stay_but_for_hosts_that_are_to_be_seen() -> None:
    given = {"NO_PROXY": "internal.example, .anthropic.com,*", "no_proxy": "10.0.0.0/8,api.anthropic.com:443,com"}
    made = intercepted_changes(8181, PEM, given)
    assert made.wanted["NO_PROXY"] == made.wanted["no_proxy"] == "127.0.0.1,localhost,::1,internal.example,10.0.0.0/8"


def test_a_base_url_goes_and_one_of_another_place_is_told() -> None:
    ours = {"ANTHROPIC_BASE_URL": f"{ADDRESS}/proxy/anthropic-direct", "ANTHROPIC_AUTH_TOKEN": PLACEHOLDER}
    made = intercepted_changes(8181, PEM, ours)
    assert set(made.unwanted) == set(ours)
    assert made.led_past == ()
    made = intercepted_changes(8181, PEM, {"ANTHROPIC_BASE_URL": "https://gateway.example"})
    assert made.led_past == made.unwanted == ("ANTHROPIC_BASE_URL",)


def test_a_cloud_that_the_user_chose_stays_but_not_one_that_candela_env_did() -> None:
    chosen = {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_PROFILE": "work"}
    assert intercepted_changes(8181, PEM, chosen, own_key=True).unwanted == ()
    assert "ANTHROPIC_AUTH_TOKEN" not in intercepted_changes(8181, PEM, chosen, own_key=True).wanted
    ours = {**chosen, "ANTHROPIC_BEDROCK_BASE_URL": f"{ADDRESS}/bedrock", "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1"}
    made = intercepted_changes(8181, PEM, ours)
    assert set(made.unwanted) == set(ours) - {"AWS_PROFILE"}


@pytest.mark.parametrize("own", [{"ANTHROPIC_API_KEY": "sk-ant-x"}, {"ANTHROPIC_AUTH_TOKEN": "mine"}])
def test_candelas_own_key_is_for_a_client_that_has_none(own: dict[str, str]) -> None:
    assert intercepted_changes(8181, PEM, {}, own_key=True).wanted["ANTHROPIC_AUTH_TOKEN"] == PLACEHOLDER
    assert "ANTHROPIC_AUTH_TOKEN" not in intercepted_changes(8181, PEM, own, own_key=True).wanted


@given(some.dictionaries(some.sampled_from(["NO_PROXY", "no_proxy", "HTTPS_PROXY"]), some.text(max_size=30)))
def test_doing_it_twice_changes_nothing_more(environ: dict[str, str]) -> None:
    once = intercepted_changes(8181, PEM, environ).applied_to(environ)
    assert intercepted_changes(8181, PEM, once).applied_to(once) == once
