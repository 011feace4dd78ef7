"""The local API for people who signed in and for holders of keys: what each role gets, over real connections."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from candela_tui.api_root import API_ROOT
from candela_tui.attach.device_sign_in import DeviceSignIn, Tokens
from candela_tui.attach.kept_tokens import KeptTokens, encoded, entry_of
from candela_tui.attach.team_server import Address, TeamServer
from candela_tui.audit.actor import own_user
from candela_tui.audit.log import LocalAuditLog
from candela_tui.proxy.local_api.route import Route
from candela_tui.proxy.local_api.routes import ROUTES
from candela_tui.team.roles import Permission
from candela_tui.text.times import utc_now
from tests.attach.attached import attached
from tests.attach.test_device_sign_in import Vault
from tests.keys.made import changes_in, make, store_in
from tests.proxy.running import BODY
from tests.proxy.team.test_sign_in import Server, serving
from tests.standin import Gate, Provider, message, text

ADA = "ada@example.com"
MESSAGES = "/proxy/anthropic-direct/v1/messages"
BUDGETS = [{"name": name, "scope": name, "limit_usd": 100} for name in ("key", "user", "team", "all")]
NEVER_REMOTE = {
    "replay",
    "offer_replay",
    "show_intercepts",
    "intercept",
    "release",
    "post_notice",
    "make_page_link",
} | {"unlock_secrets"}


class Team:
    """A candela with requests of several people, and who asks its API."""

    def __init__(self, server: Server, keys: Mapping[str, str]) -> None:
        self.server = server
        self.keys = keys
        self.ids: dict[str, str] = {}
        """The request of each key."""

    async def ask(self, key: str | None, session: str) -> str:
        """Send a request, and return its id."""
        headers = {"X-Claude-Code-Session-Id": session} | ({"x-api-key": key} if key is not None else {})
        known = set(self.server.proxy._latest)
        async with self.server.client.post(self.server.url + MESSAGES, data=BODY, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()
        exchange = await self.server.proxy.exchange(lambda each: each.id not in known and not each.live)
        return exchange.id

    async def get(self, token: str, path: str, method: str = "GET", **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.server.url}{API_ROOT}{path}"
        async with self.server.client.request(method, url, headers=headers, **more) as answer:
            body = await answer.text()
            if answer.content_type == "application/json":
                return answer.status, json.loads(body)
            lines = answer.content_type == "application/x-ndjson"
            return answer.status, [json.loads(line) for line in body.splitlines()] if lines else body

    async def requests(self, token: str) -> set[str]:
        """Whose requests are listed."""
        status, found = await self.get(token, "/requests")
        assert status == 200
        return {next(name for name, id_ in self.ids.items() if id_ == each["id"]) for each in found}

    def entries(self, action: str) -> list[Any]:
        log = LocalAuditLog(self.server.proxy.paths.audit, "reader", "command")
        return [entry for entry in log.entries() if entry.action == action]


@asynccontextmanager
async def team(provider: Provider, data: Path, roles: Mapping[str, str] | None = None) -> AsyncIterator[Team]:
    provider.answer(*[message(text("ok"))] * 4)
    made = {
        name: make(data, name, user=user, team=of)[1]
        for name, user, of in (
            ("ada-ci", ADA, "platform"),
            ("bob", "bob", "platform"),
            ("eve", "eve", "data"),
        )
    }
    sections = {"rules": {"budgets": BUDGETS}}
    async with serving(provider, data, sections, groups={"eng": "platform"}, roles=dict(roles or {})) as server:
        found = Team(server, made)
        for name, key in made.items():
            found.ids[name] = await found.ask(key, name)
        found.ids["nobody"] = await found.ask(None, "nobody")
        yield found


async def signed_in(found: Team, surface: str = "candela") -> str:
    return str((await found.server.sign_in(surface))["access_token"])


@pytest.mark.parametrize(
    ("roles", "seen", "sees"),
    [
        ({}, {"ada-ci"}, "own"),
        ({"eng": "auditor"}, {"ada-ci"}, "own"),
        ({"eng": "lead"}, {"ada-ci", "bob"}, "team"),
        ({ADA: "admin"}, {"ada-ci", "bob", "eve", "nobody"}, "all"),
    ],
)
async def test_each_role_sees_its_requests_wherever_they_are_listed(
    provider: Provider, tmp_path: Path, roles: dict[str, str], seen: set[str], sees: str
) -> None:
    async with team(provider, tmp_path, roles) as found:
        token = await signed_in(found)
        assert await found.requests(token) == seen
        _, me = await found.get(token, "/me")
        assert (me["name"], me["team"], me["sees"]) == (ADA, "platform", sees)
        _, sessions = await found.get(token, "/sessions")
        assert {each["session_id"] for each in sessions} == seen
        _, snapshots = await found.get(token, "/snapshots")
        assert {each["id"] for each in snapshots} == {found.ids[name] for name in seen}
        for name, id_ in found.ids.items():
            answers = [
                (await found.get(token, path))[0]
                for path in (f"/requests/{id_}", f"/snapshots/{id_}", f"/requests/{id_}/request")
            ]
            assert answers == [200 if name in seen else 404] * 3
            status, chunks = await found.get(token, f"/requests/{id_}/chunks")
            assert (status, bool(chunks)) == (200, name in seen)


async def test_what_is_shown_is_the_same_once_it_is_stored(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path, {"eng": "lead"}) as found:
        token = await signed_in(found)
        for id_ in found.ids.values():
            await found.server.proxy.stored(id_)
        assert await found.requests(token) == {"ada-ci", "bob"}
        assert (await found.get(token, f"/requests/{found.ids['eve']}/response"))[0] == 404


async def test_a_key_sees_what_was_asked_with_it_whatever_its_user_may(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        await signed_in(found)
        assert await found.requests(found.keys["ada-ci"]) == {"ada-ci"}
        assert (await found.get(found.keys["ada-ci"], "/audit"))[0] == 403


async def test_a_token_of_claude_code_has_no_role(provider: Provider, tmp_path: Path) -> None:
    """What runs in the client can read it."""
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        assert await found.requests(await signed_in(found, "claude_code")) == set()


@pytest.mark.parametrize(
    ("roles", "seen"),
    [
        ({}, {("key", "ada-ci"), ("user", ADA)}),
        ({"eng": "lead"}, {("key", "ada-ci"), ("key", "bob"), ("user", ADA), ("user", "bob"), ("team", "platform")}),
    ],
)
async def test_each_role_sees_its_budgets(
    provider: Provider, tmp_path: Path, roles: dict[str, str], seen: set[tuple[str, str]]
) -> None:
    async with team(provider, tmp_path, roles) as found:
        _, states = await found.get(await signed_in(found), "/budgets")
        assert {(state["scope"], state["target"]) for state in states} == seen


async def test_bodies_of_others_are_read_under_the_readers_name(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path, {"eng": "lead"}) as found:
        token = await signed_in(found)
        for name in ("ada-ci", "bob", "bob", "eve"):
            await found.get(token, f"/requests/{found.ids[name]}/request")
        [entry] = found.entries("body.read")
        assert (entry.actor, entry.subject, entry.after["user"]) == (ADA, found.ids["bob"], "bob")


async def test_an_admin_reads_what_has_no_key_not_without_an_entry(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        assert (await found.get(await signed_in(found), f"/requests/{found.ids['nobody']}/request"))[0] == 200
        assert [entry.subject for entry in found.entries("body.read")] == [found.ids["nobody"]]


async def test_an_override_is_made_under_the_name_of_the_admin(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        token = await signed_in(found)
        wanted = {"for_s": 60, "why": "release"}
        assert (await found.get(token, "/budgets/all/override", "POST", json=wanted))[0] == 200
        assert (await found.get(token, "/budgets/all/override", "DELETE"))[0] == 200
        entries = [*found.entries("budget.override"), *found.entries("budget.override-end")]
        assert [entry.actor for entry in entries] == [ADA, ADA]


@pytest.mark.parametrize(("roles", "users"), [({}, {ADA}), ({"eng": "auditor"}, {ADA, "bob", "eve", None})])
async def test_an_auditor_sees_what_everyone_spent_and_the_audit_log(
    provider: Provider, tmp_path: Path, roles: dict[str, str], users: set[str | None]
) -> None:
    async with team(provider, tmp_path, roles) as found:
        token = await signed_in(found)
        status, spend = await found.get(token, "/spend?by=user")
        assert (status, {row["key"] for row in spend["rows"]}) == (200, users)
        assert spend["totals"]["requests"] == len(users)
        status, entries = await found.get(token, "/audit")
        assert status == (200 if roles else 403)
        if roles:
            assert ("session.begin", ADA) in {(entry["action"], entry["actor"]) for entry in entries}


def path_of(route: Route) -> str:
    return route.path.format(id="0", name="all").removeprefix(API_ROOT)


async def test_a_path_that_no_role_may_use_is_refused_to_an_admin_too(provider: Provider, tmp_path: Path) -> None:
    closed = [route for route in ROUTES if route.remote is None]
    assert {route.handler.__name__ for route in closed} == NEVER_REMOTE
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        token = await signed_in(found)
        for route in closed:
            status, said = await found.get(token, path_of(route), route.method, data=b"{}")
            assert (status, "only for the user who runs candela" in str(said)) == (403, True), route


async def test_a_member_is_refused_what_asks_for_more_than_reading(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path) as found:
        token = await signed_in(found)
        for route in ROUTES:
            if route.remote not in (None, Permission.READ):
                status, said = await found.get(token, path_of(route), route.method, data=b"{}")
                assert (status, "which you do not have" in str(said)) == (403, True), route


async def test_without_a_token_or_with_a_wrong_one_nothing_is_told(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path) as found:
        for token in ("", "ck_live_" + "x" * 43, found.server.proxy.paths.token.read_text().strip() + "x"):
            for route in ROUTES:
                if route.handler.__name__ not in ("follow_requests", "follow_snapshots"):
                    assert (await found.get(token, path_of(route), route.method))[0] == 401


async def test_the_token_of_this_machine_opens_everything_as_before(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path) as found:
        token = found.server.proxy.paths.token.read_text().strip()
        assert await found.requests(token) == set(found.ids)
        _, me = await found.get(token, "/me")
        assert (me["name"], me["sees"], me["roles"]) == (own_user(), "all", [])
        assert (await found.get(token, "/notices", "POST", json={"text": "hi"}))[0] == 200


async def next_event(stream: aiohttp.StreamReader) -> tuple[str, Any]:
    """The next event, without those that only keep the connection open."""
    name = ""
    while line := (await stream.readline()).decode().strip() or "-":
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            return name, json.loads(line.removeprefix("data: "))
    raise AssertionError


async def test_a_stream_has_only_what_its_reader_sees(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path) as found:
        token = await signed_in(found)
        gate = Gate()
        provider.answer(message(text("a", gate, "b")), message(text("ok")))
        server = found.server
        headers = {"Authorization": f"Bearer {token}"}
        async with server.client.get(f"{server.url}{API_ROOT}/events", headers=headers) as stream, asyncio.timeout(30):
            name, first = await next_event(stream.content)
            assert (name, first["live"], first["about"]["live"]) == ("snapshot", [], 0)
            server.proxy.feed.notify("bob's key has expired")
            others = asyncio.create_task(found.ask(found.keys["bob"], "bob"))
            await server.proxy.exchange(lambda each: each.live and each.key == "bob")
            own = await found.ask(found.keys["ada-ci"], "ada-ci")
            gate.open()
            await others
            heard = []
            while ("request", own, "ok") not in heard:
                name, event = await next_event(stream.content)
                heard.append((name, event.get("id"), event.get("outcome")))
        earlier = found.ids["ada-ci"]
        assert {(name, id_) for name, id_, _ in heard} <= {("request", own), ("request", earlier)}


async def test_a_role_that_is_taken_away_in_the_file_is_gone_at_once_and_recorded(
    provider: Provider, tmp_path: Path
) -> None:
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        token, config = await signed_in(found), found.server.proxy.paths.config
        config.write_text(f'[team.roles]\n"{ADA}" = "admin"\neng = "lead"\n')
        await found.server.proxy.noticed("The roles of people")
        assert await found.requests(token) == set(found.ids)
        config.write_text('[team.roles]\neng = "lead"\n')
        local = found.server.proxy.paths.token.read_text().strip()
        assert (await found.get(local, "/rules", "POST"))[0] == 200
        assert await found.requests(token) == {"ada-ci", "bob"}
        assert [(each.subject, each.after) for each in found.entries("role.add")] == [
            (ADA, {"role": "admin"}),
            ("eng", {"role": "lead"}),
        ]
        [removed] = found.entries("role.remove")
        assert (removed.subject, removed.before, removed.after) == (ADA, {"role": "admin"}, None)


async def test_a_stream_ends_once_its_reader_has_signed_out(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candela_tui.proxy.local_api.api._LOOK_AGAIN_S", 0.05)
    async with team(provider, tmp_path, {ADA: "admin"}) as found:
        tokens = await found.server.sign_in("candela")
        server = found.server
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        async with server.client.get(f"{server.url}{API_ROOT}/events", headers=headers) as stream, asyncio.timeout(30):
            await next_event(stream.content)
            await server.post("/oauth/revoke", token=tokens["refresh_token"])
            with pytest.raises(aiohttp.ClientPayloadError):
                await stream.content.read()


async def test_a_dashboard_says_that_it_is_signed_out_and_attaches_again_after_another_sign_in(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candela_tui.proxy.local_api.api._LOOK_AGAIN_S", 0.05)
    async with team(provider, tmp_path) as found:
        server, vault = found.server, Vault()
        address = Address.of(server.url)

        def keep(granted: Mapping[str, Any]) -> None:
            until = utc_now() + timedelta(seconds=granted["expires_in"])
            tokens = Tokens(granted["access_token"], granted["refresh_token"], until, ADA)
            vault.write(entry_of(address.origin), encoded(tokens))

        first = await server.sign_in("candela")
        keep(first)
        kept = KeptTokens(address.origin, vault, DeviceSignIn(address, ssl.create_default_context))
        there = TeamServer(address, ssl.create_default_context, kept)
        async with attached(server.proxy.port, tmp_path / "home", there) as here:
            await here.until(lambda: here.feed.note)
            await server.post("/oauth/revoke", token=first["refresh_token"])
            await here.told(f"You are signed out: run `candela login {server.url}`")
            assert here.feed.trouble == f"You are signed out: run `candela login {server.url}`"
            keep(await server.sign_in("candela"))
            await here.told("Attached again")
            assert here.feed.trouble is None


async def test_a_key_that_was_revoked_opens_nothing(provider: Provider, tmp_path: Path) -> None:
    async with team(provider, tmp_path) as found:
        assert (await found.get(found.keys["bob"], "/requests"))[0] == 200
        changes_in(tmp_path).revoke(store_in(tmp_path).find("bob"))
        assert (await found.get(found.keys["bob"], "/requests"))[0] == 401
