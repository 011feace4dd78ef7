"""The conversation that the request carried."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

import msgspec

from candela_tui.protocol.request import MessagesRequest, decode_request
from candela_tui.ui import words
from candela_tui.ui.lines.content import JsonContent, UnitContent
from candela_tui.ui.lines.folded import FoldedLines
from candela_tui.ui.lines.folds import Fold, Level
from candela_tui.ui.lines.levels import Levels, LevelsUnit
from candela_tui.ui.request.blocks import UNREADABLE, Blocks
from candela_tui.ui.request.page import Subject
from candela_tui.ui.request.rules import remark, rule
from candela_tui.ui.sides import told_by


class RequestPage:
    """What the pages on parts of the request share: blocks that fold, made as the request is decoded."""

    title: ClassVar[str]
    levels: ClassVar[Mapping[str, Level]]
    """The kinds of blocks, and how much is shown of each as long as the user says nothing else."""
    follows = False

    def __init__(self, subject: Subject, width: int) -> None:
        self._subject = subject
        self._width = width
        preferences = subject.preferences
        self.lines = FoldedLines(
            width,
            Levels(preferences, self.levels),
            wrap=preferences.now.wrap,
            kept=subject.folds.setdefault(self.title, {}),
        )

    async def open(self) -> Iterator[None]:
        """Get the body; its parts are decoded one after the other."""
        subject = self._subject
        body = await subject.request_body(told_by(subject.exchange)) or await subject.request_body()
        return self.lines.add(self._folds(body))

    async def more(self) -> Iterator[None] | None:
        """It does not grow."""
        return None

    def _folds(self, body: bytes | None) -> Iterator[Fold | None]:
        request = decode_request(body) if body else None
        yield None
        if body is None:
            yield remark("The body is not recorded.")
        elif request is None:
            yield remark("The body is not a Messages request: see Raw request.")
        else:
            yield from self.folds(request, len(body))

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """The blocks of the part that the page is on; None: a step. ``size``: the bytes of the whole body."""
        raise NotImplementedError


class MessagesPage(RequestPage):
    """Each message with its role."""

    title = "Messages"
    levels: ClassVar[Mapping[str, Level]] = {
        "user": Level.ALL,
        "assistant": Level.ALL,
        "thinking": Level.FEW,
        "calls": Level.FEW,
        "results": Level.FEW,
        "reminders": Level.ONE,
    }

    def folds(self, request: MessagesRequest, size: int) -> Iterator[Fold | None]:
        """The levels, then message by message."""
        if not request.messages:
            yield remark("The request has no messages.")
            return
        yield Fold("", UnitContent(LevelsUnit(self.lines.levels)), gap=0, stops=False, clicked=self._turn)
        blocks = Blocks()
        for number, raw in enumerate(request.messages, 1):
            yield None
            yield from message_folds(bytes(raw), number, blocks, self._width - 1)

    def _turn(self, cell: int) -> bool:
        kind = self.lines.levels.kind_at(cell, self._width - 4)
        if kind is not None:
            self.lines.turn_level(kind)
        return kind is not None


class _Message(msgspec.Struct):
    role: str = "?"
    content: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGE = msgspec.json.Decoder(_Message)
_ROLE_INKS = {"user": "link", "assistant": "accent", "system": "thinking"}


def message_folds(body: bytes, number: int, blocks: Blocks, width: int) -> Iterator[Fold | None]:
    """A message: a rule with its role, number and size; its content."""
    name = f"message {number}"
    try:
        message = _MESSAGE.decode(body)
    except UNREADABLE:
        yield rule(name, "", "warn", width)
        yield Fold("", JsonContent(body), name)
        return
    note = f"{number} · {words.size(len(body))}"
    yield rule(message.role, note, _ROLE_INKS.get(message.role, "text"), width)
    kind = message.role if message.role in ("user", "assistant") else "reminders"
    yield from blocks.content(message.content, kind, name)
