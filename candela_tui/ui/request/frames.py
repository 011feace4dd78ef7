"""Bedrock's frames as lines: what each says in its headers, and the event that it carries."""

from binascii import Error as BadBase64
from binascii import a2b_base64
from collections.abc import Iterator

from candela_tui.protocol.event_stream import CorruptFrame, Frame, FrameDecoder, HeaderValue
from candela_tui.protocol.raw_json import decode_json


class FrameReader:
    """Reads the frames of a body as it arrives. What is none ends it, and is told in ``trouble``."""

    def __init__(self) -> None:
        self._decoder = FrameDecoder()
        self.trouble: str | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; return the frames that they complete. Never raises."""
        if self.trouble is not None:
            return []
        try:
            return self._decoder.feed(chunk)
        except CorruptFrame as corrupt:
            self.trouble = str(corrupt)
            return corrupt.frames


def frame_name(frame: Frame) -> str:
    """What kind of frame it is: ``chunk``, ``throttlingException``."""
    return frame.text(":event-type") or frame.text(":exception-type") or frame.text(":error-code") or "frame"


def frame_headers(frame: Frame) -> str:
    """Its headers but for the name, in one line."""
    named = (":event-type", ":exception-type")
    return "  ".join(f"{name} {_shown(value)}" for name, value in frame.headers.items() if name not in named)


def frame_texts(frame: Frame) -> Iterator[bytes]:
    """What it carries: the event, where its payload is one in base64, and what stands beside it; else its payload."""
    document = decode_json(frame.payload)
    coded = document.get("bytes") if isinstance(document, dict) else None
    if not isinstance(coded, str):
        yield frame.payload or frame.text(":error-message").encode("utf-8", "replace")
        return
    try:
        yield a2b_base64(coded, strict_mode=True)
    except (BadBase64, ValueError):
        yield frame.payload
        return
    # Amazon fills frames up with letters of no meaning, so that their length tells nothing.
    others = ", ".join(f"{name}: {value}" for name, value in document.items() if name not in ("bytes", "p"))
    if others:
        yield others.encode("utf-8", "replace")


def _shown(value: HeaderValue) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
