"""The form of an answer's body, by its first bytes, whatever its headers say.

Claude Code 2.1.332 reads an event stream without a Content-Type, or labelled as JSON or plain text, like any other
(observed), and gateways label pages and errors as event streams.
"""

from binascii import crc32
from codecs import BOM_UTF8
from enum import Enum

from candela_tui.protocol.bedrock.event_stream import EVENT_STREAM


class AnswerForm(Enum):
    """The form of a body."""

    EVENTS = "events"
    """Server-sent events."""
    FRAMES = "frames"
    """Amazon's event stream."""
    DOCUMENT = "document"
    """JSON."""
    TEXT = "text"
    """Anything else, such as a web page."""


_FIELDS = (b"event:", b"data:", b"id:", b"retry:", b":")
"""The beginnings of lines in server-sent events; the last one is a comment's."""
_LONGEST_FIELD = max(map(len, _FIELDS))
_SPACE = b" \t\r\n"
_LENGTHS, _PRELUDE = 8, 12
"""Bytes of a frame that its first checksum covers, and bytes with that checksum."""
MOST_HEAD_BYTES = 1024
"""A body that begins with more white space than this has the form that its headers state."""


def form_of(head: bytes, content_type: str, *, whole: bool = False) -> AnswerForm | None:
    """Return the form of a body with this beginning, or None if more of it is needed; ``whole``: there is no more."""
    if head[:1] == b"\0":
        if len(head) < _PRELUDE and not whole:
            return None
        return AnswerForm.FRAMES if _begins_frame(head) else form_by_header(content_type)
    if len(head) < len(BOM_UTF8) and BOM_UTF8.startswith(head) and not whole:
        return None
    text = _text(head)
    if not text:
        return None if not whole and len(head) < MOST_HEAD_BYTES else form_by_header(content_type)
    if text[:1] in (b"{", b"["):
        return AnswerForm.DOCUMENT
    if text[:1] == b"<":
        return AnswerForm.TEXT
    if text.startswith(_FIELDS):
        return AnswerForm.EVENTS
    if not whole and len(text) < _LONGEST_FIELD and any(field.startswith(text) for field in _FIELDS):
        return None
    return form_by_header(content_type)


def begins_event(head: bytes) -> bool:
    """Return whether a body begins like server-sent events."""
    return _text(head).startswith(_FIELDS)


def form_by_header(content_type: str) -> AnswerForm:
    """Return the form that a Content-Type states; without one the body is taken for JSON."""
    content_type = content_type.strip().lower()
    if content_type.startswith("text/event-stream"):
        return AnswerForm.EVENTS
    if content_type.startswith(EVENT_STREAM):
        return AnswerForm.FRAMES
    return AnswerForm.DOCUMENT if "json" in content_type or not content_type else AnswerForm.TEXT


def _text(head: bytes) -> bytes:
    return head.removeprefix(BOM_UTF8).lstrip(_SPACE)


def _begins_frame(head: bytes) -> bool:
    return len(head) >= _PRELUDE and crc32(head[:_LENGTHS]) == int.from_bytes(head[_LENGTHS:_PRELUDE])
