"""What the dashboard knows: the feed as it comes, and the store from before."""

from pathlib import Path

from textual.pilot import Pilot

from tests.store.recording import store_whole, writing
from tests.ui.scene import Scene, clues, screen_text, shows, until


async def test_that_nothing_new_comes_is_said_as_long_as_it_is_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, note="Demo")
    async with scene.opened() as pilot:
        await until(pilot, lambda: "Demo" in _note(pilot))
        scene.feed.trouble = "The candela on 127.0.0.1:8181 has ended."
        scene.feed.notify(scene.feed.trouble)
        await until(pilot, lambda: "⚠ The candela on 127.0.0.1:8181 has ended." in _note(pilot))
        scene.feed.trouble, scene.feed.note = None, "Attached to candela 1.2.3 (pid 4711)"
        scene.feed.notify("Attached again")
        await until(pilot, lambda: "Attached to candela 1.2.3" in _note(pilot))


async def test_trouble_is_said_also_where_there_was_nothing_to_say(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "● 127.0.0.1:8181")
        scene.feed.trouble = "The candela on 127.0.0.1:8181 has ended."
        scene.feed.notify(scene.feed.trouble)
        await until(pilot, lambda: "⚠ The candela" in _note(pilot))
        await shows(pilot, "○ 127.0.0.1:8181")


def _note(pilot: Pilot[int]) -> str:
    """The line below the header."""
    return screen_text(pilot).splitlines()[1]


async def test_the_newest_5000_requests_of_the_store_come_first_and_their_sessions_are_then_completed(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path)
    with writing(scene.store) as (writer, _):
        for number in range(7300):
            # A session that ended long ago, one that goes on since then, and a request that named none.
            session = "forgotten" if number < 100 else None if number == 7000 else "long"
            ago = 200_000 + 8000 - number
            store_whole(writer, scene.make(ago=ago, session_id=session, clues=clues("a long day")))
    async with scene.opened() as pilot:
        loaded = scene.app.sources.loaded
        await until(pilot, lambda: len(loaded.requests("long")) == 7199)
        assert len(loaded.requests(None)) == 1
        assert loaded.requests("forgotten") == []
        await until(pilot, lambda: loaded.session("long").totals.requests == 7199)
        await shows(pilot, "a long day")


async def test_the_cost_of_today_is_that_of_all_its_requests_however_many(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    with writing(scene.store) as (writer, _):
        for number in range(6100):
            made = scene.make(ago=7000 - number, session_id=f"session {number // 100}", usage=(12, 0, 0, 0, 61))
            store_whole(writer, made)
    assert made.cost is not None
    async with scene.opened() as pilot:
        loaded = scene.app.sources.loaded
        await until(pilot, lambda: loaded.today().requests == 6100)
        assert loaded.today().cost_usd == 6100 * made.cost.total


async def test_what_a_feed_could_not_hold_is_read_from_the_store(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    async with scene.opened() as pilot:
        await shows(pilot, "127.0.0.1:8181")
        with writing(scene.store) as (writer, _):
            store_whole(writer, scene.make(clues=clues("that nobody told of")))
        scene.feed.tell_missed()
        await shows(pilot, "that nobody told of")
