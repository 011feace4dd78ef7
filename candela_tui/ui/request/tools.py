"""The tools that the request offered."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from candela_tui.protocol.request import MessagesRequest
from candela_tui.ui import words
from candela_tui.ui.ink import Line, fitted
from candela_tui.ui.lines.json_string import string_slices
from candela_tui.ui.lines.spans import json_lines
from candela_tui.ui.request.blocks import text_lines
from candela_tui.ui.request.messages import RequestPage, rule


class _Tool(msgspec.Struct):
    name: str = "?"
    type: str = ""
    description: msgspec.Raw = msgspec.Raw(b"")
    input_schema: msgspec.Raw = msgspec.Raw(b"")


_TOOL = msgspec.json.Decoder(_Tool)


class ToolsPage(RequestPage):
    """A table of sizes, then each tool's description and schema."""

    title: ClassVar[str] = "Tools"

    def parts(self, request: MessagesRequest, width: int) -> Iterator[Line]:
        """The largest stand out in the table by their bars."""
        bodies = [bytes(raw) for raw in request.tools]
        tools = [_read(body) for body in bodies]
        if not bodies:
            yield ()
            yield ((" The request offers no tools.", "dim"),)
            return
        yield ()
        total, largest = sum(map(len, bodies)), max(map(len, bodies))
        noun = "tool" if len(bodies) == 1 else "tools"
        yield ((f" {len(bodies)} {noun}", "heading"), (f"   {words.size(total)}", "dim"))
        bar = max(8, min(40, width - 50))
        for body, tool in zip(bodies, tools, strict=True):
            cells = max(1, len(body) * bar // largest)
            yield (
                (f"   {fitted(tool.name if tool else '?', 28)}", "text"),
                (f" {words.size(len(body)):>9}  ", "dim"),
                ("▇" * cells, "accent"),
            )
        yield ()
        for body, tool in zip(bodies, tools, strict=True):
            yield from _tool_lines(body, tool, width)


def _read(body: bytes) -> _Tool | None:
    try:
        return _TOOL.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _tool_lines(body: bytes, tool: _Tool | None, width: int) -> Iterator[Line]:
    yield rule(tool.name if tool else "?", words.size(len(body)), "accent", width)
    if tool is None or not tool.input_schema:
        yield from json_lines(body, width, 3)
    else:
        if tool.description:
            yield from text_lines(string_slices(bytes(tool.description)), width, "text", 3)
            yield ()
        yield from json_lines(bytes(tool.input_schema), width, 3)
    yield ()
