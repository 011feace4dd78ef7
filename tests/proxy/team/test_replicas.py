"""People sign in at several replicas on one PostgreSQL database: a load balancer sends each request to the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.database_url import DatabaseUrl
from tests.keys.people import store_url
from tests.proxy.running import BODY, RunningProxy
from tests.proxy.team.test_sign_in import DEVICE_GRANT, Server
from tests.standin import Provider, message, text
from tests.standin.load_balancer import LoadBalancer
from tests.standin.oidc import SECRET, IdentityProvider
from tests.standin.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")


@dataclass
class Team(Server):
    """The replicas behind a load balancer, and the client and browser of one person."""

    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    proxies: list[RunningProxy] = field(default_factory=list)

    async def ask(self, tokens: dict[str, Any]) -> int:
        """The status of the answer to a request."""
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with self.client.post(f"{self.url}/v1/messages", data=BODY, headers=bearer) as answer:
            await answer.read()
            return answer.status

    async def refresh(self, tokens: dict[str, Any]) -> tuple[int, Any]:
        return await self.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])


@asynccontextmanager
async def team(provider: Provider, url: DatabaseUrl, tmp_path: Path, **team: Any) -> AsyncIterator[Team]:
    provider.respond = lambda _: message(text("ok"))
    (tmp_path / "secret").write_text(SECRET)
    pepper = tmp_path / "pepper"
    pepper.write_text("ab" * 32)
    pepper.chmod(0o600)
    balancer = LoadBalancer()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(balancer.listening())
        idp = await stack.enter_async_context(IdentityProvider())
        idp.redirect_uri = f"{balancer.url}/oauth/callback"
        sections = {
            "anthropic": {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"},
            "store": {"url": store_url(url)},
            "keys": {"pepper_file": str(pepper), "required": True},
            **idp.settings(balancer.url, str(tmp_path / "secret"), **team),
        }
        proxies = []
        for name in ("1", "2", "3"):
            (tmp_path / name).mkdir()
            proxies.append(
                await stack.enter_async_context(RunningProxy(provider.url, tmp_path / name, sections=sections))
            )
        balancer.replicas = [proxy.origin for proxy in proxies]
        client = await stack.enter_async_context(aiohttp.ClientSession())
        jar = aiohttp.CookieJar(unsafe=True)
        browser = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        yield Team(balancer.url, proxies[0], idp, client, browser, balancer, proxies)


async def test_each_step_of_a_sign_in_may_go_to_another_replica(
    provider: Provider, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    async with team(provider, postgres_url, tmp_path, groups={"eng": "platform"}) as server:
        for _ in range(3):
            begun = await server.begin()
            pending = await server.post("/oauth/token", grant_type=DEVICE_GRANT, device_code=begun["device_code"])
            assert pending == (400, {"error": "authorization_pending"})
            sent = await server.type_code(begun["user_code"])
            status, page = await server.come_back(server.idp.signed_in(sent.headers["Location"]))
            assert (status, "signed in as ada@example.com" in page) == (200, True)
            tokens = await server.tokens(begun["device_code"])
            # At once, and at every replica.
            assert [await server.ask(tokens) for _ in range(3)] == [200, 200, 200]
            status, refreshed = await server.refresh(tokens)
            assert status == 200
            assert [await server.ask(refreshed) for _ in range(3)] == [200, 200, 200]
            assert (await server.post("/oauth/revoke", token=refreshed["access_token"])) == (200, {})
            assert (await server.refresh(refreshed))[0] == 401
            while await server.ask(refreshed) != 401:
                pass
        paths = [path for _, path in server.balancer.served]
        assert len({number for number, path in server.balancer.served if path == "/oauth/callback"}) > 1, paths


async def test_two_processes_of_a_client_refresh_at_once(
    provider: Provider, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    async with team(provider, postgres_url, tmp_path) as server:
        tokens = await server.sign_in()
        both = await asyncio.gather(*(server.refresh(tokens) for _ in range(6)))
        assert {status for status, _ in both} == {200}
        assert [await server.ask(refreshed) for _, refreshed in both] == [200] * 6
        assert (await server.refresh(both[0][1]))[0] == 200


async def test_who_is_signed_in_goes_on_while_postgresql_is_away(
    provider: Provider, postgres_url: DatabaseUrl, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    async with team(provider, postgres_url, tmp_path) as server:
        tokens = await server.sign_in()
        assert [await server.ask(tokens) for _ in range(3)] == [200, 200, 200]
        postgres_server.stop()
        try:
            assert [await server.ask(tokens) for _ in range(3)] == [200, 200, 200]
            # 401 would end the session of the client.
            assert [(await server.refresh(tokens))[0] for _ in range(3)] == [503, 503, 503]
            begun = await server.post("/oauth/device_authorization")
            assert (begun[0], begun[1]["error"]) == (503, "temporarily_unavailable")
            assert (await server.type_code("BBBB-BBBB")).status == 503
        finally:
            postgres_server.start()
        while (await server.refresh(tokens))[0] != 200:
            pass
