"""The content of chat messages as content blocks of the Messages API.

Long values (texts, base64) are copied from the request as they are, never decoded.
"""

import base64
import binascii
import re
from typing import Any

import msgspec

from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.json_members import (
    Members,
    given,
    is_text,
    items_of,
    members_of,
    optional,
    required,
    typed,
)
from candela_tui.protocol.raw_json import decode_json

Block = dict[str, Any]

_DATA_URL = re.compile(rb'"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,"]*)*;base64,', re.IGNORECASE)
_LONGEST_HEAD = 300
_LONGEST_BLANK = 1024
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def blocks_of(raw: msgspec.Raw | None, where: str) -> list[Block]:
    """Translate a message's content (a string, an array of parts, or nothing) into blocks.

    Claude refuses empty texts, so they are left out. Raises InvalidChat for what Claude can't read.
    """
    if raw is None:
        return []
    if is_text(raw):
        return [] if _blank(raw) else [{"type": "text", "text": raw}]
    blocks = []
    for index, part in enumerate(items_of(raw, where)):
        place = f"{where}[{index}]"
        members = members_of(part, place)
        block = _block(members, place)
        if block is not None:
            blocks.append(_marked(block, members, place))
    return blocks


def marked(block: Block, members: Members) -> Block:
    """Return a block with the client's ``cache_control``, an extension that clients of several gateways send."""
    mark = given(members, "cache_control")
    return block if mark is None else {**block, "cache_control": mark}


def _marked(block: Block, members: Members, where: str) -> Block:
    """Return a block with a cache mark if the part has one."""
    if given(members, "prompt_cache_breakpoint") is None:
        return marked(block, members)
    lasts = optional(
        members_of(members["prompt_cache_breakpoint"], where), "ttl", str, f"{where}.prompt_cache_breakpoint"
    )
    # OpenAI's lifetimes are 30 minutes and more; Anthropic's are 5 minutes and an hour.
    return {**block, "cache_control": {"type": "ephemeral", **({"ttl": "1h"} if lasts else {})}}


def _block(members: Members, where: str) -> Block | None:
    kind = required(members, "type", str, where)
    if kind in ("text", "refusal"):
        text = given(members, kind)
        if text is None or not is_text(text):
            raise InvalidChat(f"{where}.{kind} must be a string", f"{where}.{kind}")
        return None if _blank(text) else {"type": "text", "text": text}
    if kind == "image_url":
        return _image(members, f"{where}.image_url")
    if kind == "file":
        return _document(members_of(required(members, "file", msgspec.Raw, where), f"{where}.file"), f"{where}.file")
    if kind == "input_audio":
        raise InvalidChat("Claude does not accept audio: send its transcript as text", where)
    raise InvalidChat(f"{where}: candela does not support content parts of type {kind!r}", where)


def _image(members: Members, where: str) -> Block:
    place = f"{where}.url"
    image = required(members, "image_url", msgspec.Raw, where.rpartition(".")[0])
    # Some clients write the URL itself instead of an object.
    url = image if is_text(image) else required(members_of(image, where), "url", msgspec.Raw, where)
    if _begins(url, b'"data:'):
        media_type, data = _data_url(url, place)
        media_type = "image/jpeg" if media_type == "image/jpg" else media_type
        if media_type not in _IMAGES:
            raise InvalidChat(f"Claude takes images as {', '.join(_IMAGES)}, not {media_type}", place)
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}
    address = typed(url, str, place)
    if not address.lower().startswith(("http://", "https://")):
        raise InvalidChat(f"{place} must be a data: URL with base64, or an https:// URL", place)
    return {"type": "image", "source": {"type": "url", "url": address}}


def _document(file: Members, where: str) -> Block:
    if given(file, "file_id") is not None:
        raise InvalidChat("Claude can't read files uploaded to OpenAI: send file_data", f"{where}.file_id")
    place = f"{where}.file_data"
    title = optional(file, "filename", str, where)
    url = required(file, "file_data", msgspec.Raw, where)
    if _begins(url, b'"data:'):
        media_type, data = _data_url(url, place)
    elif is_text(url) and title is not None and title.lower().endswith(".pdf"):
        media_type, data = "application/pdf", url
    else:
        raise InvalidChat(f"{place} must be a data: URL with base64", place)
    if media_type == "application/pdf":
        source: Block = {"type": "base64", "media_type": media_type, "data": data}
    elif media_type.startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": _text(data, place)}
    else:
        raise InvalidChat(f"Claude takes files as application/pdf or text, not {media_type}", place)
    return {"type": "document", "source": source, **({"title": title} if title else {})}


def _begins(url: msgspec.Raw, start: bytes) -> bool:
    return bytes(memoryview(url)[: len(start)]).lower() == start


def _data_url(url: msgspec.Raw, where: str) -> tuple[str, msgspec.Raw]:
    """Return the media type of a data URL, and its data as a JSON string."""
    view = memoryview(url)
    match = _DATA_URL.match(bytes(view[:_LONGEST_HEAD]))
    if match is None and b"\\" in bytes(view[:_LONGEST_HEAD]):
        # Some JSON encoders escape the slash of the media type.
        view = memoryview(msgspec.json.encode(decode_json(url)))
        match = _DATA_URL.match(bytes(view[:_LONGEST_HEAD]))
    if match is None:
        raise InvalidChat(f"{where} must have its data in base64: data:image/png;base64,…", where)
    media_type = (match[1] or b"text/plain").decode().lower()
    return media_type, msgspec.Raw(b'"' + view[match.end() :])


def _text(data: msgspec.Raw, where: str) -> str:
    try:
        return base64.b64decode(typed(data, str, where), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidChat(f"{where} must be UTF-8 text in base64", where) from error


def _blank(text: msgspec.Raw) -> bool:
    """Return whether a JSON string is empty or only whitespace."""
    if len(memoryview(text)) > _LONGEST_BLANK:
        return False
    decoded = decode_json(text)
    return isinstance(decoded, str) and not decoded.strip()
