"""The system prompt that the request carried."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import msgspec

from candela_tui.protocol.raw_json import raw_items, text_prefix
from candela_tui.protocol.request import MessagesRequest
from candela_tui.ui import words
from candela_tui.ui.lines.content import FixedContent
from candela_tui.ui.lines.folds import Fold, Level
from candela_tui.ui.request.blocks import Blocks
from candela_tui.ui.request.messages import RequestPage
from candela_tui.ui.request.rules import remark, rule

_BILLING = "x-anthropic-billing-header:"


class _Text(msgspec.Struct):
    text: msgspec.Raw = msgspec.Raw(b"null")


class SystemPage(RequestPage):
    """Block by block."""

    title = "System"
    levels: ClassVar[Mapping[str, Level]] = {"system": Level.ALL, "reminders": Level.ALL}

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """The prompt, whether it is a string or blocks."""
        whole = bytes(request.system)
        parts = [bytes(raw) for raw in raw_items(whole)]
        blocks = Blocks()
        if whole == b"null":
            yield remark("The request has no system prompt.")
        elif not parts:
            yield rule("system prompt", self._size(whole, size), "thinking", self._width - 1)
            yield from blocks.content(whole, "system", "system prompt")
        for number, part in enumerate(parts, 1):
            billing = _is_billing(part)
            name = "billing header" if billing else f"block {number}"
            yield rule(name, self._size(part, size), "dim" if billing else "thinking", self._width - 1)
            if billing:
                said = "Not for the model: the client tells here which version of it asks, and how it was started."
                yield Fold("", FixedContent(((said, "dim"),)), gap=0, stops=False)
            yield from blocks.block(part, "system", name)

    def _size(self, part: bytes, size: int) -> str:
        return f"{words.size(len(part))} · {words.percent(len(part) / size)} of the request"


def _is_billing(part: bytes) -> bool:
    try:
        text = text_prefix(msgspec.json.decode(part, type=_Text).text, 200)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return text is not None and text.startswith(_BILLING)
