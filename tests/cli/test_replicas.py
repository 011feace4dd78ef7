"""Three candelas on one PostgreSQL database are one: their budgets hold together, and their keys are the same."""

import asyncio
import itertools
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from candela_tui.api_root import API_ROOT
from candela_tui.database_url import DatabaseUrl
from candela_tui.store.reader import StoreReader
from tests.cli.command import Home, documents
from tests.cli.forked import ForkedProcess
from tests.cli.test_serve import serving
from tests.rules.budgets.test_relayed import asking, dollar
from tests.standin import Gate, Provider
from tests.standin.answers import Answer
from tests.standin.postgres import PostgresServer
from tests.standin.provider import ReceivedRequest

pytestmark = pytest.mark.xdist_group("postgres")

LIMIT = 30
SESSIONS = ("s1", "s2", "s3")
_PAUSE_S = 0.1
"""Between two requests of a client."""


def replica(directory: Path, provider: Provider, url: DatabaseUrl, **settings: str) -> Home:
    directory.mkdir()
    home = Home(directory, provider.url)
    at = f"postgresql://{url.user}@:{url.port}/{url.name}?host={url.host}"
    home.environment.update({"CANDELA_STORE__URL": at, **settings})
    return home


async def send(http: aiohttp.ClientSession, home: Home, session: str) -> int | None:
    """The status of the answer to a request; None if it broke off."""
    try:
        async with http.post(
            f"http://127.0.0.1:{home.port}/v1/messages", **asking(session, max_tokens=200_000)
        ) as answer:
            await answer.read()
            return answer.status
    except aiohttp.ClientError:
        return None


async def standing(http: aiohttp.ClientSession, home: Home) -> dict[str, Decimal]:
    token = await asyncio.to_thread((home.data / "api-token").read_text)
    headers = {"Authorization": f"Bearer {token.strip()}"}
    async with http.get(f"http://127.0.0.1:{home.port}{API_ROOT}/budgets", headers=headers) as answer:
        [state] = json.loads(await answer.read(), parse_float=Decimal)
    return {name: Decimal(state[name]) for name in ("spent_usd", "reserved_usd", "in_flight")}


