"""Images and documents in a conversation, which other programs can open."""

import asyncio
import base64
import binascii
import mimetypes
from dataclasses import dataclass

from candela_tui.ui.widgets.text_view.text_view import TextView

_SLICE = 1 << 18
"""Bytes decoded at a time; a multiple of four, since base64 comes in groups of four."""
_HEADER = 1 << 16


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or a document."""

    name: str
    """A file name such as ``image-3.png``."""
    media_type: str
    data: bytes
    """The data as it was sent: base64, or text."""
    encoded: bool = True

    @property
    def size(self) -> int:
        """The decoded size in bytes."""
        if not self.encoded:
            return len(self.data)
        return len(self.data) * 3 // 4 - self.data[-2:].count(b"=")

    def beginning(self) -> bytes:
        """Return the first bytes, or none if they can't be decoded."""
        try:
            return b"".join(self._slices(_HEADER))
        except binascii.Error:
            return b""

    async def content(self) -> bytes:
        """Return all bytes. Raises binascii.Error if they are not base64."""
        return await asyncio.to_thread(lambda: b"".join(self._slices(len(self.data))))

    def _slices(self, most: int) -> list[bytes]:
        if not self.encoded:
            return [self.data[:most]]
        # In slices: the decoder holds the GIL.
        return [
            base64.b64decode(self.data[start : start + _SLICE], validate=True)
            for start in range(0, min(most, len(self.data)), _SLICE)
        ]


def file_name(kind: str, number: int, media_type: str, title: str | None) -> str:
    """Return a descriptive file name that contains no path."""
    suffix = mimetypes.guess_extension(media_type) or ""
    if title:
        stem = "".join(character if character.isalnum() or character in "-_. " else "_" for character in title)
        stem = stem.strip(". ")[:80]
        if stem:
            return stem if suffix and stem.endswith(suffix) else f"{stem}{suffix}"
    return f"{kind}-{number}{suffix}"


def current_attachment(view: TextView) -> Attachment | None:
    """Return the attachment of the view's current block, or None."""
    fold = view.current_fold
    return fold.attachment if fold is not None and isinstance(fold.attachment, Attachment) else None
