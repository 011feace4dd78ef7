"""The system prompt of the request."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import msgspec

from candela_tui.protocol.raw_json import raw_items, text_prefix
from candela_tui.protocol.request import MessagesRequest
from candela_tui.text import amounts
from candela_tui.ui.screens.request.conversation.blocks import Blocks
from candela_tui.ui.screens.request.pages.request_page import RequestPage, note, separator
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold

_BILLING = "x-anthropic-billing-header:"


class _Text(msgspec.Struct):
    text: msgspec.Raw = msgspec.Raw(b"null")


class SystemPage(RequestPage):
    """The System tab, block by block."""

    title = "System"
    key = "3"
    levels: ClassVar[Mapping[str, DetailLevel]] = {"system": DetailLevel.ALL, "reminders": DetailLevel.ALL}

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """Yield the blocks of the prompt, which is a string or a list."""
        whole = bytes(request.system)
        parts = [bytes(raw) for raw in raw_items(whole)]
        blocks = Blocks()
        if whole == b"null":
            yield note("The request has no system prompt.")
        elif not parts:
            yield separator("system prompt", self._size(whole, size), "thinking", self._width - 1)
            yield from blocks.content(whole, "system", "system prompt")
        for number, part in enumerate(parts, 1):
            billing = _is_billing(part)
            name = "billing header" if billing else f"block {number}"
            yield separator(name, self._size(part, size), "dim" if billing else "thinking", self._width - 1)
            if billing:
                said = "Not for the model: the client states its version here and how it was started."
                yield Fold("", LinesContent(((said, "dim"),)), gap=0, stops=False)
            yield from blocks.block(part, "system", name)

    def _size(self, part: bytes, size: int) -> str:
        return f"{amounts.size(len(part))} · {amounts.percent(len(part) / size)} of the request"


def _is_billing(part: bytes) -> bool:
    try:
        text = text_prefix(msgspec.json.decode(part, type=_Text).text, 200)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return text is not None and text.startswith(_BILLING)
