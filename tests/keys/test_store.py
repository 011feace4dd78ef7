"""What is kept of a key, and what finds it."""

import sqlite3
import stat
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyBudget
from candela_tui.keys.ring import KeyRing
from candela_tui.text.times import utc_now
from tests.keys.made import make, store_in, wanted


def test_a_key_is_read_as_it_was_made(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    made, _ = store.create(
        wanted(
            user="u",
            project="p",
            models=("claude-haiku-*",),
            providers=("direct", "bedrock"),
            budget=KeyBudget(Decimal("2.5"), "rolling:5h"),
            expires_at=utc_now() + timedelta(days=90),
            team="t",
            parallel=4,
            deny_tools=("Bash(git push *)", "WebFetch"),
            aliases=(("fast", "claude-haiku-4-5"),),
        )
    )

    assert store.keys() == [made]
    assert store.find(made.id) == store.find("ci") == store.find(made.prefix) == made


def test_keys_of_the_version_before_have_no_further_limits(tmp_path: Path) -> None:
    made, _ = make(tmp_path)
    with sqlite3.connect(tmp_path / "keys.db") as connection:
        for column in ("team", "parallel", "deny_tools", "aliases"):
            connection.execute(f"ALTER TABLE keys DROP COLUMN {column}")
        connection.execute("PRAGMA user_version = 1")

    assert store_in(tmp_path).keys() == [made]


def test_nothing_on_the_disk_has_the_text_and_only_its_user_reads_it(tmp_path: Path) -> None:
    _, text = make(tmp_path)

    files = list(tmp_path.iterdir())
    assert {file.name for file in files} == {"keys.db", "keys-pepper"}
    assert all(text.encode() not in file.read_bytes() for file in files)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_name_is_free_again_once_its_key_is_revoked(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    first, _ = store.create(wanted())
    with pytest.raises(KeysError, match="There is a key 'ci' already"):
        store.create(wanted())
    store.change(_revoked(first))

    second, _ = store.create(wanted())

    assert store.find("ci") == second
    assert store.find(first.id).revoked_at is not None


def test_what_is_no_database_is_said_to_be_unusable(tmp_path: Path) -> None:
    (tmp_path / "keys.db").write_text(
        "not a database, and longer than the header of one, which is a hundred bytes " * 3
    )

    with pytest.raises(KeysError, match=r"keys\.db: the keys can't be used: file is not a database"):
        store_in(tmp_path).keys()


def test_a_newer_candelas_database_is_not_touched(tmp_path: Path) -> None:
    make(tmp_path)
    with sqlite3.connect(tmp_path / "keys.db") as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(KeysError, match="is from a newer candela"):
        store_in(tmp_path).keys()


def test_without_keys_there_is_no_file(tmp_path: Path) -> None:
    assert store_in(tmp_path).keys() == []
    assert list(tmp_path.iterdir()) == []


async def test_a_lost_pepper_is_named(tmp_path: Path) -> None:
    _, text = make(tmp_path)
    (tmp_path / "keys-pepper").unlink()

    with pytest.raises(KeysError, match="keys-pepper is missing"):
        await ring_in(tmp_path).find(text)


async def test_a_ring_finds_a_key_by_its_text_alone(tmp_path: Path) -> None:
    made, text = make(tmp_path)
    ring = ring_in(tmp_path)

    assert await ring.find(text) == made
    assert await ring.find(made.prefix) is None
    assert await ring.find(text[:-1] + ("a" if text[-1] != "a" else "b")) is None


async def test_a_change_counts_at_once(tmp_path: Path) -> None:
    made, text = make(tmp_path)
    ring = ring_in(tmp_path)
    assert await ring.find(text) == made

    store_in(tmp_path).change(_revoked(made))
    found = await ring.find(text)
    _, other = make(tmp_path, "other")

    assert found is not None
    assert found.revoked_at is not None
    assert (await ring.find(other)) is not None


async def test_the_old_text_of_a_rotated_key_is_accepted_for_a_day(tmp_path: Path) -> None:
    now = utc_now()
    made, old = make(tmp_path)
    rotated, new = store_in(tmp_path).rotate(made, now)

    for later, accepted in ((timedelta(hours=23, minutes=59), True), (timedelta(hours=24), False)):
        ring = KeyRing(store_in(tmp_path), None, lambda moment=now + later: moment)
        assert ((await ring.find(old)) == rotated) is accepted
        assert (await ring.find(new)) == rotated


def ring_in(data: Path) -> KeyRing:
    return KeyRing(store_in(data), None)


def _revoked(key: Key) -> Key:
    return replace(key, revoked_at=utc_now())
