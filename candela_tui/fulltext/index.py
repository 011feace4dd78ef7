"""The file of the full-text index: which requests it has, which texts are in them, and the words of those.

The index is derived from the store and can be made again at any time, so it is a file of its own: writing it never
waits for the store's writer, nor the writer for it. It holds the words of each text but not the text, which is read
from the store.

FTS5 can forget the words of a text only if it is given them again. The store no longer has the text by then, so they
are read from the index itself (``forget_words``).
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from candela_tui.files import make_private
from candela_tui.fulltext.pieces import pieces, without_blobs
from candela_tui.fulltext.texts import Part, Place, Text
from candela_tui.fulltext.words import TOKENIZER, indexed_words, parts_of_names
from candela_tui.store.units import read_time, stored_time

_FORMAT: Final = 2
"""Raised whenever older files can't be used any more. They are then made again."""
_PRIMARY: Final = 0xFF
"""An extended result code has the primary one in its low byte (https://sqlite.org/rescode.html)."""
_BUSY_TIMEOUT_S: Final = 2.0
_PAGES_AT_ONCE: Final = 64
"""Pages that one step of merging writes."""
_FIRST_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
"""Where the words are divided, so that no step of reading all of them takes long."""
_LAST_CHARACTER: Final = "\U0010ffff"

_PARTS: Final = (Part.PROMPT, Part.ANSWER, Part.THINKING, Part.TOOL, Part.RESULT)
"""The number of a part in the file is its place here."""

_SCHEMA: Final = f"""
CREATE TABLE requests (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session INTEGER,
    started_at_us INTEGER NOT NULL
);
CREATE TABLE sessions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE tools (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- The number of a text is the rowid of its words. message is NULL for a text of the answer.
CREATE TABLE texts (
    -- Not used again, so that no text gets the number of one whose words are still there.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    request INTEGER NOT NULL,
    part INTEGER NOT NULL,
    tool INTEGER,
    message INTEGER,
    block INTEGER NOT NULL,
    piece INTEGER NOT NULL
);
-- Texts that were removed, and whose words are still to be forgotten.
CREATE TABLE removed (number INTEGER PRIMARY KEY);
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    compared_to TEXT NOT NULL,
    to_go INTEGER NOT NULL,
    indexed_to_us INTEGER
);
CREATE VIRTUAL TABLE words USING fts5(text, names, content='', tokenize='{TOKENIZER}');
-- "merge" merges any two segments of a level, not only four of them.
INSERT INTO words (words, rank) VALUES ('usermerge', 2);
PRAGMA user_version = {_FORMAT};
"""  # noqa: S608 - made of constants


class Progress(NamedTuple):
    """How far the index is."""

    to_go: int
    """Ended requests that are not in it."""
    indexed_to: datetime | None
    """Every request that began before this time is in it. None: all of them are, or nothing is known yet."""


class Indexed(NamedTuple):
    """A text that has the words of a query."""

    request_id: str
    part: Part
    tool: str | None
    place: Place
    piece: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Limits a search."""

    since: datetime | None = None
    part: Part | None = None
    tool: str | None = None


EVERYWHERE: Final = Scope()


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request to add to the index."""

    id: str
    session_id: str | None
    started_at: datetime
    texts: Sequence[Text]


class IndexUnavailable(Exception):
    """The index can't be used. ``str()`` says why."""


