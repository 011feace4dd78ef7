"""The live check of a sign-in: what counts as a provider's answer, and what something on the way answered."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.identity import Provider as ProviderId
from tests.proxy.running import RunningProxy
from tests.standin import Provider, ReceivedRequest, error, json_answer
from tests.standin.answers import Answer

PASSPHRASE = "correct horse"
PORTAL = b"<html><head><title>Guest Wi-Fi: log in</title></head><body>Accept our terms</body></html>"
BLOCKED = b"<!doctype html><title>Access is blocked</title>"


def page(html: bytes, status: int = 200) -> Answer:
    return Answer([html], status=status, headers=(("Content-Type", "text/html"),), framing="length")


@pytest.fixture
def live(candela: RunningProxy, monkeypatch: pytest.MonkeyPatch) -> LiveCheck:
    """For a candela with a key of Anthropic's."""
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)
    data: Path = candela.paths.data
    EncryptedFile(data / "vault.json", lambda: PASSPHRASE, cost=16).write(vault_entry(ProviderId.ANTHROPIC), "sk-ant-1")
    account = Account("file", "vault.json", "API key", datetime.now(UTC))
    Accounts(data / "accounts.json").put(ProviderId.ANTHROPIC, account)
    return LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC)


async def results(live: LiveCheck) -> list[CheckLine]:
    return [line async for line in live.lines()]


@pytest.mark.parametrize(
    ("answer", "words", "fix"),
    [
        (
            page(PORTAL),
            'not proven: a web page came in place of an answer of Anthropic (HTTP 200): "Guest Wi-Fi: log in"',
            "log in to this network",
        ),
        (
            page(BLOCKED, 403),
            'not proven: a web page came in place of an answer of Anthropic (HTTP 403): "Access is blocked"',
            "Ask who runs this network to allow Anthropic",
        ),
        (page(b"blocked", 403), "not proven: the response (HTTP 403) is not from Anthropic: blocked", ""),
        (
            json_answer({"ok": True}),
            'not proven: the response (HTTP 200) is not from Anthropic: {"ok": true}',
            "",
        ),
        (error(529, "Overloaded"), "not proven: Overloaded", ""),
    ],
    ids=["captive portal", "company proxy", "text", "other JSON", "overloaded"],
)
async def test_what_is_no_answer_of_the_provider_proves_nothing_and_is_said_once(
    provider: Provider, live: LiveCheck, answer: Answer, words: str, fix: str
) -> None:
    provider.respond = lambda _: answer
    [line] = await results(live)
    assert (line.state, line.words) == ("bad", words)
    assert fix in line.fix


async def test_a_refusal_of_the_provider_is_in_its_words_and_said_once(provider: Provider, live: LiveCheck) -> None:
    provider.respond = lambda _: error(403, "This organization has been disabled.")
    [line] = await results(live)
    assert line == CheckLine(
        "bad", "Anthropic did not count a word for claude-haiku-4-5: This organization has been disabled."
    )


async def test_a_count_says_that_it_is_free_and_costs_no_message(provider: Provider, live: LiveCheck) -> None:
    listed, counted = await results(live)
    assert (listed.state, counted.state) == ("ok", "ok")
    assert counted.words.endswith("free of charge")
    assert [request.path for request in provider.requests] == ["/v1/models", "/v1/messages/count_tokens"]


async def test_a_cause_that_the_sign_in_stated_is_not_repeated(provider: Provider, live: LiveCheck) -> None:
    provider.respond = lambda _: error(403, "no access to this workspace")
    before = CheckLine("bad", "no access to this workspace", "ask for it")
    assert [line async for line in live.lines([before])] == [before]


async def test_a_message_proves_the_whole_way(provider: Provider, live: LiveCheck) -> None:
    await results(live)
    line = await live.message()
    assert line.state == "ok"
    assert "answered a message" in line.words
    sent: ReceivedRequest = provider.requests[-1]
    assert (sent.path, sent.json["model"], sent.json["max_tokens"]) == ("/v1/messages", live.model, 1)


async def test_a_message_that_is_refused_says_why(provider: Provider, live: LiveCheck) -> None:
    await results(live)
    provider.answer(error(400, "Your credit balance is too low"))
    line = await live.message()
    assert (line.state, "credit balance is too low" in line.words) == ("bad", True)
