"""The sessions of people who signed in, in a file and in PostgreSQL."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import GRACE
from candela_tui.keys.people_database import PeopleDatabase
from candela_tui.keys.person import Person, in_team
from candela_tui.keys.session_store import ACCESS, Refused, SessionStore, Tokens, Why
from candela_tui.keys.sessions import Sessions
from candela_tui.redaction import redact_text
from tests.keys.people import ADA, PEPPER, Clock, anyone, people_database
from tests.standin.postgres import PostgresServer

DAY = timedelta(hours=24)
BOB = Person("2", "bob@example.com", None)


@pytest.fixture
def database(either: DatabaseUrl | None, tmp_path: Path) -> PeopleDatabase:
    return people_database(either, tmp_path)


def opened(database: PeopleDatabase, clock: Clock | None = None) -> SessionStore:
    return SessionStore(database, lambda: PEPPER, clock or Clock())


def refreshed(store: SessionStore, token: str) -> Tokens:
    tokens = store.refresh(token, anyone)
    assert isinstance(tokens, Tokens)
    return tokens


async def test_an_access_token_is_a_key_of_its_person_until_it_expires(database: PeopleDatabase) -> None:
    clock = Clock()
    store = opened(database, clock)
    tokens = store.begin(ADA, DAY)
    sessions = Sessions(store, clock)
    await sessions.refresh()
    key = await sessions.find(tokens.access)
    assert key is not None
    assert (key.name, key.user, key.team) == ("ada@example.com", "ada@example.com", "platform")
    assert tokens.expires_in_s == ACCESS.total_seconds()
    assert await sessions.find(tokens.refresh) is None
    clock.moment += ACCESS + timedelta(seconds=1)
    assert await sessions.find(tokens.access) is None


def test_a_refresh_replaces_the_refresh_token_until_the_session_ends(database: PeopleDatabase) -> None:
    clock = Clock()
    store = opened(database, clock)
    first = store.begin(ADA, DAY)
    second = refreshed(store, first.refresh)
    assert {first.access, first.refresh}.isdisjoint({second.access, second.refresh})
    # Another client of the same person may still have the first.
    assert len(store.keys()) == 2
    assert store.refresh(first.access, anyone) is None
    clock.moment += DAY
    assert store.refresh(second.refresh, anyone) is None


def test_processes_that_refresh_with_the_same_token_all_go_on(database: PeopleDatabase) -> None:
    """Claude Code sends the token that it read at its start, also hours after another process replaced it."""
    clock = Clock()
    store = opened(database, clock)
    first = store.begin(ADA, timedelta(days=30))
    newest = refreshed(store, refreshed(store, first.refresh).refresh)
    clock.moment += GRACE
    assert refreshed(store, first.refresh)
    clock.moment += timedelta(seconds=1)
    assert store.refresh(first.refresh, anyone) == Refused("ada@example.com", Why.OLD_TOKEN)
    assert refreshed(store, newest.refresh), "what the person has now is still good"


def test_who_is_in_no_team_any_more_gets_no_tokens_at_the_next_refresh(database: PeopleDatabase) -> None:
    store = opened(database)
    ada = Person("1", "ada@example.com", "platform", ("eng", "ops"))
    tokens, others = store.begin(ada, DAY), store.begin(BOB, DAY)
    teams = {"ops": "operations"}
    moved = store.refresh(tokens.refresh, lambda person: in_team(person, teams))
    assert isinstance(moved, Tokens)
    keys = store.keys()
    assert {key.team for key in keys if key.name == ada.email} == {"operations"}
    assert [person.team for person in store.everyone()] == ["operations", None]
    refused = store.refresh(moved.refresh, lambda person: in_team(person, {"sales": "sales"}))
    assert refused == Refused("ada@example.com", Why.NO_TEAM)
    assert refreshed(store, others.refresh)


def test_no_access_outlives_the_session(database: PeopleDatabase) -> None:
    assert opened(database).begin(ADA, timedelta(minutes=10)).expires_in_s <= 600


def test_either_token_ends_the_session(database: PeopleDatabase) -> None:
    store = opened(database)
    by_access, by_refresh, other = (store.begin(ADA, DAY) for _ in range(3))
    assert [store.owner(by_access.access), store.owner("ck_none")] == ["ada@example.com", None]
    assert store.end(by_access.access) == "ada@example.com"
    assert store.owner(by_access.access) is None
    assert store.end(by_access.access) is None
    store.end(by_refresh.refresh)
    assert store.refresh(by_access.refresh, anyone) is None
    assert store.refresh(by_refresh.refresh, anyone) is None
    assert refreshed(store, other.refresh)


def test_all_sessions_of_a_person_can_be_ended(database: PeopleDatabase) -> None:
    store = opened(database)
    ended, other = [store.begin(ADA, DAY), store.begin(ADA, DAY)], store.begin(BOB, DAY)
    assert [session.person for session in store.sessions()] == [ADA, ADA, BOB]
    assert store.end_all("ada@example.com") == 2
    assert store.end_all("ada@example.com") == 0
    assert [store.refresh(each.refresh, anyone) for each in ended] == [None, None]
    assert refreshed(store, other.refresh)
    assert [session.person for session in store.sessions()] == [BOB]
    assert store.everyone() == (ADA, BOB)


async def test_a_session_counts_on_every_replica_at_once_and_its_end_soon(
    either: DatabaseUrl | None, tmp_path: Path
) -> None:
    one, other = (opened(people_database(either, tmp_path)) for _ in range(2))
    loaded: asyncio.Queue[None] = asyncio.Queue()
    sessions = Sessions(other, on_loaded=lambda: loaded.put_nowait(None))
    following = asyncio.create_task(sessions.follow())
    try:
        await sessions.refresh()
        tokens = one.begin(ADA, DAY)
        assert await sessions.find(tokens.access) is not None
        assert sessions.people == (ADA,)
        one.end(refreshed(one, tokens.refresh).refresh)
        while await sessions.find(tokens.access) is not None:
            await asyncio.wait_for(loaded.get(), 10)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_token_that_ended_or_was_made_up_is_not_looked_for_again(
    database: PeopleDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(database)
    sessions = Sessions(store)
    tokens = store.begin(ADA, DAY)
    await sessions.refresh()
    store.end(tokens.access)
    assert store.keys() == []
    assert [sessions.is_token(text) for text in (tokens.access, tokens.refresh, "ck_live_made-up", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert await sessions.find(tokens.access) is None
    reads = []
    monkeypatch.setattr(SessionStore, "keys", lambda _: reads.append(1) or [])
    monkeypatch.setattr(SessionStore, "stamp", lambda _: "unchanged")
    await sessions.refresh()
    reads.clear()
    for text in (tokens.access, f"ck_live_{'A' * 43}"):
        assert await sessions.find(text) is None
    assert reads == []


def test_no_token_is_in_the_file(tmp_path: Path) -> None:
    tokens = opened(people_database(None, tmp_path)).begin(ADA, DAY)
    assert opened(people_database(None, tmp_path)).sessions() != []
    kept = (tmp_path / "sessions.db").read_bytes()
    assert tokens.access.encode() not in kept
    assert tokens.refresh.encode() not in kept
    assert (tmp_path / "sessions.db").stat().st_mode & 0o777 == 0o600
    assert tokens.access not in redact_text(f"Bearer {tokens.access}")


@pytest.mark.xdist_group("postgres")
async def test_tokens_that_were_read_hold_while_postgresql_is_away(
    postgres_server: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    one, other = (opened(people_database(postgres_url, tmp_path)) for _ in range(2))
    tokens = one.begin(ADA, DAY)
    sessions = Sessions(other)
    other.look()
    await sessions.refresh()
    unknown = one.begin(BOB, DAY)
    postgres_server.stop()
    try:
        assert await sessions.find(tokens.access) is not None
        # Nobody has to sign in again because of a token that can't be looked for now.
        with pytest.raises(KeysError, match="check that the server runs"):
            await sessions.find(unknown.access)
        with pytest.raises(KeysError, match="check that the server runs"):
            other.refresh(tokens.refresh, anyone)
    finally:
        postgres_server.start()
    assert await sessions.find(unknown.access) is not None
