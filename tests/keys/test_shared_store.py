"""Keys in PostgreSQL are those of every replica."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.config import Settings
from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyBudget
from candela_tui.keys.ring import KeyRing
from candela_tui.keys.store import KeyStore, LocalKeyStore
from candela_tui.paths import default_paths
from candela_tui.store.open_keys import open_key_store
from candela_tui.text.times import utc_now
from tests.keys.made import make, wanted
from tests.standin.postgres import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")


class Asked(LocalKeyStore):
    """Keys that have to be asked for, and may not answer."""

    has_to_be_asked = True

    def __init__(self, data: Path, *, answers: bool) -> None:
        super().__init__(data / "keys.db", data / "keys-pepper")
        self.answers = answers
        self.reads = 0
        self._loop = asyncio.get_running_loop()
        self._looks = asyncio.Queue[None]()

    def look(self) -> None:
        self._loop.call_soon_threadsafe(self._looks.put_nowait, None)
        self._ask()

    def keys(self) -> list[Key]:
        self.reads += 1
        self._ask()
        return super().keys()

    def _ask(self) -> None:
        if not self.answers:
            raise KeysError("the database is away")

    async def looked(self) -> None:
        """Wait until someone has looked, from now on, and knows what came of it."""
        while not self._looks.empty():
            self._looks.get_nowait()
        for _ in range(3):
            await asyncio.wait_for(self._looks.get(), 20)


def opened(url: DatabaseUrl, data: Path, **keys: str) -> KeyStore:
    """The keys of a replica with this data directory."""
    settings = Settings.model_validate(
        {"store": {"url": f"postgresql://{url.user}@:{url.port}/{url.name}?host={url.host}"}, "keys": keys}
    )
    return open_key_store(settings, default_paths(data / "config.toml", data))


def replicas(url: DatabaseUrl, tmp_path: Path) -> tuple[KeyStore, KeyStore]:
    """Two replicas with the same pepper, and data directories of their own."""
    (tmp_path / "other").mkdir()
    return opened(url, tmp_path), opened(url, tmp_path / "other", pepper_file=str(tmp_path / "keys-pepper"))


async def test_a_key_and_its_changes_count_on_every_replica(postgres_url: DatabaseUrl, tmp_path: Path) -> None:
    one, other = replicas(postgres_url, tmp_path)
    made, text = one.create(
        wanted("ci", models=("claude-haiku-*",), budget=KeyBudget(Decimal(50), "month"), team="web")
    )
    loaded: asyncio.Queue[list[Key]] = asyncio.Queue()
    ring = KeyRing(other, None, on_loaded=loaded.put_nowait)
    following = asyncio.create_task(ring.follow())
    try:
        assert await asyncio.wait_for(loaded.get(), 10) == [made]
        assert await ring.find(text) == made
        one.change(replace(made, revoked_at=utc_now()))
        [revoked] = await asyncio.wait_for(loaded.get(), 10)
        assert revoked.revoked_at is not None
        assert await ring.find(text) == revoked
        rotated, new = other.rotate(other.create(wanted("ci"))[0], utc_now())
        await asyncio.wait_for(loaded.get(), 10)
        assert one.find("ci") == rotated
        assert await ring.find(new) == rotated
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def test_a_name_is_taken_on_every_replica(postgres_url: DatabaseUrl, tmp_path: Path) -> None:
    one, other = replicas(postgres_url, tmp_path)
    one.create(wanted("ci"))
    with pytest.raises(KeysError, match="There is a key 'ci' already"):
        other.create(wanted("ci"))
    assert other.find("ci").name == "ci"


def test_a_replica_without_the_pepper_says_where_to_get_it(postgres_url: DatabaseUrl, tmp_path: Path) -> None:
    one, other = opened(postgres_url, tmp_path), opened(postgres_url, tmp_path / "other")
    (tmp_path / "other").mkdir()
    one.create(wanted("ci"))
    for use in (other.pepper, lambda: other.create(wanted("more"))):
        with pytest.raises(KeysError, match=r"keys-pepper is missing, so no key in .* copy the file keys-pepper"):
            use()
    (tmp_path / "other" / "keys-pepper").write_text("ab" * 32)
    with pytest.raises(KeysError, match="is another secret than the keys were made with"):
        other.pepper()
    assert len(one.keys()) == 1


async def test_keys_that_were_read_hold_while_postgresql_is_away(
    postgres_server: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    store = opened(postgres_url, tmp_path)
    made, text = store.create(wanted("ci"))
    loaded: asyncio.Queue[list[Key]] = asyncio.Queue()
    ring = KeyRing(store, None, on_loaded=loaded.put_nowait)
    following = asyncio.create_task(ring.follow())
    try:
        await asyncio.wait_for(loaded.get(), 10)
        postgres_server.stop()
        try:
            assert await ring.find(text) == made
            with pytest.raises(KeysError, match="check that the server runs"):
                store.keys()
        finally:
            postgres_server.start()
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


@pytest.mark.parametrize("known", [False, True])
async def test_no_request_waits_for_a_database_of_keys_that_is_away(
    known: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("candela_tui.keys.ring._LOOK_EVERY_S", 0)
    made, text = make(tmp_path, "ci")
    store = Asked(tmp_path, answers=known)
    ring = KeyRing(store, None)
    if known:
        assert await ring.find(text) == made
    following = asyncio.create_task(ring.follow())
    try:
        store.answers = False
        await store.looked()
        reads = store.reads
        if known:
            assert await ring.find(text) == made
        else:
            with pytest.raises(KeysError, match="the database is away"):
                await ring.find(text)
        assert store.reads == reads
        store.answers = True
        await store.looked()
        assert await ring.find(text) == made
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
