"""Bedrock frames as lines: their headers, and the event that each carries."""

from binascii import Error as BadBase64
from binascii import a2b_base64
from collections.abc import Iterator

from candela_tui.protocol.bedrock.event_stream import CorruptFrame, Frame, FrameDecoder, HeaderValue
from candela_tui.protocol.raw_json import decode_json


class FrameReader:
    """Read the frames of a body as it arrives. Stops at an invalid frame and sets ``trouble``."""

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
    """Return the kind of a frame: ``chunk``, ``throttlingException``."""
    return frame.text(":event-type") or frame.text(":exception-type") or frame.text(":error-code") or "frame"


def frame_headers(frame: Frame) -> str:
    """Return the frame's headers in one line, without its name."""
    named = (":event-type", ":exception-type")
    return "  ".join(f"{name} {_shown(value)}" for name, value in frame.headers.items() if name not in named)


def frame_texts(frame: Frame) -> Iterator[bytes]:
    """Yield the event in the payload and the fields beside it; if there is no base64 event, the payload itself."""
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
    # Amazon pads frames with meaningless letters, to hide their length.
    others = ", ".join(f"{name}: {value}" for name, value in document.items() if name not in ("bytes", "p"))
    if others:
        yield others.encode("utf-8", "replace")


def _shown(value: HeaderValue) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
