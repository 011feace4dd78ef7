"""Copies the store into another file, also while candela writes to it."""

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from candela_tui.files import name_new
from candela_tui.store.errors import StoreError, Trouble, said, trouble_of, unreadable

_PAGES_AT_ONCE = 1000
_OWNER_ONLY = 0o600


class Backup:
    """A copy of what the store holds at one moment. It gets its name when it is whole and was checked."""

    def __init__(self, path: Path, target: Path) -> None:
        self._path = path
        self._target = target
        self.pages = 0
        self.done = 0
        """Pages that were copied."""

    def write(self, on_step: Callable[[], None]) -> None:
        """Copy everything, and call ``on_step`` from time to time. Raises StoreError; there is no new file then."""
        if os.path.lexists(self._target):
            raise StoreError(f"{self._target} exists already, and is not replaced. Choose another name.")
        beside = self._target.with_name(f".{self._target.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
            with contextlib.closing(self._source()) as source, contextlib.closing(_target(beside)) as copy:
                self._copy(source, copy, on_step)
            name_new(beside, self._target)
        except OSError as error:
            raise StoreError(f"{self._target} can't be written ({error.strerror}).") from error
        finally:
            for suffix in ("", "-wal", "-shm", "-journal"):
                with contextlib.suppress(OSError):
                    beside.with_name(beside.name + suffix).unlink(missing_ok=True)

    def _source(self) -> sqlite3.Connection:
        try:
            uri = f"file:{quote(str(self._path.absolute()))}?mode=rw"
            source = sqlite3.connect(uri, uri=True, isolation_level=None)
            try:
                source.execute("PRAGMA query_only = ON")
                # An open transaction keeps its state of the file, so that the copy does not start over at each change.
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except BaseException:
                source.close()
                raise
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise unreadable(self._path, error) from error
        return source

    def _copy(self, source: sqlite3.Connection, copy: sqlite3.Connection, on_step: Callable[[], None]) -> None:
        def copied(_: int, left: int, pages: int) -> None:
            self.done, self.pages = pages - left, pages
            on_step()

        try:
            source.backup(copy, pages=_PAGES_AT_ONCE, progress=copied)
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE").fetchone()
            complaint = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            if trouble_of(error) is Trouble.FULL:
                raise StoreError(f"There is no room for {self._target}. Nothing was kept there.") from error
            if trouble_of(error) is Trouble.BROKEN:
                raise unreadable(self._path, error) from error
            raise StoreError(f"{self._target} can't be written ({said(error)}).") from error
        if complaint != "ok":
            raise StoreError(
                f"{self._path} is damaged ({complaint}), and so is a copy of it. Nothing was kept. "
                f"`candela db repair` keeps what can be read."
            )


def _target(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)
