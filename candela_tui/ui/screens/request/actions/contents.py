"""The full texts and bodies of a request, put together in slices."""

from collections.abc import Iterator

from candela_tui.analysis.traffic_side import TrafficSide
from candela_tui.ui.screens.request.pages.answer_page import IncomingAnswer
from candela_tui.ui.screens.request.pages.page import Page, ShownRequest
from candela_tui.ui.screens.request.pages.raw_request import RawRequestPage
from candela_tui.ui.screens.request.pages.raw_response import RawResponsePage
from candela_tui.ui.time_slices import in_slices
from candela_tui.ui.widgets.text_view.lines import Lines
from candela_tui.ui.widgets.text_view.span_lines import SpanLines


async def page_text(page: Page, request: ShownRequest) -> str | bytes:
    """Return the text of a page, or the raw body if the page shows one. Raises StoreError."""
    if isinstance(page, RawRequestPage):
        return await request.request_body(page.side) or b""
    if isinstance(page, RawResponsePage) and isinstance(page.lines, SpanLines):
        return await answer_body(request, page.side)
    return await lines_text(page.lines)


async def lines_text(lines: Lines) -> str:
    """Return all text, including what is folded."""
    parts: list[str] = []

    def steps() -> Iterator[None]:
        for part in lines.texts():
            parts.append(part)
            yield

    await in_slices(steps())
    return "".join(parts).strip("\n")


async def answer_body(request: ShownRequest, side: TrafficSide = "client") -> bytes:
    """Return the response body so far, decoded as far as its Content-Encoding allows. Raises StoreError."""
    incoming = IncomingAnswer(request, side)
    parts: list[bytes] = []
    arrived = await incoming.take()

    def steps() -> Iterator[None]:
        for chunk, _ in arrived:
            parts.append(incoming.readable(chunk))
            yield
        parts.append(incoming.last())

    await in_slices(steps())
    return b"".join(parts)


async def answer_text(request: ShownRequest) -> str:
    """Return the text of the response so far, without thinking and tool calls. Raises StoreError."""
    incoming = IncomingAnswer(request)
    arrived = await incoming.take()
    answer = incoming.answer_decoder()

    def steps() -> Iterator[None]:
        for chunk, _ in arrived:
            answer.feed(incoming.readable(chunk))
            yield
        answer.feed(incoming.last())

    await in_slices(steps())
    answer.finish()
    return "\n\n".join(block.text for block in answer.fold.blocks.values() if block.type == "text")


def url(request: ShownRequest) -> str:
    """Return the URL of the request, with the secrets in its query redacted."""
    _, question, query = request.exchange.path.partition("?")
    return f"{request.exchange.url}{question}{query}"
