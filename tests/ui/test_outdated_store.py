"""The first start after an update: the dashboard shows the history once the store is brought up to date."""

import sqlite3
from pathlib import Path

from candela_tui.store.writer import StoreWriter
from tests.ui.scene import Scene, clues, shows


def _revision(path: Path, revision: str) -> str:
    """Set the schema's revision in a store; return the one before."""
    with sqlite3.connect(path) as connection:
        (before,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()
    return str(before)


async def test_the_history_appears_once_the_store_is_up_to_date(scene: Scene) -> None:
    made = scene.make(clues=clues("from an earlier version"))
    writer = StoreWriter(scene.store, on_problem=print, on_stored=print)
    writer.start()
    writer.begin(made, b"{}")
    writer.end(made, [b"{}"], [1.0])
    writer.close(10)
    newest = _revision(scene.store, "0009")
    async with scene.opened() as pilot:
        await shows(pilot, "Waiting for the first request")
        _revision(scene.store, newest)
        await shows(pilot, "from an earlier version")
