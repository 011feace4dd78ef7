"""Claude in Microsoft Foundry: requests pass through, with candela's API key or its token of Microsoft Entra ID."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from anthropic import AsyncAnthropic, AsyncAnthropicFoundry

from candela_tui.exchange import Outcome
from tests.proxy.running import RunningProxy, WireClient, running
from tests.standin import Answer, ReceivedRequest, message, text, tool_use
from tests.standin.foundry import Foundry

ASKED: dict[str, Any] = {
    "model": "my-opus",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}
BODY = b'{"model":"my-opus", "max_tokens":64,"stream":true,"messages":[{"role":"user","content":"\\u00fc"}]}'
FIELDS = {"anthropic-version": "2023-06-01", "anthropic-beta": "effort-2025-11-24", "Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def no_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials of this machine."""
    for name in [name for name in os.environ if name.startswith(("AZURE_", "IDENTITY_", "MSI_", "ANTHROPIC_FOUNDRY_"))]:
        monkeypatch.delenv(name)
    # Only what a test sets is asked: az and the metadata server of a virtual machine are not.
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")


@pytest.fixture
async def foundry() -> AsyncIterator[Foundry]:
    """A stand-in for a resource."""
    async with Foundry() as resource:
        yield resource


@pytest.fixture
def key(foundry: Foundry, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the resource, in the environment of candela."""
    [one] = foundry.keys
    monkeypatch.setenv("ANTHROPIC_FOUNDRY_API_KEY", one)
    return one


@pytest.fixture
def entra(foundry: Foundry, monkeypatch: pytest.MonkeyPatch) -> Foundry:
    """The resource, for a machine with a managed identity and no key."""
    for name, value in foundry.managed_identity().items():
        monkeypatch.setenv(name, value)
    return foundry


@pytest.fixture
async def proxy(foundry: Foundry, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """candela towards it."""
    async with running(foundry, tmp_path, sections={"foundry": {"base_url": foundry.base_url}}) as candela:
        yield candela


def url(proxy: RunningProxy) -> str:
    """What a client takes as its base URL."""
    return f"{proxy.origin}/proxy/anthropic-foundry"


def given_to(request: ReceivedRequest) -> dict[str, str]:
    """The credentials that a resource got, by the field's name in lower case."""
    fields = {"authorization", "x-api-key", "api-key"}
    return {name.lower(): value for name, value in request.headers if name.lower() in fields}


async def test_the_sdk_creates_streams_and_counts(key: str, foundry: Foundry, proxy: RunningProxy) -> None:
    blocks = (text("Grüße", " 🕯"), tool_use("Bash", {"command": "ls"}))
    foundry.answer(message(*blocks, model="claude-opus-5-5"))
    async with AsyncAnthropicFoundry(base_url=url(proxy), api_key="of-the-client", max_retries=0) as sdk:
        async with sdk.messages.stream(**ASKED) as stream:
            streamed = await stream.get_final_message()
        whole = await sdk.messages.create(**ASKED)
        counted = await sdk.messages.count_tokens(model=ASKED["model"], messages=ASKED["messages"])
    assert [block.type for block in streamed.content] == ["text", "tool_use"]
    assert (whole.model, counted.input_tokens) == ("claude-opus-5-5", 2095)
    assert [request.path for request in foundry.asked] == [
        "/anthropic/v1/messages",
        "/anthropic/v1/messages",
        "/anthropic/v1/messages/count_tokens",
    ]
    assert [given_to(request) for request in foundry.asked] == [{"x-api-key": key, "api-key": key}] * 3
    exchange = await proxy.exchange()
    assert (exchange.provider, exchange.outcome) == ("foundry", Outcome.OK)
    assert (exchange.model, exchange.model_used) == ("my-opus", "claude-opus-5-5")
    assert exchange.cost is not None


@pytest.mark.parametrize("size", [40, 5 * 2**20])
async def test_an_error_arrives_with_exactly_the_fields_and_bytes_of_the_provider(
    key: str, foundry: Foundry, proxy: RunningProxy, size: int
) -> None:
    foundry.answer(Answer([b'{"error":{"message":"', b"x" * size, b'"}}'], 400, headers=(("apim-request-id", "1"),)))
    async with WireClient(proxy.port) as client:
        await client.post(
            "/proxy/anthropic-foundry/v1/messages", BODY, "anthropic-version: 2023-06-01\r\nConnection: close\r\n"
        )
        head = await client.until(b"\r\n\r\n")
        chunked = await client.rest()
    names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line}
    assert names == {b"apim-request-id", b"transfer-encoding", b"x-request-id", b"connection"}
    assert (chunked.count(b"x"), chunked[-7:]) == (size, b"\r\n0\r\n\r\n")
    exchange = await proxy.exchange()
    assert (exchange.outcome, exchange.response_bytes) == (Outcome.ERROR, len(foundry.asked[0].sent))


async def test_the_sdks_own_entra_token_is_passed_on(foundry: Foundry, proxy: RunningProxy) -> None:
    token = foundry.issue()
    async with AsyncAnthropicFoundry(base_url=url(proxy), azure_ad_token_provider=lambda: token, max_retries=0) as sdk:
        await sdk.messages.create(**ASKED)
    assert given_to(foundry.asked[0]) == {"authorization": f"Bearer {token}"}


