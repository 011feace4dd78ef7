"""The settings of Claude Code for people who sign in: a file, and the form in which the client asks a gateway for them.

The file is ``[team] managed_settings``. It is read again when it changes.

Measured with 2.1.332: the client compares ``checksum`` with that of the settings that it keeps.
"""

import asyncio
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from candela_tui.config.settings import TeamSettings
from candela_tui.files import stamp_of

_MOST_BYTES = 1_048_576


class ManagedSettingsError(Exception):
    """The file can't be used. ``str()`` says which key, file and line, and why."""


@dataclass(frozen=True, slots=True)
class ManagedDocument:
    """What a client gets."""

    checksum: str
    body: bytes
    """JSON: ``uuid``, ``checksum`` and ``settings``."""


class ManagedSettings:
    """The settings in a file. A change counts from the next question of a client on."""

    def __init__(self, file: Path, tell: Callable[[str], None]) -> None:
        """Read the file. ``tell`` is called with what is wrong later, once for each reason. Blocks; raises
        ManagedSettingsError."""
        self._file = file
        self._tell = tell
        self._told: str | None = None
        self._stamp = stamp_of(file)
        self._document = read_managed_settings(file)
        self._reading = asyncio.Lock()

    @classmethod
    def of(cls, settings: TeamSettings, tell: Callable[[str], None]) -> "ManagedSettings | None":
        """Return the settings that are managed, or None if there are none. Blocks; raises ManagedSettingsError."""
        return cls(settings.managed_settings, tell) if settings.managed_settings is not None else None

    async def document(self) -> ManagedDocument:
        """Return the settings in the file, or those of before if it can't be used now."""
        async with self._reading:
            stamp = await asyncio.to_thread(stamp_of, self._file)
            if stamp is None or stamp != self._stamp:
                try:
                    self._document = await asyncio.to_thread(read_managed_settings, self._file)
                except ManagedSettingsError as error:
                    self._tell_once(f"The managed settings stay as they were. {error}")
                else:
                    self._told = None
                self._stamp = stamp
        return self._document

    def _tell_once(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._tell(words)


def read_managed_settings(file: Path) -> ManagedDocument:
    """Read a file of settings. Blocks; raises ManagedSettingsError."""
    place = f"team.managed_settings: {file}"
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ManagedSettingsError(f"{place}: can't be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise ManagedSettingsError(f"{place}: it is larger than 1 MiB")
    try:
        settings = json.loads(content.decode(), parse_float=_as_client_writes, parse_constant=_no_json)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ManagedSettingsError(f"{place}: {where}: from here on it is not JSON") from None
    except (ValueError, RecursionError):
        raise ManagedSettingsError(f"{place}: it is not JSON in UTF-8") from None
    if not isinstance(settings, dict):
        raise ManagedSettingsError(f'{place}: line 1: expected an object, such as {{"model": "opus"}}')
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        checksum = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    except UnicodeEncodeError:
        raise ManagedSettingsError(f"{place}: a text in it has half of a surrogate pair") from None
    document = {"uuid": str(uuid.uuid5(uuid.NAMESPACE_OID, checksum)), "checksum": checksum, "settings": settings}
    return ManagedDocument(checksum, json.dumps(document, ensure_ascii=False).encode())


def _as_client_writes(number: str) -> float | int:
    """Return a number so that it is written as by JavaScript, which has no 1.0."""
    value = float(number)
    return int(value) if value.is_integer() else value


def _no_json(constant: str) -> Any:
    raise ValueError(constant)
