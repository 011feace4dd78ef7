"""The conversation in the request."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import msgspec

from candela_tui.protocol.request import MessagesRequest
from candela_tui.text import amounts
from candela_tui.ui.screens.request.conversation.blocks import UNREADABLE, Blocks
from candela_tui.ui.screens.request.pages.request_page import RequestPage, note, separator
from candela_tui.ui.widgets.text_view.folding.content import UnitContent
from candela_tui.ui.widgets.text_view.folding.detail_levels import DetailLevelsUnit
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold
from candela_tui.ui.widgets.text_view.folding.json_content import JsonContent


class MessagesPage(RequestPage):
    """The Messages tab: each message with its role."""

    title = "Messages"
    key = "2"
    levels: ClassVar[Mapping[str, DetailLevel]] = {
        "user": DetailLevel.ALL,
        "assistant": DetailLevel.ALL,
        "thinking": DetailLevel.FEW,
        "calls": DetailLevel.FEW,
        "results": DetailLevel.FEW,
        "reminders": DetailLevel.ONE,
    }

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """Yield the detail levels, then message by message."""
        if not request.messages:
            yield note("The request has no messages.")
            return
        yield Fold("", UnitContent(DetailLevelsUnit(self.lines.levels)), gap=0, stops=False, clicked=self._turn)
        blocks = Blocks()
        for number, raw in enumerate(request.messages, 1):
            yield None
            for fold in message_folds(bytes(raw), number, blocks, self._width - 1):
                if fold is not None:
                    fold.section = message_section(number)
                yield fold

    def _turn(self, cell: int) -> bool:
        kind = self.lines.levels.kind_at(cell, self._width - 4)
        if kind is not None:
            self.lines.turn_level(kind)
        return kind is not None


def message_section(number: int) -> str:
    """Return the name of the section that a message is in, by its number from 1."""
    return f"message {number}"


class _Message(msgspec.Struct):
    role: str = "?"
    content: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGE = msgspec.json.Decoder(_Message)
_ROLE_STYLES = {"user": "link", "assistant": "accent", "system": "thinking"}


def message_folds(body: bytes, number: int, blocks: Blocks, width: int) -> Iterator[Fold | None]:
    """Yield a message: a separator with its role, number and size, then its content."""
    name = f"message {number}"
    try:
        message = _MESSAGE.decode(body)
    except UNREADABLE:
        yield separator(name, "", "warn", width)
        yield Fold("", JsonContent(body), name)
        return
    note = f"{number} · {amounts.size(len(body))}"
    yield separator(message.role, note, _ROLE_STYLES.get(message.role, "text"), width)
    kind = message.role if message.role in ("user", "assistant") else "reminders"
    yield from blocks.content(message.content, kind, name)
