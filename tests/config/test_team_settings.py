"""[team]: addresses over which tokens may pass."""

import pytest
from pydantic import ValidationError

from candela_tui.config import TeamSettings

OIDC = {"issuer": "https://idp.example/realms/eng/", "client_id": "candela"}


@pytest.mark.parametrize("url", ["https://candela.example", "http://127.0.0.1:8181", "http://localhost:8181"])
def test_people_can_sign_in_over_tls_or_on_this_machine(url: str) -> None:
    assert TeamSettings.model_validate({"url": url, "oidc": OIDC}).lets_sign_in


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Candela.Example:443/", "https://candela.example"),
        ("https://candela.example:8443", "https://candela.example:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8181", "http://[::1]:8181"),
    ],
)
def test_the_address_is_the_origin_that_browsers_send(url: str, origin: str) -> None:
    assert TeamSettings.model_validate({"url": url}).url == origin


@pytest.mark.parametrize(
    ("team", "said"),
    [
        ({"url": "http://candela.example"}, "an https:// URL"),
        ({"oidc": {"issuer": "http://idp.example"}}, "an https:// URL"),
        ({"url": "https://candela.example/below"}, "without a path"),
    ],
)
def test_no_token_passes_in_the_clear(team: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        TeamSettings.model_validate(team)


@pytest.mark.parametrize("team", [{}, {"oidc": OIDC}, {"url": "https://candela.example"}])
def test_nobody_can_sign_in_with_half_of_the_settings(team: dict[str, object]) -> None:
    assert not TeamSettings.model_validate(team).lets_sign_in
