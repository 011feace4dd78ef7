"""candela's own keys: who may use the proxy, and for what."""

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.api_root import API_ROOT, OTLP_ROOT, PAGE_ROOT, TRACES_PATH
from candela_tui.credentials.sign_in.live_check import LiveCheck
from candela_tui.exchange import Outcome
from candela_tui.keys.key import Key, KeyBudget
from candela_tui.providers.identity import Provider as ProviderId
from candela_tui.text.times import utc_now
from tests.keys.made import make, store_in
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.proxy.test_client_credentials import BEDROCK_BODY, CHAT, INVOKE, RAW_PREDICT, VERTEX_BODY
from tests.standin import Provider, json_answer, message
from tests.standin import text as text_of
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex


@pytest.fixture(autouse=True)
def _answers(provider: Provider) -> None:
    provider.answer(*[message(text_of("ok"))] * 4)


MESSAGES = "/proxy/anthropic-direct/v1/messages"
CHATS = "/proxy/anthropic/v1/chat/completions"
REQUIRED: Mapping[str, Any] = {"keys": {"required": True}}
COUNTED = {"input_tokens": 8}
OWN = "sk-ant-api03-own-0a1B2c3D"


def serving(provider: Provider, data: Path, sections: Mapping[str, Any] | None = None, **proxy: Any) -> Any:
    """A proxy that has a key of Anthropic's, as a server has."""
    own = {"base_url": provider.url, "key_command": f"echo {OWN}"}
    return running(provider, data, sections={"anthropic": own, **(sections or {})}, **proxy)


async def ask(
    client: aiohttp.ClientSession,
    proxy: RunningProxy,
    headers: dict[str, str],
    path: str = MESSAGES,
    body: bytes = BODY,
) -> tuple[int, dict[str, str], Any]:
    async with client.post(proxy.origin + path, data=body, headers=headers) as answer:
        text = await answer.read()
        document = json.loads(text) if answer.content_type == "application/json" else None
        return answer.status, dict(answer.headers), document


@pytest.mark.parametrize("field", ["x-api-key", "X-Api-Key", "bearer", "Bearer", "X-Candela-Key"])
async def test_a_key_is_accepted_as_api_key_as_bearer_token_and_in_a_field_of_candelas(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession, field: str
) -> None:
    _, text = make(tmp_path)
    headers = {"Authorization": f"{field} {text}", "x-api-key": ""} if field.lower() == "bearer" else {field: text}
    async with serving(provider, tmp_path, REQUIRED) as proxy:
        status, _, _ = await ask(client, proxy, headers)
        exchange = await proxy.exchange()
        await proxy.stored(exchange.id)

        assert status == 200
        assert exchange.key == "ci"
        assert provider.requests[0].header("x-api-key") == OWN
        stored = proxy.reader.exchange(exchange.id)
        assert stored is not None
        assert stored.key == "ci"
        assert text not in repr(stored)


