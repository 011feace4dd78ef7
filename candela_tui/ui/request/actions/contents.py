"""What a request has to give: texts and bodies, whole, put together in slices."""

from collections.abc import Iterator

from candela_tui.ui.bodies import Side
from candela_tui.ui.lines.lines import Lines
from candela_tui.ui.lines.slices import in_slices
from candela_tui.ui.lines.spans import SpanLines
from candela_tui.ui.request.arriving import Arriving
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.request.raw_request import RawRequestPage
from candela_tui.ui.request.raw_response import RawResponsePage


async def page_text(page: Page, subject: Subject) -> str | bytes:
    """What a page says. A body that is shown as it crossed is given as it crossed. Raises StoreError."""
    if isinstance(page, RawRequestPage):
        return await subject.request_body(page.side) or b""
    if isinstance(page, RawResponsePage) and isinstance(page.lines, SpanLines):
        return await answer_body(subject, page.side)
    return await lines_text(page.lines)


async def lines_text(lines: Lines) -> str:
    """Everything, also what is folded away."""
    parts: list[str] = []

    def steps() -> Iterator[None]:
        for part in lines.texts():
            parts.append(part)
            yield

    await in_slices(steps())
    return "".join(parts).strip("\n")


async def answer_body(subject: Subject, side: Side = "client") -> bytes:
    """The answer's body so far, its Content-Encoding undone as far as it can be. Raises StoreError."""
    arriving = Arriving(subject, side)
    parts: list[bytes] = []
    arrived = await arriving.take()

    def steps() -> Iterator[None]:
        for chunk, _ in arrived:
            parts.append(arriving.readable(chunk))
            yield
        parts.append(arriving.last())

    await in_slices(steps())
    return b"".join(parts)


async def answer_text(subject: Subject) -> str:
    """The text of the answer so far, without thinking and tool calls. Raises StoreError."""
    arriving = Arriving(subject)
    arrived = await arriving.take()
    answer = arriving.answer_decoder()

    def steps() -> Iterator[None]:
        for chunk, _ in arrived:
            answer.feed(arriving.readable(chunk))
            yield
        answer.feed(arriving.last())

    await in_slices(steps())
    answer.finish()
    return "\n\n".join(block.text for block in answer.fold.blocks.values() if block.type == "text")


def url(subject: Subject) -> str:
    """Where the request went, secrets in its query redacted."""
    _, question, query = subject.exchange.path.partition("?")
    return f"{subject.exchange.url}{question}{query}"
