"""Claude on Google Cloud managed by Anthropic: requests pass through, with candela's token of Google."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from anthropic import AsyncAnthropicGoogleCloud

from candela_tui.exchange import Outcome
from candela_tui.providers.claude_google_cloud.endpoint import Place, endpoint_url
from tests.proxy.running import RunningProxy, running
from tests.standin import ReceivedRequest, message, text, tool_use
from tests.standin.claude_google_cloud import WORKSPACE, ClaudeGoogleCloud

ASKED: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hi"}],
}
BODY = b'{"model":"claude-opus-5-5", "max_tokens":64,"stream":true,"messages":[{"role":"user","content":"\\u00fc"}]}'
FIELDS = {"anthropic-version": "2023-06-01", "anthropic-beta": "effort-2025-11-24", "Content-Type": "application/json"}


@pytest.fixture
async def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClaudeGoogleCloud]:
    """A stand-in for Google, with the environment of a user whose service account may use a workspace there."""
    for name in [name for name in os.environ if name.startswith(("ANTHROPIC_GOOGLE_CLOUD_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    async with ClaudeGoogleCloud() as service:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service.service_account(tmp_path)))
        yield service


@pytest.fixture
async def proxy(cloud: ClaudeGoogleCloud, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """candela towards it."""
    async with running(cloud, tmp_path, sections={"claude_google_cloud": {"base_url": cloud.base_url}}) as candela:
        yield candela


def url(proxy: RunningProxy) -> str:
    """What a client takes as its base URL."""
    return f"{proxy.origin}/proxy/claude-google-cloud"


def given_to(request: ReceivedRequest) -> dict[str, str]:
    """The credentials that Google got, by the field's name in lower case."""
    return {name.lower(): value for name, value in request.headers if name.lower() in ("authorization", "x-api-key")}


async def test_the_sdk_creates_streams_counts_and_lists(cloud: ClaudeGoogleCloud, proxy: RunningProxy) -> None:
    cloud.answer(message(text("Grüße", " 🕯"), tool_use("Bash", {"command": "ls"}), model="claude-opus-5-5"))
    async with AsyncAnthropicGoogleCloud(base_url=url(proxy), skip_auth=True, max_retries=0) as sdk:
        async with sdk.messages.stream(**ASKED) as stream:
            streamed = await stream.get_final_message()
        whole = await sdk.messages.create(**ASKED)
        counted = await sdk.messages.count_tokens(model=ASKED["model"], messages=ASKED["messages"])
        listed = await sdk.models.list()
    assert [block.type for block in streamed.content] == ["text", "tool_use"]
    assert (whole.model, counted.input_tokens, len(listed.data)) == ("claude-opus-5-5", 2095, 1)
    assert {request.path.removeprefix(cloud.place) for request in cloud.asked} == {
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/models",
    }
    assert [given_to(request) for request in cloud.asked] == [{"authorization": "Bearer ya29.stand-in-1"}] * 4
    exchange = await proxy.exchange()
    assert (exchange.provider, exchange.region, exchange.outcome) == ("claude_google_cloud", "global", Outcome.OK)
    assert exchange.cost is not None


async def test_body_and_fields_arrive_untouched(
    cloud: ClaudeGoogleCloud, proxy: RunningProxy, client: ClientSession
) -> None:
    async with client.post(f"{url(proxy)}/v1/messages?beta=true", data=BODY, headers=FIELDS) as answer:
        received = await answer.read()
    request = cloud.asked[0]
    assert (request.target, request.body) == (f"{cloud.place}/v1/messages?beta=true", BODY)
    assert received == request.sent
    assert {name: request.header(name) for name in FIELDS} == FIELDS


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer candela"},
        {"Authorization": "Bearer sk-ant-oat01-0a1B2c3D", "x-api-key": "sk-ant-api03-0a1B2c3D"},
        {"Authorization": "Bearer of-a-gateway"},
        {"Authorization": "Bearer skip-foundry-auth"},
        {},
    ],
    ids=str,
)
async def test_what_a_client_sends_in_place_of_credentials_is_replaced(
    cloud: ClaudeGoogleCloud, proxy: RunningProxy, client: ClientSession, headers: dict[str, str]
) -> None:
    async with client.post(f"{url(proxy)}/v1/messages", data=BODY, headers=FIELDS | headers) as answer:
        assert answer.status == 200
    assert given_to(cloud.asked[0]) == {"authorization": "Bearer ya29.stand-in-1"}


