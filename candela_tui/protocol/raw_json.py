"""JSON read in slices. Decoding a whole big document at once would block the interpreter for a third of a second."""

import json
import re
from typing import Any

import msgspec

NULL = msgspec.Raw(b"null")

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_SURROGATES = re.compile(rb"\\u[dD](?:[89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|[89a-fA-F][0-9a-fA-F]{2})")
_ESCAPE = len(rb"\ud83d")


def without_lone_surrogates(body: bytes) -> bytes | None:
    """Return the document with U+FFFD for each lone surrogate, or None if it has none.

    JavaScript writes lone surrogates when it cuts a text in the middle of an emoji. They are not valid JSON: a decoder
    rejects the whole document for one of them (and the provider the request).
    """
    repaired = _SURROGATES.sub(_repaired, body)
    return repaired if repaired != body else None


def _repaired(match: re.Match[bytes]) -> bytes:
    before = match.string[max(0, match.start() - 64) : match.start()]
    escaped = (len(before) - len(before.rstrip(b"\\"))) % 2 == 1
    return match[0] if escaped or len(match[0]) > _ESCAPE else rb"\ufffd"


def decode_json(raw: msgspec.Raw | bytes) -> Any:
    """Decode a slice, or return None if it is not JSON."""
    try:
        return msgspec.json.decode(raw)
    except _NOT_JSON:
        return None


def decode_like_javascript(text: bytes) -> Any:
    """Decode a slice, or return None if ``JSON.parse`` would not take it either, or if it is nested too deeply.

    What it takes and ``decode_json`` does not are lone surrogates, which become U+FFFD here, and numbers that no float
    holds, which become infinite."""
    found = decode_json(text)
    if found is not None:
        return found
    try:
        return json.loads(without_lone_surrogates(text) or text)
    except (ValueError, RecursionError):
        return None


def is_truncated(body: bytes) -> bool:
    """Return whether this is only the beginning of a JSON document."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        # msgspec (0.22) has no other way to tell.
        return bool(body.strip()) and "truncated" in str(error)
    except (UnicodeDecodeError, RecursionError):
        return False
    return False


def raw_items(raw: msgspec.Raw | bytes) -> list[msgspec.Raw]:
    """Return the items of an array, each as a slice; [] for anything else."""
    try:
        return _ITEMS.decode(raw)
    except _NOT_JSON:
        return []


def raw_members(raw: msgspec.Raw | bytes) -> dict[str, msgspec.Raw] | None:
    """Return the members of an object, each as a slice; None for anything else."""
    try:
        return _MEMBERS.decode(raw)
    except _NOT_JSON:
        return None


def text_prefix(raw: msgspec.Raw | bytes, most_bytes: int) -> str | None:
    """Decode at most this many bytes of a JSON string; None for anything else."""
    view = memoryview(raw)
    if bytes(view[:1]) != b'"':
        return None
    literal = bytes(view[:most_bytes])
    if len(view) <= most_bytes:
        text = decode_json(literal)
        return text if isinstance(text, str) else None
    # The cut may be inside an escape or a character; the longest of them is a surrogate pair of 12 bytes.
    for back in range(13):
        text = decode_json(literal[: len(literal) - back] + b'"')
        if isinstance(text, str):
            return text
    return None
