"""The keys that a running proxy accepts, read again whenever they change."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from candela_tui.keys.key import Key, KeyState, hash_of
from candela_tui.keys.keys_file import read_keys_file
from candela_tui.keys.pepper import read_pepper
from candela_tui.keys.store import KeyStore
from candela_tui.paths import Paths
from candela_tui.text.times import utc_now

_SETTLED_S = 0.1
"""Seconds after which a file whose time did not change has not changed. Its file system may round the time."""

Signature = tuple[tuple[int, int, int] | None, ...]
"""Time, size and inode of each file, None for one that is missing."""


def keys_by_name(paths: Paths, keys_file: Path | None) -> dict[str, Key]:
    """Return all keys by their names; of several with a name, the one in use, or else the newest. Raises KeysError."""
    found = KeyStore(paths.keys, paths.keys_pepper).keys()
    if keys_file is not None:
        found += read_keys_file(keys_file, secrets.token_bytes(32))
    found.sort(key=lambda key: (key.revoked_at is None, key.created_at))
    return {key.name: key for key in found}


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the files held: by the hash of a text, the key, and until when that text is accepted."""

    by_hash: dict[bytes, tuple[Key, datetime | None]]
    pepper: bytes | None
    """The pepper of the keys in the database; None if there are none."""


class KeyRing:
    """Finds the key that a text is. A change of the files counts from the next request on."""

    def __init__(
        self,
        paths: Paths | None,
        keys_file: Path | None,
        now: Callable[[], datetime] = utc_now,
        on_loaded: Callable[[list[Key]], None] = lambda _: None,
    ) -> None:
        """``paths``: those of the data directory; None if it has none. ``on_loaded`` gets all keys each time that they
        were read."""
        self._on_loaded = on_loaded
        self._database = paths.keys if paths is not None else None
        self._pepper = paths.keys_pepper if paths is not None else None
        self._keys_file = keys_file
        self._now = now
        self._own_pepper = secrets.token_bytes(32)
        """For the keys of the file."""
        self._loaded: _Loaded | None = None
        self._signature: Signature | None = None
        self._loading = asyncio.Lock()

    async def find(self, text: str) -> Key | None:
        """Return the key, whatever its state, or None if the text is not one. Raises KeysError."""
        return self._matching(await self._current(), text)

    async def named(self, name: str) -> Key | None:
        """Return the key with a name; of several, the one in use. None if there is none. Raises KeysError."""
        keys = {key.id: key for key, _ in (await self._current()).by_hash.values() if key.name == name}
        return min(keys.values(), key=lambda key: key.revoked_at is not None, default=None)

    async def refresh(self) -> None:
        """Read the keys, if there are any and they changed. Raises KeysError."""
        if self._keys_file is not None or (self._database is not None and self._database.exists()):
            await self._current()

    async def _current(self) -> _Loaded:
        signature = self._seen()
        loaded = self._loaded
        if loaded is None or signature is None or signature != self._signature:
            async with self._loading:
                loaded = await asyncio.to_thread(self.load)
                self._loaded, self._signature = loaded, signature
            self._on_loaded(list({key.id: key for key, _ in loaded.by_hash.values()}.values()))
        return loaded

    def state(self, key: Key) -> KeyState:
        """Return whether a key is accepted now."""
        return key.state(self._now())

    def load(self) -> _Loaded:
        """Read the files. Raises KeysError."""
        by_hash: dict[bytes, tuple[Key, datetime | None]] = {}
        pepper = None
        if self._database is not None and self._pepper is not None:
            kept = KeyStore(self._database, self._pepper).keys()
            pepper = read_pepper(self._pepper) if kept else None
            for key in kept:
                by_hash[key.hash] = key, None
                if key.old_hash is not None:
                    by_hash[key.old_hash] = key, key.old_until
        if self._keys_file is not None:
            by_hash.update((key.hash, (key, None)) for key in read_keys_file(self._keys_file, self._own_pepper))
        return _Loaded(by_hash, pepper)

    def usable(self) -> int:
        """Return how many keys are accepted now. Reads the files; raises KeysError."""
        keys = {key.id: key for key, _ in self.load().by_hash.values()}
        return sum(self.state(key) is KeyState.ACTIVE for key in keys.values())

    def _matching(self, loaded: _Loaded, text: str) -> Key | None:
        for pepper in filter(None, (loaded.pepper, self._own_pepper)):
            found = loaded.by_hash.get(hash_of(text, pepper))
            if found is not None:
                key, until = found
                return key if until is None or self._now() < until else None
        return None

    def _seen(self) -> Signature | None:
        """Return what the disk tells about the files, or None if they changed a moment ago and may change again."""
        found: list[tuple[int, int, int] | None] = []
        newest = 0.0
        for path in (self._database, self._pepper, self._keys_file):
            try:
                status = path.stat() if path is not None else None
            except OSError:
                status = None
            found.append((status.st_mtime_ns, status.st_size, status.st_ino) if status is not None else None)
            newest = max(newest, status.st_mtime if status is not None else 0.0)
        return None if newest > time.time() - _SETTLED_S else tuple(found)