async def test_body_and_fields_arrive_untouched(
    key: str, foundry: Foundry, proxy: RunningProxy, client: ClientSession
) -> None:
    async with client.post(f"{url(proxy)}/v1/messages?beta=true", data=BODY, headers=FIELDS) as answer:
        received = await answer.read()
    request = foundry.asked[0]
    assert (request.target, request.body) == ("/anthropic/v1/messages?beta=true", BODY)
    assert received == request.sent
    assert {name: request.header(name) for name in FIELDS} == FIELDS


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer skip-foundry-auth"},
        {"Authorization": "Bearer candela"},
        {"Authorization": "Bearer sk-ant-oat01-0a1B2c3D", "x-api-key": "sk-ant-api03-0a1B2c3D"},
        {"Authorization": "Bearer of-a-gateway"},
        {"x-api-key": "wrong", "api-key": "wrong"},
        {},
    ],
    ids=str,
)
async def test_what_a_client_sends_in_place_of_credentials_is_replaced(
    key: str, foundry: Foundry, proxy: RunningProxy, client: ClientSession, headers: dict[str, str]
) -> None:
    async with client.post(f"{url(proxy)}/v1/messages", data=BODY, headers=FIELDS | headers) as answer:
        assert answer.status == 200
    assert given_to(foundry.asked[0]) == {"x-api-key": key, "api-key": key}


async def test_a_key_of_the_clients_own_is_used_if_candela_has_none(
    foundry: Foundry, proxy: RunningProxy, client: ClientSession
) -> None:
    [own] = foundry.keys
    async with client.post(f"{url(proxy)}/v1/messages", data=BODY, headers=FIELDS | {"x-api-key": own}) as answer:
        assert answer.status == 200
    assert given_to(foundry.asked[0]) == {"x-api-key": own}


async def test_entra_tokens_are_shared_and_renewed_once_after_a_refusal(
    entra: Foundry, proxy: RunningProxy, client: ClientSession
) -> None:
    async def ask() -> int:
        async with client.post(f"{url(proxy)}/v1/messages", data=BODY, headers=FIELDS) as answer:
            return answer.status

    assert [await ask(), await ask()] == [200, 200]
    assert entra.tokens_issued == 1
    entra.revoke_tokens()
    assert await ask() == 200
    assert (entra.tokens_issued, len(entra.asked)) == (2, 4)
    exchange = await proxy.exchange(lambda one: not one.live and bool(one.adaptations))
    assert [adaptation.what for adaptation in exchange.adaptations] == ["retry"]


async def test_an_account_without_a_role_is_refused_once_more_and_the_client_reads_why(
    entra: Foundry, proxy: RunningProxy
) -> None:
    entra.may_use = False
    async with AsyncAnthropic(base_url=url(proxy), api_key="candela", max_retries=0) as sdk:
        with pytest.raises(Exception, match=r"401.*lacks the required data action"):
            await sdk.messages.create(**ASKED)
    assert len(entra.asked) == 2


async def test_without_credentials_the_client_is_told_what_to_do(
    foundry: Foundry, proxy: RunningProxy, client: ClientSession
) -> None:
    async with client.post(f"{url(proxy)}/v1/messages", data=BODY, headers=FIELDS) as answer:
        error = json.loads(await answer.read())["error"]
    assert (answer.status, error["type"]) == (401, "authentication_error")
    assert "run `az login`" in error["message"]
    assert "`candela auth login --provider foundry`" in error["message"]
    assert foundry.asked == []


async def test_the_placeholder_of_a_client_is_no_key_of_candelas(
    foundry: Foundry, tmp_path: Path, client: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """candela may be started in a shell in which `candela env --route foundry` was evaluated."""
    monkeypatch.setenv("ANTHROPIC_FOUNDRY_API_KEY", "candela")
    sections = {"foundry": {"base_url": foundry.base_url}}
    async with (
        running(foundry, tmp_path, sections=sections) as candela,
        client.post(f"{url(candela)}/v1/messages", data=BODY, headers=FIELDS) as answer,
    ):
        assert answer.status == 401
    assert foundry.asked == []


async def test_an_unknown_deployment_is_azures_to_refuse(key: str, foundry: Foundry, proxy: RunningProxy) -> None:
    async with AsyncAnthropicFoundry(base_url=url(proxy), api_key="candela", max_retries=0) as sdk:
        with pytest.raises(Exception, match="The API deployment for this resource does not exist"):
            await sdk.messages.create(**ASKED | {"model": "claude-nix"})


async def test_without_a_resource_the_client_is_told_what_to_set(
    foundry: Foundry, key: str, tmp_path: Path, client: ClientSession
) -> None:
    async with (
        running(foundry, tmp_path) as candela,
        client.post(f"{url(candela)}/v1/messages", data=BODY, headers=FIELDS) as answer,
    ):
        assert answer.status == 400
        assert "[foundry] resource" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize("path", ["/openai/v1/responses", "/v1/../../openai/deployments"])
async def test_candelas_key_gives_no_access_to_other_services(
    key: str, foundry: Foundry, proxy: RunningProxy, client: ClientSession, path: str
) -> None:
    from yarl import URL

    async with client.post(URL(url(proxy) + path, encoded=True), data=BODY, headers=FIELDS) as answer:
        assert answer.status == 404
    assert foundry.requests == []