class SearchIndex:
    """An open index. Not for more than one thread. Every method raises sqlite3.Error."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> "SearchIndex":
        """Open the index to write it; create it if there is none, and again if it can't be used. Raises OSError and
        sqlite3.Error."""
        try:
            return cls(_opened(path))
        except (sqlite3.Error, _OtherFormat) as error:
            if not (is_damage(error) or isinstance(error, _OtherFormat)):
                # Locked, full or read-only: nothing is wrong with the file.
                raise
            delete_index(path)
            return cls(_opened(path))

    @classmethod
    def read(cls, path: Path) -> "SearchIndex | None":
        """Open the index to search it, or return None if there is none yet. Raises IndexUnavailable."""
        if not path.exists():
            return None
        try:
            connection = _connected(path)
            if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
                connection.close()
                return None
            connection.execute("PRAGMA query_only = ON").close()
        except sqlite3.Error as error:
            raise IndexUnavailable(f"{path} can't be read ({error}).") from error
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def interrupt(self) -> None:
        """End what the index is doing, from another thread."""
        self._connection.interrupt()

    # Writing

    def add(self, new: Iterable[NewRequest], pause: Callable[[], None] = lambda: None) -> None:
        """Add requests with their texts, in one transaction.

        ``pause`` is called after each millisecond or so of work.
        """
        with self._writing():
            for request in new:
                self._add(request, pause)

    def _add(self, request: NewRequest, pause: Callable[[], None]) -> None:
        session = self._number_of("sessions", "id", request.session_id) if request.session_id else None
        number = self._connection.execute(
            "INSERT INTO requests (id, session, started_at_us) VALUES (?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET started_at_us = excluded.started_at_us RETURNING number",
            (request.id, session, stored_time(request.started_at)),
        ).fetchone()[0]
        for text in request.texts:
            tool = self._number_of("tools", "name", text.tool) if text.tool else None
            row = (number, _PARTS.index(text.part), tool, text.place.message, text.place.block)
            for place, piece in enumerate(pieces(text.text)):
                self._add_piece((*row, place), piece)
                pause()

    def _add_piece(self, row: tuple[Any, ...], piece: str) -> None:
        cursor = self._connection.execute(
            "INSERT INTO texts (request, part, tool, message, block, piece) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        words = without_blobs(piece).encode("utf-8", "replace").decode()
        self._connection.execute(
            "INSERT INTO words (rowid, text, names) VALUES (?, ?, ?)",
            (cursor.lastrowid, indexed_words(words), parts_of_names(words)),
        )

    def _number_of(self, table: str, column: str, value: str) -> int:
        value = value.encode("utf-8", "replace").decode()
        self._connection.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", (value,))  # noqa: S608
        found = self._connection.execute(f"SELECT number FROM {table} WHERE {column} = ?", (value,))  # noqa: S608
        return int(found.fetchone()[0])

    def remove(self, ids: Sequence[str]) -> None:
        """Remove requests: they are no longer found. Their words are still to be forgotten."""
        with self._writing():
            numbers = [
                row[0]
                for each in ids
                for row in self._connection.execute("SELECT number FROM requests WHERE id = ?", (each,))
            ]
            if not numbers:
                return
            self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS going (number INTEGER PRIMARY KEY)")
            self._connection.execute("DELETE FROM temp.going")
            self._connection.executemany("INSERT INTO temp.going VALUES (?)", [(number,) for number in numbers])
            going = "SELECT number FROM temp.going"
            self._connection.execute(
                f"INSERT INTO removed SELECT number FROM texts WHERE request IN ({going})"  # noqa: S608
            )
            self._connection.execute("DELETE FROM texts WHERE number IN (SELECT number FROM removed)")
            self._connection.execute(f"DELETE FROM requests WHERE number IN ({going})")  # noqa: S608

    def sessions_of(self, ids: Sequence[str]) -> set[str]:
        """Return the sessions of some requests."""
        wanted = "SELECT s.id FROM requests r JOIN sessions s ON s.number = r.session WHERE r.id = ?"
        return {row[0] for each in ids for row in self._connection.execute(wanted, (each,))}

    def forget_words(self, most: int) -> Iterator[None]:
        """Forget the words of up to this many removed texts, in steps. They are read from the index, because the
        text itself is gone."""
        numbers = [row[0] for row in self._connection.execute("SELECT number FROM removed LIMIT ?", (most,))]
        if not numbers:
            return
        self._connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.instances USING fts5vocab(main, words, instance)"
        )
        self._connection.execute("CREATE TEMP TABLE IF NOT EXISTS forgotten (number INTEGER PRIMARY KEY)")
        self._connection.execute("DELETE FROM temp.forgotten")
        self._connection.executemany("INSERT INTO temp.forgotten VALUES (?)", [(number,) for number in numbers])
        words: dict[int, dict[str, list[tuple[int, str]]]] = {number: defaultdict(list) for number in numbers}
        for first, end in pairwise(("", *_FIRST_LETTERS, _LAST_CHARACTER)):
            found = self._connection.execute(
                'SELECT doc, col, "offset", term FROM temp.instances WHERE term >= ? AND term < ?'
                " AND doc IN (SELECT number FROM temp.forgotten)",
                (first, end),
            )
            for number, column, offset, term in found:
                words[number][column].append((offset, term))
            yield
        with self._writing():
            for number, columns in words.items():
                text, names = (" ".join(term for _, term in sorted(columns[name])) for name in ("text", "names"))
                self._connection.execute(
                    "INSERT INTO words (words, rowid, text, names) VALUES ('delete', ?, ?, ?)", (number, text, names)
                )
                self._connection.execute("DELETE FROM removed WHERE number = ?", (number,))
        yield

    def merge(self) -> bool:
        """Merge a part of the index, so that it takes less room. Return whether there was anything to merge."""
        before = self._connection.total_changes
        with self._writing():
            self._connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (_PAGES_AT_ONCE,))
        # FTS5 counts its own statement as one change (https://sqlite.org/fts5.html#the_merge_command).
        return self._connection.total_changes - before >= 2

    def give_pages_back(self) -> bool:
        """Return some unused pages to the file system. Return whether there were any."""
        if not self._connection.execute("PRAGMA freelist_count").fetchone()[0]:
            return False
        self._connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
        return True

    def set_progress(self, progress: Progress, compared_to: str) -> None:
        """Note how far the index is. Every ended request up to the id ``compared_to`` is in it."""
        moment = stored_time(progress.indexed_to) if progress.indexed_to is not None else None
        with self._writing():
            self._connection.execute(
                "INSERT OR REPLACE INTO progress (one, compared_to, to_go, indexed_to_us) VALUES (1, ?, ?, ?)",
                (compared_to, progress.to_go, moment),
            )

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    # Reading

    @property
    def progress(self) -> Progress | None:
        """How far the index was when it was last written; None if that was never."""
        row = self._connection.execute("SELECT to_go, indexed_to_us FROM progress").fetchone()
        if row is None:
            return None
        return Progress(row[0], read_time(row[1]) if row[1] is not None else None)

    @property
    def compared_to(self) -> str:
        """The id up to which every ended request is in the index; empty if nothing is known."""
        row = self._connection.execute("SELECT compared_to FROM progress").fetchone()
        return row[0] if row is not None else ""

    @property
    def has_removed(self) -> bool:
        """Whether there are removed texts whose words are still to be forgotten."""
        return self._connection.execute("SELECT 1 FROM removed LIMIT 1").fetchone() is not None

    def count(self) -> int:
        """Return the number of requests in the index."""
        return int(self._connection.execute("SELECT count(*) FROM requests").fetchone()[0])

    def has(self, request_id: str) -> bool:
        """Return whether a request is in the index."""
        found = self._connection.execute("SELECT 1 FROM requests WHERE id = ?", (request_id,))
        return found.fetchone() is not None

    def ids(self, after: str, last: str | None) -> list[str]:
        """Return the ids of the requests in the index after one id, up to ``last``, in order."""
        end = "" if last is None else " AND id <= ?"
        found = self._connection.execute(
            f"SELECT id FROM requests WHERE id > ?{end} ORDER BY id",  # noqa: S608
            (after,) if last is None else (after, last),
        )
        return [row[0] for row in found]

    def find(self, expression: str, scope: Scope, ranked: int) -> Iterator[Indexed]:
        """Yield the texts that match an expression of FTS5, the best first.

        The latest ``ranked`` of them come first; the other ones follow from late to early.
        """
        joins, conditions, values = _scoped(scope)
        query = (
            f"SELECT words.rowid AS number, bm25(words) AS score FROM words"  # noqa: S608
            f" JOIN texts t ON t.number = words.rowid{joins} WHERE words MATCH ?{conditions}"
            " ORDER BY words.rowid DESC LIMIT ?"
        )
        latest = f"SELECT number FROM ({query}) ORDER BY score, number DESC"  # noqa: S608
        numbers = [row[0] for row in self._connection.execute(latest, (expression, *values, ranked))]
        yield from self._texts(numbers)
        if len(numbers) == ranked:
            rest = (
                f"SELECT words.rowid FROM words JOIN texts t ON t.number = words.rowid{joins}"  # noqa: S608
                f" WHERE words MATCH ?{conditions} AND words.rowid < ? ORDER BY words.rowid DESC"
            )
            found = self._connection.execute(rest, (expression, *values, min(numbers)))
            while numbers := [row[0] for row in found.fetchmany(ranked)]:
                yield from self._texts(numbers)

    def _texts(self, numbers: Sequence[int]) -> Iterator[Indexed]:
        wanted = (
            "SELECT r.id, t.part, tools.name, t.message, t.block, t.piece FROM texts t"
            " JOIN requests r ON r.number = t.request LEFT JOIN tools ON tools.number = t.tool WHERE t.number = ?"
        )
        for number in numbers:
            row = self._connection.execute(wanted, (number,)).fetchone()
            if row is not None:
                request_id, part, tool, message, block, piece = row
                yield Indexed(request_id, _PARTS[part], tool, Place(message, block), piece)


def is_damage(error: Exception) -> bool:
    """Return whether an error says that the file is damaged, so that it must be made again."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def delete_index(path: Path) -> None:
    """Delete the file, and those that SQLite keeps beside it. Raises OSError."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class _OtherFormat(Exception):
    """The file was written by another version of candela."""


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def _opened(path: Path) -> sqlite3.Connection:
    make_private(path)
    is_new = path.stat().st_size == 0
    connection = _connected(path)
    try:
        if is_new:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        else:
            _require_format(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _require_format(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] != _FORMAT:
        raise _OtherFormat


def _scoped(scope: Scope) -> tuple[str, str, list[Any]]:
    """Return the joins, conditions and values that limit a search."""
    joins, conditions = "", ""
    values: list[Any] = []
    if scope.since is not None:
        joins += " JOIN requests r ON r.number = t.request"
        conditions += " AND r.started_at_us >= ?"
        values.append(stored_time(scope.since))
    if scope.part is not None:
        conditions += " AND t.part = ?"
        values.append(_PARTS.index(scope.part))
    if scope.tool is not None:
        conditions += " AND t.tool IN (SELECT number FROM tools WHERE name = ? COLLATE NOCASE)"
        values.append(scope.tool)
    return joins, conditions, values
