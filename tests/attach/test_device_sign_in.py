"""Signing in to a server in the terminal: which addresses get a token, and what is done with each answer."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from candela_tui.attach.device_sign_in import DeviceCode, DeviceSignIn, Tokens
from candela_tui.attach.errors import NotSignedIn, Unavailable, Unreachable
from candela_tui.attach.kept_tokens import KeptTokens, encoded, entry_of
from candela_tui.attach.team_server import Address, BadAddress
from candela_tui.credentials.vault.errors import VaultError

ORIGIN = "https://candela.example"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
BEGUN = DeviceCode("device", "BCDF-GHJK", f"{ORIGIN}/oauth/device", expires_in=600, interval=5)
GRANTED = {"access_token": "access", "token_type": "Bearer", "expires_in": 3600, "refresh_token": "r2", "email": "ada"}
OLD = Tokens("old", "r1", NOW + timedelta(minutes=4), "ada")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Candela.Example", "https://candela.example"),
        ("https://candela.example:443/", "https://candela.example"),
        ("https://candela.example:8443", "https://candela.example:8443"),
        ("http://127.0.0.1:8181", "http://127.0.0.1:8181"),
        ("http://[::1]:8181", "http://[::1]:8181"),
    ],
)
def test_an_address_has_one_form(url: str, origin: str) -> None:
    assert Address.of(url).origin == origin


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://candela.example", "use https://"),
        ("http://127.0.0.1.example", "use https://"),
        ("http://10.0.0.1:8181", "use https://"),
        ("candela.example", "has the form https://candela.example"),
        ("https://", "has the form https://candela.example"),
        ("https://ada:secret@candela.example", "leave out what is in front of the host"),
        ("https://ada:secret@candela.example:port", "leave out what is in front of the host"),
        ("https://[candela", "has the form https://candela.example"),
        ("https://candela.example/team", "leave out what is behind the host"),
        ("file:///etc/passwd", "has the form https://candela.example"),
    ],
)
def test_no_token_goes_to_an_address_that_is_not_encrypted_or_no_server(url: str, said: str) -> None:
    with pytest.raises(BadAddress, match=said) as raised:
        Address.of(url)
    assert "secret" not in str(raised.value)


NO_ANSWER = 0


class Scripted(DeviceSignIn):
    """Gets its answers from a list, and keeps what it sent. Its clock moves as it waits."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.at = NOW
        super().__init__(Address.of(ORIGIN), ssl.create_default_context, lambda: self.at, self._waited)
        self._answers: Iterator[tuple[int, Any]] = iter(answers)
        self.sent: list[dict[str, str]] = []
        self.waits: list[float] = []

    def _waited(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)

    def _post(self, path: str, **form: str) -> tuple[int, bytes]:
        self.sent.append({"path": path, **form})
        status, document = next(self._answers)
        if status == NO_ANSWER:
            raise Unreachable("no answer")
        return status, document if isinstance(document, bytes) else msgspec.json.encode(document)


def failed(error: str) -> tuple[int, dict[str, str]]:
    return 400, {"error": error}


