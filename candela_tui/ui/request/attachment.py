"""Images and documents that a conversation carries, to be opened by other programs."""

import asyncio
import base64
import binascii
import mimetypes
from dataclasses import dataclass

from candela_tui.ui.lines.text_view import TextView

_SLICE = 1 << 18
"""Bytes decoded at a time: a multiple of four, as base64 is made of fours."""
_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Attachment:
    """One image or document."""

    name: str
    """A name for a file: ``image-3.png``."""
    media_type: str
    data: bytes
    """As it crossed: base64, or text."""
    encoded: bool = True

    @property
    def size(self) -> int:
        """Bytes, decoded."""
        if not self.encoded:
            return len(self.data)
        return len(self.data) * 3 // 4 - self.data[-2:].count(b"=")

    def beginning(self) -> bytes:
        """Its first bytes; none where it can't be decoded."""
        try:
            return b"".join(self._slices(_HEADER))
        except binascii.Error:
            return b""

    async def content(self) -> bytes:
        """All its bytes. Raises binascii.Error where they are not base64."""
        return await asyncio.to_thread(lambda: b"".join(self._slices(len(self.data))))

    def _slices(self, most: int) -> list[bytes]:
        if not self.encoded:
            return [self.data[:most]]
        # A slice at a time: the decoder holds the interpreter.
        return [
            base64.b64decode(self.data[start : start + _SLICE], validate=True)
            for start in range(0, min(most, len(self.data)), _SLICE)
        ]


def file_name(kind: str, number: int, media_type: str, title: str | None) -> str:
    """A name that says what it is, and that no path can hide in."""
    suffix = mimetypes.guess_extension(media_type) or ""
    if title:
        stem = "".join(character if character.isalnum() or character in "-_. " else "_" for character in title)
        stem = stem.strip(". ")[:80]
        if stem:
            return stem if suffix and stem.endswith(suffix) else f"{stem}{suffix}"
    return f"{kind}-{number}{suffix}"


def current_attachment(view: TextView) -> Attachment | None:
    """What the current block of a view carries; None: nothing."""
    fold = view.current_fold
    return fold.bears if fold is not None and isinstance(fold.bears, Attachment) else None
