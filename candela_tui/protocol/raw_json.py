"""JSON read in slices: a whole big document, decoded at once, would hold the interpreter for a third of a second."""

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
    """The document with U+FFFD for each half of a surrogate pair that stands alone; None: there is none.

    JavaScript writes such halves where a text was cut in the middle of an emoji. They are no valid JSON: a decoder
    refuses the whole document for one of them (and the provider the request).
    """
    mended = _SURROGATES.sub(_mended, body)
    return mended if mended != body else None


def _mended(match: re.Match[bytes]) -> bytes:
    before = match.string[max(0, match.start() - 64) : match.start()]
    escaped = (len(before) - len(before.rstrip(b"\\"))) % 2 == 1
    return match[0] if escaped or len(match[0]) > _ESCAPE else rb"\ufffd"


def decode_json(raw: msgspec.Raw | bytes) -> Any:
    """Decode a slice; None where it is not JSON."""
    try:
        return msgspec.json.decode(raw)
    except _NOT_JSON:
        return None


def is_truncated(body: bytes) -> bool:
    """Whether this is the beginning of a JSON document, and not the whole of it."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        # The library has no other sign of it (msgspec 0.22).
        return bool(body.strip()) and "truncated" in str(error)
    except (UnicodeDecodeError, RecursionError):
        return False
    return False


def raw_items(raw: msgspec.Raw | bytes) -> list[msgspec.Raw]:
    """The items of an array, each as a slice; [] where it is none."""
    try:
        return _ITEMS.decode(raw)
    except _NOT_JSON:
        return []


def raw_members(raw: msgspec.Raw | bytes) -> dict[str, msgspec.Raw] | None:
    """The members of an object, each as a slice; None where it is none."""
    try:
        return _MEMBERS.decode(raw)
    except _NOT_JSON:
        return None


def text_prefix(raw: msgspec.Raw | bytes, most_bytes: int) -> str | None:
    """A JSON string decoded from at most so many of its bytes; None where it is no string."""
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
