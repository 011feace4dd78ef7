"""A key of candela's own: for clients that have none, and for no others."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.credentials.state import Standing
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers import identity
from candela_tui.providers.identity import Provider as ProviderId
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider, ReceivedRequest, error

KEY = "sk-ant-api03-stored-key"


def keep(data: Path, key: str) -> None:
    EncryptedFile(data / "vault.json", lambda: "correct horse", cost=16).write(vault_entry(ProviderId.ANTHROPIC), key)


def sign_in(data: Path, key: str = KEY) -> None:
    keep(data, key)
    Accounts(data / "accounts.json").put(
        identity.Provider.ANTHROPIC, Account("file", "vault.json", "API key", datetime.now(UTC))
    )


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDELA_PASSPHRASE", "correct horse")


async def ask(candela: RunningProxy, client: aiohttp.ClientSession, **headers: str) -> tuple[int, bytes]:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.post(candela.url + "/v1/messages", data=BODY, headers=fields) as answer:
        return answer.status, await answer.read()


def keys_in(request: ReceivedRequest) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in request.headers if name.lower() in ("x-api-key", "authorization")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_api_key": "candela"},
        {"authorization": "Bearer candela"},
        {"AUTHORIZATION": "BEARER  candela"},
        {"x_api_key": ""},
    ],
    ids=str,
)
async def test_a_client_without_a_key_gets_the_stored_one(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    sign_in(candela.paths.data)
    status, _ = await ask(candela, client, **headers)
    assert status == 200
    assert keys_in(provider.requests[0]) == [("x-api-key", KEY)]
    assert provider.requests[0].body == BODY
    assert [state.standing for state in candela.feed.credentials] == [Standing.SIGNED_IN]


@pytest.mark.parametrize(
    "headers", [{"x_api_key": "sk-ant-own"}, {"authorization": "Bearer sk-ant-oat01-own"}], ids=["key", "login"]
)
async def test_a_clients_own_key_or_login_passes_untouched(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    sign_in(candela.paths.data)
    await ask(candela, client, **headers)
    assert [(name.replace("-", "_"), value) for name, value in keys_in(provider.requests[0])] == list(headers.items())


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"x_api_key": "candela", "authorization": "Bearer own"}, ("authorization", "Bearer own")),
        ({"x_api_key": "sk-ant-own", "authorization": "Bearer candela"}, ("x-api-key", "sk-ant-own")),
    ],
    ids=["login", "key"],
)
async def test_a_placeholder_beside_a_clients_own_key_or_login_stays_with_candela(
    provider: Provider,
    candela: RunningProxy,
    client: aiohttp.ClientSession,
    headers: dict[str, str],
    sent: tuple[str, str],
) -> None:
    sign_in(candela.paths.data)
    await ask(candela, client, **headers)
    assert keys_in(provider.requests[0]) == [sent]


async def test_a_placeholder_without_a_key_behind_it_is_told_what_to_run(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    status, body = await ask(candela, client, authorization="Bearer candela")
    assert status == 401
    assert b"candela auth login" in body
    assert provider.requests == []


async def test_without_a_key_on_either_side_the_provider_is_asked_all_the_same(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    await ask(candela, client)
    assert keys_in(provider.requests[0]) == []


async def test_a_refused_key_is_read_again_and_the_request_sent_again(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    sign_in(candela.paths.data, "sk-ant-old")
    await ask(candela, client)
    keep(candela.paths.data, "sk-ant-new")
    provider.answer(error(401, "invalid x-api-key"))
    status, _ = await ask(candela, client)
    assert status == 200
    assert [keys_in(request)[0][1] for request in provider.requests] == ["sk-ant-old", "sk-ant-old", "sk-ant-new"]


async def test_a_key_that_stays_refused_is_told_at_once_and_shown(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    sign_in(candela.paths.data)
    provider.answer(error(401, "invalid x-api-key"))
    status, body = await ask(candela, client)
    assert status == 401
    assert b"Anthropic refused candela's API key" in body
    assert len(provider.requests) == 1
    assert candela.feed.credentials[0].standing is Standing.REFUSED


async def test_the_stored_key_is_nowhere_in_the_records(
    provider: Provider, candela: RunningProxy, client: aiohttp.ClientSession
) -> None:
    sign_in(candela.paths.data)
    await ask(candela, client)
    await candela.stop(0)
    files = [path for path in candela.paths.data.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert KEY.encode() not in await asyncio.to_thread(path.read_bytes), path


async def test_the_live_check_goes_the_clients_way(provider: Provider, candela: RunningProxy) -> None:
    sign_in(candela.paths.data)
    lines = [line async for line in LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC).lines()]
    assert [line.state for line in lines] == ["ok", "ok"]
    assert "lists 1 model" in lines[0].words
    assert {key for request in provider.requests for _, key in keys_in(request)} == {KEY}


async def test_the_live_check_tells_what_the_provider_says(provider: Provider, candela: RunningProxy) -> None:
    sign_in(candela.paths.data)
    provider.respond = lambda request: error(401, "invalid x-api-key")
    [line] = [line async for line in LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC).lines()]
    assert line.state == "bad"
    assert "refused candela's API key" in line.words


async def test_a_proxy_that_does_not_answer_is_named(candela: RunningProxy) -> None:
    await candela.stop(0)
    [line] = [line async for line in LiveCheck(f"127.0.0.1:{candela.port}", ProviderId.ANTHROPIC).lines()]
    assert line.state == "bad"
    assert str(candela.port) in line.words
