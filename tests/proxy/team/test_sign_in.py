"""People sign in: from the client's first request to a message, with an OpenID provider that signs real tokens."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from joserfc.jwk import RSAKey

from candela_tui.api_root import API_ROOT, DASHBOARD_SURFACE
from candela_tui.audit.actor import own_user
from candela_tui.audit.log import LocalAuditLog
from candela_tui.config.managed_settings import ManagedSettingsError
from candela_tui.keys.person import OF_DASHBOARD
from tests.e2e.candela import free_port
from tests.proxy.running import BODY, RunningProxy
from tests.rules.budgets.test_relayed import states
from tests.standin import Provider, message, text
from tests.standin.oidc import SECRET, IdentityProvider

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass
class Server:
    """A candela where people sign in, and the client and browser of one of them."""

    url: str
    proxy: RunningProxy
    idp: IdentityProvider
    client: aiohttp.ClientSession
    browser: aiohttp.ClientSession

    async def post(self, path: str, **form: str) -> tuple[int, Any]:
        async with self.client.post(self.url + path, data=form) as answer:
            return answer.status, await answer.json()

    async def begin(self, surface: str = "claude_code") -> dict[str, Any]:
        status, begun = await self.post("/oauth/device_authorization", surface=surface)
        assert status == 200
        return dict(begun)

    async def type_code(self, code: str, lets_in: str = "", **headers: str) -> aiohttp.ClientResponse:
        sent = headers or {"Origin": self.url}
        form = {"user_code": code, "lets_in": lets_in}
        return await self.browser.post(f"{self.url}/oauth/device", data=form, headers=sent, allow_redirects=False)

    async def come_back(self, address: str) -> tuple[int, str]:
        async with self.browser.get(address, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
            return answer.status, await answer.text()

    async def sign_in(self, surface: str = "claude_code") -> dict[str, Any]:
        """The whole way; the tokens."""
        begun = await self.begin(surface)
        sent = await self.type_code(begun["user_code"], OF_DASHBOARD if surface == DASHBOARD_SURFACE else "")
        assert sent.status == 302
        status, page = await self.come_back(self.idp.signed_in(sent.headers["Location"]))
        assert (status, "signed in as ada@example.com" in page) == (200, True)
        return await self.tokens(begun["device_code"])

    async def tokens(self, device_code: str, **more: str) -> dict[str, Any]:
        status, tokens = await self.post("/oauth/token", grant_type=DEVICE_GRANT, device_code=device_code, **more)
        assert status == 200
        return dict(tokens)


@asynccontextmanager
async def serving(
    provider: Provider, data: Path, more: Mapping[str, Any] | None = None, **team: Any
) -> AsyncIterator[Server]:
    secret = data / "secret"
    await asyncio.to_thread(secret.write_text, SECRET)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    own = {"base_url": provider.url, "key_command": "echo sk-ant-api03-own"}
    jar = aiohttp.CookieJar(unsafe=True)
    async with IdentityProvider() as idp:
        idp.redirect_uri = f"{url}/oauth/callback"
        sections = {"anthropic": own, **idp.settings(url, str(secret), **team), **(more or {})}
        async with (
            RunningProxy(provider.url, data, listen_on=port, sections=sections) as proxy,
            aiohttp.ClientSession() as client,
            aiohttp.ClientSession(cookie_jar=jar) as browser,
        ):
            yield Server(url, proxy, idp, client, browser)


async def test_a_person_is_asked_before_a_code_lets_a_dashboard_in(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin(DASHBOARD_SURFACE)
        asked = await server.type_code(begun["user_code"])
        page = await asked.text()
        assert asked.status == 200
        assert "candela login" in page
        assert f'name="lets_in" value="{OF_DASHBOARD}"' in page
        assert (await server.type_code(begun["user_code"], OF_DASHBOARD)).status == 302


async def test_what_a_code_lets_in_is_chosen_before_the_person_types_it(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path, roles={"ada@example.com": "admin"}) as server:
        begun = await server.begin()
        sent = await server.type_code(begun["user_code"])
        await server.come_back(server.idp.signed_in(sent.headers["Location"]))
        tokens = await server.tokens(begun["device_code"], surface=DASHBOARD_SURFACE)
        holder = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with server.client.get(f"{server.url}{API_ROOT}/me", headers=holder) as answer:
            assert (await answer.json())["roles"] == ["member"]


async def test_a_person_signs_in_asks_and_signs_out(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("ok")))
    async with serving(provider, tmp_path, groups={"eng": "platform"}) as server:
        async with server.client.get(f"{server.url}/.well-known/oauth-authorization-server") as answer:
            places = await answer.json()
        assert places["token_endpoint"] == f"{server.url}/oauth/token"
        tokens = await server.sign_in()
        assert (tokens["token_type"], tokens["email"]) == ("Bearer", "ada@example.com")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with server.client.post(f"{server.url}/v1/messages", data=BODY, headers=bearer) as answer:
            assert answer.status == 200
            await answer.read()
        exchange = await server.proxy.exchange()
        token = {"Authorization": f"Bearer {server.proxy.paths.token.read_text().strip()}"}
        body_of = f"{server.proxy.origin}{API_ROOT}/requests/{exchange.id}/request"
        async with server.client.get(body_of, headers=token) as answer:
            assert answer.status == 200
        status, refreshed = await server.post(
            "/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        assert (status, refreshed["refresh_token"] != tokens["refresh_token"]) == (200, True)
        # As 2.1.332 does it at /logout.
        assert (await server.post("/oauth/revoke", token=tokens["access_token"])) == (200, {})
        also = {"token": refreshed["refresh_token"], "token_type_hint": "refresh_token"}
        assert (await server.post("/oauth/revoke", **also)) == (200, {})
        async with server.client.post(f"{server.url}/v1/messages", data=BODY, headers=bearer) as answer:
            assert (answer.status, answer.headers["x-should-retry"]) == (401, "false")
        ended = await server.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert (ended[0], ended[1]["error"]) == (401, "invalid_grant")
    assert exchange.key == "ada@example.com"
    entries = LocalAuditLog(tmp_path / "audit.db", "someone", "test").entries()
    assert [(each.actor, each.via, each.action) for each in entries] == [
        ("ada@example.com", "sign-in", "session.begin"),
        (own_user(), "local API", "body.read"),
        ("ada@example.com", "sign-in", "session.end"),
    ]
    assert tokens["access_token"] not in repr(exchange)
    assert provider.requests[0].header("x-api-key") == "sk-ant-api03-own"
    assert provider.requests[0].header("authorization") is None


async def test_a_budget_of_a_team_counts_what_its_people_ask(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("ok")))
    budget = {"name": "each team", "scope": "team", "window": "month", "limit_usd": 5}
    async with serving(provider, tmp_path, {"rules": {"budgets": [budget]}}, groups={"eng": "platform"}) as server:
        tokens = await server.sign_in()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with server.client.post(f"{server.url}/v1/messages", data=BODY, headers=bearer) as answer:
            await answer.read()
        await server.proxy.ended(1)
        [state] = await states(server.proxy)
    assert (state.target, state.spent_usd > 0) == ("platform", True)


async def test_a_client_below_a_route_signs_in_as_well(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        status, _ = await server.post("/proxy/anthropic-direct/oauth/device_authorization")
        assert status == 200


async def test_what_a_client_asks_beside_messages(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        tokens = await server.sign_in()
        for headers, settings, telemetry in (
            ({}, 401, 401),
            ({"Authorization": f"Bearer {tokens['access_token']}"}, 404, 200),
        ):
            async with server.client.get(f"{server.url}/managed/settings", headers=headers) as answer:
                assert answer.status == settings
            async with server.client.post(f"{server.url}/v1/metrics", json={}, headers=headers) as answer:
                assert answer.status == telemetry
    assert provider.requests == []


async def test_a_client_gets_the_managed_settings_once(provider: Provider, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    await asyncio.to_thread(file.write_text, '{"model": "opus", "env": {"TEAM": "reef"}}')
    async with serving(provider, tmp_path, managed_settings=str(file)) as server:
        tokens = await server.sign_in()
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}

        async def asked(**headers: str) -> tuple[int, str | None, bytes]:
            async with server.client.get(f"{server.url}/managed/settings", headers=headers) as answer:
                return answer.status, answer.headers.get("ETag"), await answer.read()

        status, etag, body = await asked(**bearer)
        document = json.loads(body)
        assert (status, etag) == (200, f'"{document["checksum"]}"')
        assert document["settings"] == {"model": "opus", "env": {"TEAM": "reef"}}
        assert await asked(**bearer, **{"If-None-Match": etag or ""}) == (304, etag, b"")
        for other in ("*", '"sha256:0"'):
            assert (await asked(**bearer, **{"If-None-Match": other}))[0] == 200
        assert (await asked())[0] == 401


async def test_a_client_starts_while_it_is_not_known_who_is_signed_in(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        tokens = await server.sign_in()
        await asyncio.to_thread(server.proxy.paths.sessions.write_bytes, b"damaged" * 1000)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        # 401 would end the session of the client.
        async with server.client.get(f"{server.url}/managed/settings", headers=bearer) as answer:
            assert answer.status == 404
        async with server.client.post(f"{server.url}/v1/metrics", json={}, headers=bearer) as answer:
            assert answer.status == 503


async def test_a_candela_does_not_start_without_the_settings_that_it_should_give(
    provider: Provider, tmp_path: Path
) -> None:
    with pytest.raises(ManagedSettingsError, match=r"team\.managed_settings: .*missing\.json: can't be read"):
        async with serving(provider, tmp_path, managed_settings=str(tmp_path / "missing.json")):
            pass


async def test_without_a_person_there_are_no_tokens(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        asked = {"grant_type": DEVICE_GRANT, "device_code": begun["device_code"]}
        assert await server.post("/oauth/token", **asked) == (400, {"error": "authorization_pending"})
        unknown = await server.post("/oauth/token", grant_type=DEVICE_GRANT, device_code="x")
        assert unknown == (400, {"error": "expired_token"})
        assert await server.post("/oauth/token", grant_type="password") == (400, {"error": "unsupported_grant_type"})


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Accept": "*/*"}],
    ids=str,
)
async def test_another_page_can_not_send_a_code(headers: dict[str, str], provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        answer = await server.type_code(begun["user_code"], **headers)
        assert (answer.status, "Location" in answer.headers) == (403, False)


async def test_a_code_in_the_address_is_not_sent_by_itself(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        async with server.browser.get(begun["verification_uri_complete"], headers={"Sec-Fetch-Site": "none"}) as answer:
            page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        assert begun["user_code"] in page
        assert "<script" not in page
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        async with server.browser.get(f'{server.url}/oauth/device?user_code="><script>') as answer:
            assert "<script" not in await answer.text()


async def test_a_code_can_not_be_guessed(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        seen = [(await server.type_code("BBBB-BBBB")).status for _ in range(21)]
        assert seen == [400] * 20 + [429]
        assert (await server.type_code(begun["user_code"])).status == 429


async def test_a_made_up_token_is_not_looked_for_in_the_file(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        (tmp_path / "sessions.db").mkdir()
        status, answer = await server.post("/oauth/token", grant_type="refresh_token", refresh_token="ck_live_made-up")
        assert (status, answer["error"]) == (401, "invalid_grant")
        assert await server.post("/oauth/revoke", token="ck_live_made-up") == (200, {})


async def test_another_browser_can_not_end_a_sign_in(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        sent = await server.type_code(begun["user_code"])
        cookie = sent.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        back = server.idp.signed_in(sent.headers["Location"])
        server.browser.cookie_jar.clear()
        assert (await server.come_back(back))[0] == 400
        # Nor can the answer be used again.
        assert (await server.come_back(back))[0] == 400
        assert (await server.post("/oauth/token", grant_type=DEVICE_GRANT, device_code=begun["device_code"]))[0] == 400


async def test_a_made_up_state_ends_nothing(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        await server.type_code(begun["user_code"])
        assert (await server.come_back(f"{server.url}/oauth/callback?state=x&code=y"))[0] == 400


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"nonce": "another"}, "belongs to another sign-in"),
        ({"aud": "another-client"}, "id_token is not valid"),
        ({"iss": "https://evil.example"}, "id_token is not valid"),
        ({"exp": 1}, "id_token is not valid"),
        ({"email_verified": "false"}, "no verified e-mail address"),
        ({"email_verified": False}, "no verified e-mail address"),
        ({"email": None}, "no verified e-mail address"),
        ({"groups": ["sales"]}, "in none of the groups"),
    ],
    ids=str,
)
async def test_who_is_not_known_for_certain_is_not_signed_in(
    claims: dict[str, Any], said: str, provider: Provider, tmp_path: Path
) -> None:
    async with serving(provider, tmp_path, groups={"eng": "platform"}) as server:
        server.idp.claims |= claims
        begun = await server.begin()
        sent = await server.type_code(begun["user_code"])
        status, page = await server.come_back(server.idp.signed_in(sent.headers["Location"]))
        assert (status, said in page) == (502, True)
        denied = await server.post("/oauth/token", grant_type=DEVICE_GRANT, device_code=begun["device_code"])
        assert denied == (400, {"error": "access_denied"})


async def test_a_token_with_another_signature_signs_nobody_in(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        sent = await server.type_code(begun["user_code"])
        back = server.idp.signed_in(sent.headers["Location"])
        published, server.idp.key = server.idp.key, RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        server.idp.published = published
        status, page = await server.come_back(back)
        assert (status, "id_token is not valid" in page) == (502, True)


async def test_a_key_that_is_new_is_read(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        await server.sign_in()
        server.idp.key = server.idp.published = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        await server.sign_in()


async def test_the_browser_is_sent_nowhere_else(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        begun = await server.begin()
        sent = await server.type_code(begun["user_code"])
        assert urlsplit(sent.headers["Location"]).netloc == urlsplit(server.idp.url).netloc
        async with server.browser.get(
            f"{server.url}/oauth/device?redirect_uri=https://evil.example&next=//evil.example"
        ) as answer:
            assert (answer.status, "evil" in await answer.text()) == (200, False)


async def test_half_of_the_settings_is_told(provider: Provider, tmp_path: Path) -> None:
    half = {"team": {"oidc": {"issuer": "https://idp.example"}}}
    async with RunningProxy(provider.url, tmp_path, sections=half) as proxy:
        proxy._drain()
        assert any("also needs client_id" in words for words in proxy.notices)


async def test_without_a_team_there_is_no_sign_in(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy, aiohttp.ClientSession() as client:
        for path in ("/oauth/token", "/oauth/device", "/.well-known/oauth-authorization-server", "/managed/settings"):
            async with client.get(proxy.origin + path) as answer:
                assert answer.status == 404
    assert not (tmp_path / "sessions.db").exists()


async def test_who_is_in_no_group_after_a_restart_is_signed_out_by_the_next_refresh(
    provider: Provider, tmp_path: Path
) -> None:
    async with serving(provider, tmp_path, groups={"eng": "platform"}) as server:
        tokens = await server.sign_in()
    async with serving(provider, tmp_path, groups={"sales": "sales"}) as server:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        status, answer = await server.post("/oauth/token", **form)
        assert (status, answer["error"]) == (401, "invalid_grant")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with server.client.post(f"{server.url}/v1/messages", data=BODY, headers=bearer) as refused:
            assert refused.status == 401
    actions = [each.action for each in LocalAuditLog(tmp_path / "audit.db", "someone", "test").entries()]
    assert actions == ["session.begin", "session.no-team"]


async def test_a_session_does_not_end_without_its_entry_in_the_audit_log(provider: Provider, tmp_path: Path) -> None:
    async with serving(provider, tmp_path) as server:
        tokens = await server.sign_in()
        with closing(sqlite3.connect(tmp_path / "audit.db")) as audit:
            audit.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
        assert (await server.post("/oauth/revoke", token=tokens["access_token"]))[0] == 503
        with closing(sqlite3.connect(tmp_path / "audit.db")) as audit:
            audit.execute("DROP TRIGGER full")
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        assert (await server.post("/oauth/token", **form))[0] == 200