async def test_a_clients_own_sign_in_goes_on_beside_the_key(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path)
    own = "Bearer sk-ant-oat01-0a1B2c3D"
    async with serving(provider, tmp_path, REQUIRED) as proxy:
        await ask(client, proxy, {"x-api-key": text, "Authorization": own})

    assert provider.requests[0].header("authorization") == own
    assert provider.requests[0].header("x-api-key") is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": ""},
        {"Authorization": "Bearer "},
        {"x-api-key": "sk-ant-api03-0a1B2c3D"},
        {"x-api-key": "ck_live_" + "x" * 43},
        {"Authorization": "Bearer ck_live_" + "x" * 43},
    ],
    ids=str,
)
async def test_without_a_known_key_nothing_reaches_a_provider_or_the_store(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    make(tmp_path)
    async with serving(provider, tmp_path, REQUIRED) as proxy:
        status, fields, document = await ask(client, proxy, headers)
        proxy._drain()

        assert status == 401
        assert fields["x-should-retry"] == "false"
        assert document["type"] == "error"
        assert document["error"]["type"] == "authentication_error"
        assert document["candela"] == {"code": "invalid_api_key"}
        assert len(proxy.notices) == 1
        assert "x" * 20 not in proxy.notices[0]
        assert proxy._latest == {}
    assert provider.requests == []


async def test_a_wrong_key_is_refused_where_none_is_required(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    async with serving(provider, tmp_path) as proxy:
        wrong, _, _ = await ask(client, proxy, {"x-api-key": "ck_live_" + "x" * 43})
        none, _, _ = await ask(client, proxy, {})

    assert (wrong, none) == (401, 200)


def _disabled(key: Key) -> Key:
    return replace(key, disabled_at=utc_now())


def _revoked(key: Key) -> Key:
    return replace(key, revoked_at=utc_now())


def _expired(key: Key) -> Key:
    return replace(key, expires_at=utc_now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("change", "code"), [(_disabled, "key_disabled"), (_revoked, "key_revoked"), (_expired, "key_expired")]
)
async def test_a_key_that_is_withdrawn_is_refused_from_the_next_request_on(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession, change: Any, code: str
) -> None:
    key, text = make(tmp_path)
    async with serving(provider, tmp_path) as proxy:
        before, _, _ = await ask(client, proxy, {"x-api-key": text})
        store_in(tmp_path).change(change(key))
        after, _, document = await ask(client, proxy, {"x-api-key": text})
        refused = await proxy.exchange(lambda exchange: exchange.outcome is Outcome.BLOCKED)

    assert (before, after) == (200, 401)
    assert document["candela"] == {"code": code}
    assert "the key ci" in document["error"]["message"]
    assert refused.key == "ci"
    assert len(provider.requests) == 1


async def test_a_key_may_use_the_models_of_its_list_alone(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path, models=("claude-haiku-*",))
    haiku = BODY.replace(b"claude-opus-4-8", b"claude-haiku-4-5")
    async with serving(provider, tmp_path) as proxy:
        refused, _, document = await ask(client, proxy, {"x-api-key": text})
        allowed, _, _ = await ask(client, proxy, {"x-api-key": text}, body=haiku)
        batch, _, _ = await ask(client, proxy, {"x-api-key": text}, f"{MESSAGES}/batches", b'{"requests":[]}')
        counted, _, _ = await ask(client, proxy, {"x-api-key": text}, f"{MESSAGES}/count_tokens")
        exchange = await proxy.exchange(lambda each: each.outcome is Outcome.BLOCKED)

    assert (refused, allowed, batch, counted) == (402, 200, 402, 200)
    assert document["candela"] == {"code": "model_not_allowed"}
    assert document["error"]["message"] == "the key ci may not use claude-opus-4-8, only claude-haiku-*"
    assert exchange.model == "claude-opus-4-8"
    assert exchange.key == "ci"


async def test_a_key_may_use_the_providers_of_its_list_alone(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path, providers=("bedrock", "vertex"))
    async with serving(provider, tmp_path) as proxy:
        status, _, document = await ask(client, proxy, {"x-api-key": text})

    assert status == 402
    assert document["candela"] == {"code": "provider_not_allowed"}
    assert document["error"]["message"] == "the key ci may not use Anthropic, only bedrock, vertex"
    assert provider.requests == []


async def test_lists_of_models_have_only_those_of_the_key(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path, models=("claude-haiku-*",))
    rows = [{"type": "model", "id": model, "display_name": model} for model in ("claude-opus-4-8", "claude-haiku-4-5")]
    provider.respond = lambda _: json_answer({"data": rows, "has_more": False})
    aliases = {"rules": {"models": {"aliases": {"big": "claude-opus-4-8", "fast": "claude-haiku-4-5"}}}}
    found = []
    for sections in ({}, aliases):
        async with serving(provider, tmp_path, sections) as proxy:
            url = f"{proxy.url}/v1/models"
            async with client.get(url, headers={"x-api-key": text}) as answer:
                found.append([row["id"] for row in (await answer.json())["data"]])
            async with client.get(f"{url}/claude-opus-4-8", headers={"x-api-key": text}) as answer:
                assert answer.status == 404

    assert found == [["claude-haiku-4-5"], ["fast", "claude-haiku-4-5"]]


async def test_a_refusal_of_chat_completions_has_their_form(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    async with serving(provider, tmp_path, REQUIRED) as proxy:
        status, _, document = await ask(client, proxy, {}, CHATS, CHAT)

    assert status == 401
    assert document["error"]["code"] == "invalid_api_key"
    assert document["candela"] == {"code": "invalid_api_key"}


@pytest.mark.parametrize("path", [RAW_PREDICT, "/proxy/anthropic-vertex/v1/messages", CHATS])
async def test_no_key_reaches_google(
    over_vertex: RunningProxy, vertex: Vertex, tmp_path: Path, client: aiohttp.ClientSession, path: str
) -> None:
    _, text = make(tmp_path)
    body = {RAW_PREDICT: VERTEX_BODY, CHATS: CHAT}.get(path, BODY)
    status, _, _ = await ask(client, over_vertex, {"Authorization": f"Bearer {text}", "x-api-key": text}, path, body)

    assert status == 200
    assert vertex.predictions
    assert all(text not in repr(request) for request in vertex.predictions)


@pytest.mark.parametrize("path", [INVOKE, "/proxy/anthropic-bedrock/v1/messages"])
async def test_no_key_reaches_amazon(
    over_bedrock: RunningProxy, bedrock: Bedrock, tmp_path: Path, client: aiohttp.ClientSession, path: str
) -> None:
    _, text = make(tmp_path)
    body = BEDROCK_BODY if path == INVOKE else BODY
    status, _, _ = await ask(client, over_bedrock, {"Authorization": f"Bearer {text}", "x-api-key": text}, path, body)

    assert status == 200
    assert bedrock.invocations
    assert all(text not in repr(request) for request in bedrock.invocations)


async def test_no_key_reaches_a_gateway_in_any_field(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path)
    async with serving(provider, tmp_path) as proxy:
        headers = {"x-api-key": text, "Authorization": f"Bearer Bearer {text}", "api-key": text, "x-other": f"a {text}"}
        await ask(client, proxy, headers)
        exchange = await proxy.exchange()

    assert text not in repr(provider.requests)
    assert text not in repr(exchange)


async def test_keys_that_cannot_be_read_let_nobody_in(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path)
    (tmp_path / "keys-pepper").unlink()
    async with serving(provider, tmp_path, REQUIRED) as proxy:
        status, _, document = await ask(client, proxy, {"x-api-key": text})

    assert (status, document["candela"]["code"]) == (503, "keys_unavailable")
    assert provider.requests == []


def _other_address() -> str | None:
    """An address of this machine that is not a loopback one. Connecting a UDP socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return None if address.startswith("127.") else address


ADDRESS = _other_address()
beyond = pytest.mark.skipif(ADDRESS is None, reason="this machine has no address but the loopback ones")


async def _from_beyond(port: int, head: str, body: bytes = b"") -> bytes:
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(ADDRESS, port)
        writer.write(head.replace("\n", "\r\n").encode() + body)
        answer = await reader.read()
        writer.close()
        return answer


@beyond
@pytest.mark.parametrize("listen", ["0.0.0.0", ADDRESS])
async def test_from_beyond_only_a_key_opens_a_route(provider: Provider, tmp_path: Path, listen: str) -> None:
    _, text = make(tmp_path)
    post = f"POST {MESSAGES} HTTP/1.1\nHost: candela.example\nConnection: close\nContent-Length: {len(BODY)}\n"
    async with serving(provider, tmp_path, listen=listen) as proxy:
        without = await _from_beyond(proxy.port, f"{post}\n", BODY)
        wrong = await _from_beyond(proxy.port, f"{post}x-api-key: ck_live_{'x' * 43}\n\n", BODY)
        right = await _from_beyond(proxy.port, f"{post}x-api-key: {text}\n\n", BODY)
        async with WireClient(proxy.port) as here:
            await here.post()
            local = await here.until(b"\r\n")

    assert [answer.split(b"\r\n")[0].split()[1] for answer in (without, wrong, right, local)] == [
        b"401",
        b"401",
        b"200",
        b"200",
    ]
    assert len(provider.requests) == 2


@beyond
async def test_from_beyond_the_token_of_the_local_api_opens_nothing(provider: Provider, tmp_path: Path) -> None:
    _, text = make(tmp_path)
    async with serving(provider, tmp_path, listen="0.0.0.0") as proxy:
        token = proxy.paths.token.read_text().strip()
        head = f"Host: x\nConnection: close\nAuthorization: Bearer {token}\nx-api-key: {text}\n\n"
        token_alone = f"Host: x\nConnection: close\nAuthorization: Bearer {token}\n\n"
        with_token = [
            await _from_beyond(proxy.port, f"GET {path} HTTP/1.1\n{token_alone}")
            for path in (API_ROOT, f"{API_ROOT}/requests", f"{API_ROOT}/events", TRACES_PATH)
        ]
        forbidden = [
            await _from_beyond(proxy.port, f"POST {API_ROOT}/{path} HTTP/1.1\n{head}")
            for path in ("page-links", "unlock")
        ]
        closed = [
            await _from_beyond(proxy.port, f"{line} HTTP/1.1\n{head}")
            for line in (
                f"GET {PAGE_ROOT}",
                f"GET {PAGE_ROOT}web/app.js",
                f"POST {OTLP_ROOT}/v1/metrics",
                "GET /metrics",
                "GET http://127.0.0.1:1/",
            )
        ]
        through = await _from_beyond(proxy.port, f"CONNECT api.anthropic.com:443 HTTP/1.1\n{head}")
        health = await _from_beyond(proxy.port, "GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n")
        page = await _from_beyond(
            proxy.port, "GET /healthz HTTP/1.1\nHost: x\nOrigin: https://x\nConnection: close\n\n"
        )

    assert [answer.split()[1] for answer in closed] == [b"404"] * len(closed)
    assert [answer.split()[1] for answer in with_token] == [b"401"] * len(with_token)
    assert [answer.split()[1] for answer in forbidden] == [b"403"] * len(forbidden)
    assert through.startswith(b"HTTP/1.1 405")
    assert health.endswith(b'{"name": "candela"}')
    assert page.startswith(b"HTTP/1.1 403")


@beyond
async def test_from_beyond_the_token_is_no_key(provider: Provider, tmp_path: Path) -> None:
    make(tmp_path)
    async with serving(provider, tmp_path, listen="0.0.0.0") as proxy:
        token = proxy.paths.token.read_text().strip()
        head = f"Host: x\nConnection: close\nX-Candela-Token: {token}\nContent-Length: {len(BODY)}\n\n"
        answer = await _from_beyond(proxy.port, f"POST {MESSAGES} HTTP/1.1\n{head}", BODY)

    assert answer.startswith(b"HTTP/1.1 401")
    assert provider.requests == []


async def test_candelas_own_checks_need_no_key_and_their_token_stays_here(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda asked: json_answer({"data": [{"id": "m"}]} if "models" in asked.path else COUNTED)
    async with serving(provider, tmp_path, REQUIRED) as proxy:
        token = proxy.paths.token.read_text().strip()
        address = f"127.0.0.1:{proxy.port}"
        proved = [line.state async for line in LiveCheck(address, ProviderId.ANTHROPIC, proxy.paths.token).lines()]
        refused = [line.words async for line in LiveCheck(address, ProviderId.ANTHROPIC).lines()]
        exchanges = await proxy.ended(2)

    assert proved == ["ok", "ok"]
    assert "needs one of its own keys" in refused[0]
    assert len(provider.requests) == 2
    assert token not in repr(provider.requests)
    assert token not in repr(exchanges)


@beyond
async def test_without_listen_nobody_is_let_in_from_beyond(candela: RunningProxy) -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(ADDRESS, candela.port)


async def test_a_key_is_refused_once_its_budget_is_spent_and_no_other(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    budget = KeyBudget(Decimal("0.000001"), "month")
    async with serving(provider, tmp_path) as proxy:
        _, text = make(tmp_path, budget=budget)
        _, other = make(tmp_path, "ci2")
        first, _, _ = await ask(client, proxy, {"x-api-key": text})
        await proxy.ended(1)
        second, _, document = await ask(client, proxy, {"x-api-key": text})
        of_other, _, _ = await ask(client, proxy, {"x-api-key": other})

    assert (first, second, of_other) == (200, 402, 200)
    assert "key ci" in document["error"]["message"]
    assert document["candela"] == {"code": "budget_exceeded"}


async def test_a_key_does_not_see_the_usage_of_candelas_own_account(
    provider: Provider, tmp_path: Path, client: aiohttp.ClientSession
) -> None:
    _, text = make(tmp_path)
    async with (
        serving(provider, tmp_path) as proxy,
        client.get(proxy.url + "/api/oauth/usage", headers={"Authorization": f"Bearer {text}"}) as answer,
    ):
        assert answer.status == 404
        assert "no budget in dollars applies to the key ci" in (await answer.json())["error"]["message"]
    assert provider.requests == []
