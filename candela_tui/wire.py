"""What crosses the local API, on both its sides: JSON of exchanges, notices and chunks."""

import json
from datetime import datetime
from typing import Any

import msgspec

from candela_tui.exchange import Exchange

API_ROOT = "/_local/api/v1"
"""Paths that no provider's API has: what is below it is never relayed."""

SNAPSHOT, EXCHANGE, NOTICE, MISSED, CREDENTIALS = "snapshot", "exchange", "notice", "missed", "credentials"
"""The names of the events."""


class NotUnderstood(Exception):
    """What came is not what this version of candela understands."""


class About(msgspec.Struct, frozen=True):
    """Who answers, and where its requests go."""

    name: str
    version: str
    pid: int
    started_at: datetime
    address: str
    """Host and port."""
    route: str
    """Where requests to the bare base URL go."""
    base_url: str
    """The provider's URL behind that route."""
    live: int
    """Requests in flight."""


class Snapshot(msgspec.Struct, frozen=True):
    """The beginning of an event stream."""

    about: About
    live: tuple[str, ...]
    """The ids of what is live now; an event for each of them follows."""


class Unlock(msgspec.Struct, frozen=True):
    """What opens the file of secrets."""

    passphrase: str

    def __repr__(self) -> str:
        return "Unlock(…)"


class Said(msgspec.Struct, frozen=True):
    """A notice from another program of the user."""

    text: str


class Chunk(msgspec.Struct, frozen=True):
    """A part of an answer's body as it crossed; ``data`` is base64 in JSON."""

    at_ms: float
    """Since the request was received."""
    data: bytes


_ENCODER = msgspec.json.Encoder()
_EXCHANGES = msgspec.json.Decoder(Exchange)


def encode(value: Any) -> bytes:
    """One line of JSON. Money is text, so that every digit survives; times are RFC 3339."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        # Header bytes that are not UTF-8 are text with lone surrogates, which JSON can only hold escaped.
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":")).encode()


def decode_exchange(data: bytes) -> Exchange:
    """Undo ``encode``. Raises NotUnderstood."""
    try:
        return _EXCHANGES.decode(data)
    except msgspec.ValidationError as error:
        raise NotUnderstood(str(error)) from error
    except msgspec.DecodeError:
        return _decode_escaped(data)


def _decode_escaped(data: bytes) -> Exchange:
    try:
        return msgspec.convert(json.loads(data), Exchange)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise NotUnderstood(str(error)) from error
