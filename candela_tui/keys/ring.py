"""The keys that a running proxy accepts, read again whenever they change."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from candela_tui.files import stamp_of
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key, KeyState, hash_of
from candela_tui.keys.keys_file import read_keys_file
from candela_tui.keys.store import KeyStore
from candela_tui.text.times import utc_now

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
"""Seconds between two looks at whether the keys in a database have changed."""


def keys_by_name(store: KeyStore, keys_file: Path | None) -> dict[str, Key]:
    """Return all keys by their names; of several with a name, the one in use, or else the newest. Raises KeysError."""
    found = store.keys()
    if keys_file is not None:
        found += read_keys_file(keys_file, secrets.token_bytes(32))
    found.sort(key=lambda key: (key.revoked_at is None, key.created_at))
    return {key.name: key for key in found}


class KeySource(Protocol):
    """Where keys are kept, for the ring. ``look``, ``keys`` and ``pepper`` block, and raise KeysError."""

    @property
    def has_to_be_asked(self) -> bool:
        """Whether ``stamp`` knows only what ``look`` found out."""

    @property
    def is_made(self) -> bool:
        """Whether there may be keys."""

    def look(self) -> None:
        """Find out whether the keys have changed, for ``stamp``."""

    def stamp(self) -> Hashable | None:
        """Return a value that differs once the keys have changed; None if that is not known."""

    def keys(self) -> list[Key]:
        """Return all keys."""

    def pepper(self) -> bytes:
        """Return the secret that their hashes were made with."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was read: by the hash of a text, the key, and until when that text is accepted."""

    by_hash: dict[bytes, tuple[Key, datetime | None]]
    pepper: bytes | None
    """The pepper of the keys in the store; None if there are none."""


class KeyRing:
    """Finds the key that a text is. A change of files counts from the next request on, one in a database within about a
    second, while ``follow`` runs."""

    def __init__(
        self,
        store: KeySource | None,
        keys_file: Path | None,
        now: Callable[[], datetime] = utc_now,
        on_loaded: Callable[[list[Key]], None] = lambda _: None,
    ) -> None:
        """``store``: None if there is none. ``on_loaded`` gets all keys each time that they
        were read."""
        self._on_loaded = on_loaded
        self._store = store
        self._keys_file = keys_file
        self._now = now
        self._own_pepper = secrets.token_bytes(32)
        """For the keys of the file."""
        self._loaded: _Loaded | None = None
        self._stamp: Hashable | None = None
        self._loading = asyncio.Lock()
        self._away: KeysError | None = None
        """Why the database of the keys could not be asked last."""

    async def find(self, text: str) -> Key | None:
        """Return the key, whatever its state, or None if the text is not one. Raises KeysError."""
        return self._matching(await self._current(), text)

    async def find_new(self, text: str) -> Key | None:
        """Return the key that a text is, as ``find`` does, but not by what was read before: another replica may have
        made it a moment ago. Raises KeysError."""
        if self._away is not None:
            raise KeysError(str(self._away))
        async with self._loading:
            # Others may have waited for the same.
            found = self._matching(self._loaded, text) if self._loaded is not None else None
            if found is None:
                found = self._matching(await self._load(), text)
        return found

    async def named(self, name: str) -> Key | None:
        """Return the key with a name; of several, the one in use. None if there is none. Raises KeysError."""
        keys = {key.id: key for key, _ in (await self._current()).by_hash.values() if key.name == name}
        return min(keys.values(), key=lambda key: key.revoked_at is not None, default=None)

    async def refresh(self) -> None:
        """Read the keys, if there are any and they changed. Raises KeysError."""
        if self._keys_file is not None or (self._store is not None and self._store.is_made):
            await self._current()

    async def follow(self) -> None:
        """Read the keys again whenever those in a database have changed, until this is cancelled. While it is away, the
        keys that were read last hold."""
        if self._store is None or not self._store.has_to_be_asked:
            return
        while True:
            try:
                await asyncio.to_thread(self._store.look)
                await self._read()
                self._away = None
            except KeysError as error:
                if self._away is None:
                    logger.warning("%s", error)
                self._away = error
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _current(self) -> _Loaded:
        if self._away is None:
            return await self._read()
        # Requests do not wait for a database that ``follow`` waits for already.
        if self._loaded is None:
            raise KeysError(str(self._away))
        return self._loaded

    async def _read(self) -> _Loaded:
        loaded, stamp = self._loaded, self._seen()
        if loaded is None or stamp is None or stamp != self._stamp:
            async with self._loading:
                loaded = await self._load()
        return loaded

    async def _load(self) -> _Loaded:
        stamp = self._seen()
        loaded = await asyncio.to_thread(self.load)
        self._loaded, self._stamp = loaded, stamp
        self._on_loaded(list({key.id: key for key, _ in loaded.by_hash.values()}.values()))
        return loaded

    def state(self, key: Key) -> KeyState:
        """Return whether a key is accepted now."""
        return key.state(self._now())

    def load(self) -> _Loaded:
        """Read the keys. Raises KeysError."""
        by_hash: dict[bytes, tuple[Key, datetime | None]] = {}
        pepper = None
        if self._store is not None:
            kept = self._store.keys()
            pepper = self._store.pepper() if kept else None
            for key in kept:
                by_hash[key.hash] = key, None
                if key.old_hash is not None:
                    by_hash[key.old_hash] = key, key.old_until
        if self._keys_file is not None:
            by_hash.update((key.hash, (key, None)) for key in read_keys_file(self._keys_file, self._own_pepper))
        return _Loaded(by_hash, pepper)

    def usable(self) -> int:
        """Return how many keys are accepted now. Reads them; raises KeysError."""
        keys = {key.id: key for key, _ in self.load().by_hash.values()}
        return sum(self.state(key) is KeyState.ACTIVE for key in keys.values())

    def _matching(self, loaded: _Loaded, text: str) -> Key | None:
        for pepper in filter(None, (loaded.pepper, self._own_pepper)):
            found = loaded.by_hash.get(hash_of(text, pepper))
            if found is not None:
                key, until = found
                return key if until is None or self._now() < until else None
        return None

    def _seen(self) -> Hashable | None:
        """Return what tells whether the keys have changed; None if that is not known."""
        kept = self._store.stamp() if self._store is not None else ()
        listed = stamp_of(self._keys_file) if self._keys_file is not None else ()
        return None if kept is None or listed is None else (kept, listed)