async def test_a_token_of_googles_by_the_sdk_is_passed_on(cloud: ClaudeGoogleCloud, proxy: RunningProxy) -> None:
    token = cloud.issue("ya29.of-the-client")
    async with AsyncAnthropicGoogleCloud(base_url=url(proxy), token_provider=lambda: token, max_retries=0) as sdk:
        await sdk.messages.create(**ASKED)
    assert given_to(cloud.asked[0]) == {"authorization": f"Bearer {token}"}
    assert cloud.tokens_issued == 0


async def test_a_refused_token_is_renewed_once(
    cloud: ClaudeGoogleCloud, proxy: RunningProxy, client: ClientSession
) -> None:
    async def ask() -> int:
        async with client.post(f"{url(proxy)}/v1/messages", data=BODY, headers=FIELDS) as answer:
            return answer.status

    assert await ask() == 200
    cloud.revoke_tokens()
    assert await ask() == 200
    assert (cloud.tokens_issued, len(cloud.asked)) == (2, 3)
    cloud.revoke_tokens()
    cloud.tokens_are_dead = True
    assert await ask() == 401
    assert len(cloud.asked) == 5


@pytest.mark.parametrize(("setting", "words"), [("may_use", "does not have permission"), ("enabled", "Enable it by")])
async def test_the_client_reads_why_google_refuses(
    cloud: ClaudeGoogleCloud, proxy: RunningProxy, setting: str, words: str
) -> None:
    setattr(cloud, setting, False)
    async with AsyncAnthropicGoogleCloud(base_url=url(proxy), skip_auth=True, max_retries=0) as sdk:
        with pytest.raises(Exception, match=rf"403.*{words}"):
            await sdk.messages.create(**ASKED)
    assert len(cloud.asked) == 1


async def test_without_a_workspace_the_client_is_told_what_to_set(
    cloud: ClaudeGoogleCloud, tmp_path: Path, client: ClientSession
) -> None:
    async with (
        running(cloud, tmp_path) as candela,
        client.post(f"{url(candela)}/v1/messages", data=BODY, headers=FIELDS) as answer,
    ):
        assert answer.status == 400
        assert "[claude_google_cloud] workspace" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/v1/messages?beta=true", f"workspaces/{WORKSPACE}/invoke"),
        ("/v1/messages/count_tokens", f"workspaces/{WORKSPACE}/invoke"),
        ("/v1/user_profiles?limit=1", "claudeOrganization/invoke"),
        ("/v1/user_profiles/uprof_1", "claudeOrganization/invoke"),
        ("/v1/organizations/workspaces", "claudeOrganization/invoke"),
        ("/v1/user_profiles_of_others", f"workspaces/{WORKSPACE}/invoke"),
    ],
)
def test_each_path_goes_where_the_sdk_sends_it(path: str, place: str) -> None:
    root = "https://claude.googleapis.com/v1/projects/example.com:one/locations/global"
    assert endpoint_url(Place("example.com:one", "global", WORKSPACE), path) == f"{root}/{place}"


def test_an_organization_needs_no_workspace() -> None:
    assert endpoint_url(Place("one", "us", None), "/v1/organizations/me").endswith("/us/claudeOrganization/invoke")


@pytest.mark.parametrize("name", ["a/b", "..", "a?b", "a#b", "a@b", ""])
def test_no_name_leads_elsewhere(name: str) -> None:
    for place in (Place(name, "global", "w"), Place("p", name, "w"), Place("p", "global", name)):
        with pytest.raises(ValueError, match="is not the name of a project, location or workspace"):
            endpoint_url(place, "/v1/messages")
