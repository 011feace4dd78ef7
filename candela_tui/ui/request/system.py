"""The system prompt that the request carried."""

from collections.abc import Iterator
from typing import ClassVar

from candela_tui.protocol.request import MessagesRequest
from candela_tui.ui.ink import Line
from candela_tui.ui.request.blocks import content_lines
from candela_tui.ui.request.messages import RequestPage


class SystemPage(RequestPage):
    """Block by block."""

    title: ClassVar[str] = "System"

    def parts(self, request: MessagesRequest, width: int) -> Iterator[Line]:
        """The prompt, wherever it is a string or blocks."""
        yield ()
        if bytes(request.system) == b"null":
            yield ((" The request has no system prompt.", "dim"),)
            return
        yield from content_lines(request.system, width)