def test_it_waits_as_long_as_it_is_told_to() -> None:
    sign_in = Scripted(failed("authorization_pending"), failed("slow_down"), (200, GRANTED))
    tokens = sign_in.wait(BEGUN)
    assert sign_in.waits == [5, 5, 10]
    assert tokens == Tokens("access", "r2", NOW + timedelta(seconds=20 + 3600), "ada")
    assert {each["device_code"] for each in sign_in.sent} == {"device"}


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (failed("access_denied"), NotSignedIn, "did not let you in"),
        (failed("expired_token"), NotSignedIn, "Nobody entered the code in time"),
        ((503, {"error": "temporarily_unavailable", "error_description": "later"}), Unavailable, "HTTP 503: later"),
        ((404, b"<html>"), Unavailable, "its \\[team\\] settings do not say how"),
        ((200, b"<html>"), Unavailable, "does not answer as a candela does"),
        ((200, {"access_token": "a"}), Unavailable, "does not answer as a candela does"),
        ((200, {**GRANTED, "expires_in": 1e300}), Unavailable, "does not answer as a candela does"),
    ],
)
def test_an_answer_that_ends_the_waiting_is_told(answer: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Scripted(answer).wait(BEGUN)


def test_a_server_that_does_not_answer_for_a_moment_is_asked_again_less_often() -> None:
    sign_in = Scripted((NO_ANSWER, None), failed("authorization_pending"), (200, GRANTED))
    assert sign_in.wait(BEGUN).access == "access"
    assert sign_in.waits == [5, 10, 10]
    with pytest.raises(Unreachable):
        Scripted(*[(NO_ANSWER, None)] * 200).wait(BEGUN)


@pytest.mark.parametrize("odd", [{"expires_in": 1e300}, {"expires_in": -1}, {"interval": -1}])
def test_a_sign_in_that_says_no_possible_time_is_not_begun(odd: dict[str, float]) -> None:
    begun = {"device_code": "device", "user_code": "BCDF-GHJK", "verification_uri": ORIGIN, **odd}
    with pytest.raises(Unavailable, match="does not answer as a candela does"):
        Scripted((200, begun)).begin()


def test_nobody_is_waited_for_longer_than_the_code_lasts() -> None:
    sign_in = Scripted(*[failed("authorization_pending")] * 200)
    with pytest.raises(NotSignedIn):
        sign_in.wait(BEGUN)
    assert sum(sign_in.waits) == 600


@pytest.mark.parametrize("page", ["javascript:alert(1)", "file:///etc/passwd", ""])
def test_a_page_that_is_no_web_page_is_not_opened(page: str) -> None:
    begun = {"device_code": "d", "user_code": "u", "verification_uri": page}
    with pytest.raises(Unavailable, match="does not answer as a candela does"):
        Scripted((200, begun)).begin()


def test_what_a_server_says_does_not_reach_the_terminal_as_it_is() -> None:
    with pytest.raises(Unavailable) as told:
        Scripted((500, {"error": "x", "error_description": "\x1b]0;evil\x07" + "y" * 10_000})).begin()
    assert "\x1b" not in str(told.value)
    assert len(str(told.value)) < 500


class Vault:
    """Keeps secrets in memory."""

    place = "memory"

    def __init__(self, *, broken: bool = False) -> None:
        self.secrets: dict[str, str] = {}
        self._broken = broken

    def read(self, name: str) -> str | None:
        return self.secrets.get(name)

    def write(self, name: str, secret: str) -> None:
        if self._broken:
            raise VaultError("the keyring is locked")
        self.secrets[name] = secret

    def remove(self, name: str) -> bool:
        return self.secrets.pop(name, None) is not None


def kept(sign_in: Scripted, vault: Vault, tokens: Tokens | None = OLD) -> KeptTokens:
    if tokens is not None:
        vault.secrets[entry_of(ORIGIN)] = encoded(tokens)
    return KeptTokens(ORIGIN, vault, sign_in, lambda: sign_in.at)


def test_a_token_is_renewed_once_shortly_before_it_expires_and_kept() -> None:
    sign_in, vault = Scripted((200, GRANTED)), Vault()
    tokens = kept(sign_in, vault)
    assert [tokens.token(), tokens.token()] == ["access", "access"]
    assert [each.get("refresh_token") for each in sign_in.sent] == ["r1"]
    assert msgspec.json.decode(vault.secrets[entry_of(ORIGIN)], type=Tokens).refresh == "r2"


def test_a_token_that_lasts_is_used_as_it_is() -> None:
    sign_in = Scripted()
    lasting = Tokens("lasting", "r1", NOW + timedelta(minutes=6), "ada")
    assert kept(sign_in, Vault(), lasting).token() == "lasting"


def test_a_token_that_another_dashboard_renewed_is_used() -> None:
    sign_in, vault = Scripted(), Vault()
    tokens = kept(sign_in, vault, Tokens("first", "r1", NOW + timedelta(minutes=6), "ada"))
    assert tokens.token() == "first"
    sign_in.at += timedelta(minutes=2)
    vault.secrets[entry_of(ORIGIN)] = encoded(Tokens("second", "r2", NOW + timedelta(hours=1), "ada"))
    assert tokens.token() == "second"
    assert sign_in.sent == []


def test_a_sign_in_that_has_ended_says_how_to_begin_another() -> None:
    with pytest.raises(NotSignedIn, match=f"`candela login {ORIGIN}`"):
        kept(Scripted((401, {"error": "invalid_grant"})), Vault()).token()
    with pytest.raises(NotSignedIn, match=f"`candela login {ORIGIN}`"):
        kept(Scripted(), Vault(), None).token()


def test_a_renewed_token_that_can_not_be_kept_is_told() -> None:
    vault = Vault(broken=True)
    with pytest.raises(Unavailable, match="the keyring is locked"):
        kept(Scripted((200, GRANTED)), vault).token()


def test_no_token_is_in_what_is_written_of_one() -> None:
    assert "old" not in repr(OLD)
    assert "device" not in repr(BEGUN)