@pytest.mark.soak
@pytest.mark.parametrize("known", [True, False])
async def test_200_requests_at_once_and_a_kill_do_not_exceed_the_limit(
    tmp_path: Path, provider: Provider, postgres_url: DatabaseUrl, known: bool
) -> None:
    """The third replica is killed while it waits for an answer, and all of them have many requests: of sessions whose
    requests are known to cost a dollar, or of many sessions of which nothing is known at first, with one dollar or two
    for each request."""
    budgets = f'[{{ name = "all", window = "total", limit_usd = {LIMIT} }}]'
    homes = [
        replica(tmp_path / name, provider, postgres_url, CANDELA_RULES__BUDGETS=budgets) for name in ("1", "2", "3")
    ]
    gate = Gate()

    def respond(request: ReceivedRequest) -> Answer:
        session = next(value for name, value in request.headers if name == "X-Claude-Code-Session-Id")
        if session == "s3":
            return dollar("H", gate)
        return dollar(times=2 if session.startswith("two") else 1)

    def session_of(number: int) -> str:
        if known:
            return SESSIONS[number % 3]
        return f"{('one', 'two')[number % 2]}-{number % 42}"

    provider.respond = lambda _: dollar()
    # The most that one request costs of which nothing is known. It may begin with a cent below the limit.
    most = LIMIT if known else LIMIT + 2
    running: list[ForkedProcess] = [await serving(home) for home in homes]
    try:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http, asyncio.timeout(120):
            for home, session in zip(homes, SESSIONS, strict=True):
                assert await send(http, home, session) == 200
                while (await standing(http, home))["in_flight"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            provider.respond = respond
            held = asyncio.create_task(send(http, homes[2], "s3"))
            await gate.reached()
            sent = [asyncio.create_task(send(http, homes[number % 3], session_of(number))) for number in range(200)]
            await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
            running[2].kill()
            await running[2].wait()
            gate.open()
            statuses = Counter(await asyncio.gather(held, *sent))
            for home in homes[:2]:
                while (state := await standing(http, home))["in_flight"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
                assert state["reserved_usd"] == 0, "no phantom"
            assert state["spent_usd"] <= most
            # What the killed one had reserved is free again.
            while (state := await standing(http, homes[1]))["spent_usd"] < LIMIT:
                await send(http, homes[1], "s2")
            # The other one hears of it a moment later.
            while (state := await standing(http, homes[0]))["spent_usd"] < LIMIT or state["in_flight"]:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert statuses[402] > 50
        assert LIMIT <= state["spent_usd"] <= most
        listed = await homes[0].run("budgets", "--json")
        [record] = documents(listed.out)
        assert Decimal(str(record["spent_usd"])) == state["spent_usd"]
    finally:
        for process in running[:2]:
            process.kill()
            await process.wait()
    stored = StoreReader(postgres_url).exchanges()
    assert sum((each.cost.total for each in stored if each.cost is not None), Decimal(0)) == state["spent_usd"]
    # Without a running candela, the command asks the database.
    [record] = documents((await homes[0].run("budgets", "--json")).out)
    assert Decimal(str(record["spent_usd"])) == state["spent_usd"]


class Clients:
    """Send requests to replicas until they are told to stop, each in a session of its own, and note the statuses."""

    def __init__(self, http: aiohttp.ClientSession, homes: Sequence[Home], *, each: int) -> None:
        self.statuses: list[dict[str, int | None]] = [{} for _ in homes]
        """For each replica, by session."""
        self._http = http
        self._more = True
        self._tasks = [
            asyncio.create_task(self._run(home, statuses, f"{number}-{client}"))
            for number, (home, statuses) in enumerate(zip(homes, self.statuses, strict=True))
            for client in range(each)
        ]

    async def _run(self, home: Home, statuses: dict[str, int | None], name: str) -> None:
        for turn in itertools.count():
            if not self._more:
                return
            statuses[f"{name}-{turn}"] = await send(self._http, home, f"{name}-{turn}")
            await asyncio.sleep(_PAUSE_S)

    async def until(self, met: Callable[[], bool]) -> None:
        """Let them go on until something is so."""
        while not met():  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE_S)

    async def more(self, number: int) -> None:
        """Let them go on until every replica has answered so many requests more."""
        wanted = [len(each) + number for each in self.statuses]
        await self.until(lambda: all(len(each) >= least for each, least in zip(self.statuses, wanted, strict=True)))

    async def stop(self) -> None:
        """Let each end its request."""
        self._more = False
        await asyncio.gather(*self._tasks)


@pytest.mark.soak
async def test_no_record_is_lost_while_postgresql_is_away_under_load(
    tmp_path: Path, provider: Provider, postgres_url: DatabaseUrl, postgres_server: PostgresServer
) -> None:
    """PostgreSQL is ended at once, for so long that what ended is put into the spool, and started again: then every
    request that a client sent is recorded once, with what the provider got. One replica lets requests pass meanwhile,
    the other refuses them, and what passed is counted."""
    budget = '{ name = "all", window = "total", limit_usd = 1000000, fail = "%s" }'
    homes = [
        replica(tmp_path / fail, provider, postgres_url, CANDELA_RULES__BUDGETS=f"[{budget % fail}]")
        for fail in ("open", "closed")
    ]
    provider.respond = lambda _: dollar()
    running: list[ForkedProcess] = [await serving(home) for home in homes]
    try:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http, asyncio.timeout(240):
            clients = Clients(http, homes, each=4)
            passing, refused = clients.statuses
            await clients.more(20)
            postgres_server.stop()
            try:
                await clients.until(lambda: all((home.data / "spool.db").exists() for home in homes))
                await clients.more(20)
                async with http.get(f"http://127.0.0.1:{homes[0].port}/readyz") as answer:
                    assert "unavailable" in await answer.text()
                said = (await homes[0].run("status")).out
                assert re.search(r"\d+ requests? (wait in a file|that ended could not be stored)", said)
            finally:
                postgres_server.start()
            before = len(refused)
            await clients.until(lambda: 200 in list(refused.values())[before:])
            await clients.more(20)
            await clients.stop()
            assert set(passing.values()) == {200}
            assert set(refused.values()) == {200, 402}
            statuses = {**passing, **refused}
            answered = [session for session, status in statuses.items() if status == 200]
            received = [dict(request.headers)["X-Claude-Code-Session-Id"] for request in provider.requests]
            assert sorted(received) == sorted(answered), "the provider got what clients got an answer to, once"
            for home in homes:
                while (state := await standing(http, home))["in_flight"] or state["spent_usd"] < len(answered):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
                assert (state["spent_usd"], state["reserved_usd"]) == (len(answered), 0)
            store = StoreReader(postgres_url)
            while len(stored := [each for each in store.exchanges() if not each.live]) < len(statuses):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            while any((home.data / "spool.db").exists() for home in homes):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert sorted(each.session_id or "" for each in stored) == sorted(statuses)
        assert {each.session_id: each.status for each in stored} == statuses
        costs = {each.session_id: each.cost.total for each in stored if each.cost is not None}
        assert costs == dict.fromkeys(answered, Decimal(1))
    finally:
        for process in running:
            process.kill()
            await process.wait()


async def test_a_key_and_an_override_of_one_replica_count_on_the_other(
    tmp_path: Path, provider: Provider, postgres_url: DatabaseUrl, postgres_server: PostgresServer
) -> None:
    budgets = '[{ name = "all", window = "total", limit_usd = 0.5 }]'
    one = replica(tmp_path / "1", provider, postgres_url, CANDELA_RULES__BUDGETS=budgets)
    other = replica(
        tmp_path / "2", provider, postgres_url, CANDELA_RULES__BUDGETS=budgets, CANDELA_KEYS__REQUIRED="true"
    )
    provider.respond = lambda _: dollar()
    made = await one.run("keys", "create", "--name", "ci", "--json")
    key = json.loads(made.out)["key"]
    other.data.mkdir(mode=0o700)
    shutil.copy(one.data / "keys-pepper", other.data)
    process = await serving(other)
    try:
        async with aiohttp.ClientSession(
            headers={"x-api-key": key, "authorization": "Bearer sign-in-of-the-client"}
        ) as http:
            assert await send(http, other, "s1") == 200
            while await send(http, other, "s1") != 402:
                pass
            await one.run("rules", "override", "all", "--for", "1h", "--why", "release")
            while await send(http, other, "s1") != 200:
                pass
            await one.run("keys", "revoke", "ci")
            while await send(http, other, "s1") != 401:
                pass
    finally:
        process.kill()
        await process.wait()
