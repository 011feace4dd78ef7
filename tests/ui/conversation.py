"""Conversations for tests, and pages laid out without a terminal."""

import json
from typing import Any

from candela_tui.protocol.request import decode_request
from candela_tui.ui.screens.request.pages.messages import MessagesPage
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.screens.request.pages.request_page import RequestPage
from candela_tui.ui.state.preferences import Preferences, Remembered
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines


def body_of(*messages: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"model": "claude-opus-4-8", "messages": list(messages), **fields}).encode()


def user(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {"role": "user", "content": [text(block) if isinstance(block, str) else block for block in blocks]}


def assistant(*blocks: dict[str, Any] | str) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str, id: str = "toolu_1", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": name, "input": arguments}


def result(content: Any, id: str = "toolu_1", **fields: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **fields}


def laid_out(
    body: bytes,
    width: int = 80,
    *,
    page: type[RequestPage] = MessagesPage,
    detail: dict[str, int] | None = None,
    wrap: bool = True,
) -> FoldedLines:
    """The lines of a page, complete."""
    preferences = Preferences()
    preferences.now = Remembered(detail=detail or {}, wrap=wrap)
    subject: Any = ShownRequest.__new__(ShownRequest)
    subject.preferences, subject.folds = preferences, {}
    made = page(subject, width)
    request = decode_request(body)
    assert request is not None
    exhaust(made.lines.add(made.folds(request, len(body))))
    return made.lines


def exhaust(steps: Any) -> None:
    for _ in steps:
        pass


def settled(lines: FoldedLines) -> None:
    """Let what was chosen show."""
    exhaust(lines.settle())
    lines.commit()


def texts(lines: FoldedLines) -> list[str]:
    return [lines.text(number).rstrip() for number in range(len(lines))]


ALL = dict.fromkeys(("user", "assistant", "thinking", "calls", "results", "reminders"), 2)
ONE = dict.fromkeys(ALL, 0)
