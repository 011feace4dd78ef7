"""The parts of a request that can be copied or saved."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from candela_tui.analysis.traffic_side import TrafficSide, answer_head, has_two_sides
from candela_tui.files import write_new
from candela_tui.protocol.bedrock.event_stream import EVENT_STREAM
from candela_tui.protocol.headers import header
from candela_tui.reports.curl import curl_command, fits_a_command
from candela_tui.ui.screens.request.actions.contents import answer_body, answer_text, page_text, url
from candela_tui.ui.screens.request.conversation.attachments import Attachment
from candela_tui.ui.screens.request.pages.page import Page, ShownRequest
from candela_tui.ui.widgets.text_view.text_view import TextView

_MOST_IN_A_COMMAND = 100_000
"""Bytes of a body: terminals do not accept a longer command when it is pasted."""


@dataclass(frozen=True, slots=True)
class ContentChoice:
    """Something to copy or save."""

    letter: str
    name: str
    content: Callable[[], Awaitable[str | bytes]]
    """Return the content. Raises StoreError, OSError, and binascii.Error if something can't be decoded."""
    stem: str = ""
    """The file name without its suffix."""
    suffix: str = ".txt"


def copy_choices(request: ShownRequest, page: Page, view: TextView, selection: str | None) -> list[ContentChoice]:
    """Return what can be copied, the most specific first: the copy key takes the first."""
    exchange = request.exchange
    choices = []
    if selection:
        choices.append(ContentChoice("s", "the selection", _ready(selection)))
    block = view.current_fold
    if block is not None:
        choices.append(ContentChoice("b", block.name or "the block", _block(view)))
    choices.append(ContentChoice("t", page.title, lambda: page_text(page, request)))
    if exchange.request_bytes:
        choices.append(ContentChoice("r", "the request body", lambda: _request(request)))
    if has_two_sides(exchange):
        choices.append(
            ContentChoice("R", "the request body sent to the provider", lambda: _request(request, "provider"))
        )
    if exchange.response_bytes:
        choices.append(ContentChoice("a", "the text of the response", lambda: answer_text(request)))
    choices.append(ContentChoice("c", "the request as a curl command", lambda: _curl(request)))
    choices.append(ContentChoice("u", "the URL", _ready(url(request))))
    if exchange.request_id:
        choices.append(ContentChoice("p", "the provider's request id", _ready(exchange.request_id)))
    choices.append(ContentChoice("i", "candela's request id", _ready(exchange.id)))
    return choices


def save_choices(request: ShownRequest, page: Page, attachment: Attachment | None) -> list[ContentChoice]:
    """Return what can be saved: the current block's attachment, the bodies, and the text of the tab."""
    exchange = request.exchange
    choices = []
    if exchange.request_bytes:
        choices.append(
            ContentChoice("r", "the request body", lambda: _request(request), f"candela-{exchange.id}-request", ".json")
        )
    if exchange.response_bytes:
        choices.append(
            ContentChoice(
                "a", "the response body", lambda: answer_body(request), f"candela-{exchange.id}-answer", suffix(request)
            )
        )
    if has_two_sides(exchange):
        stem = f"candela-{exchange.id}-provider"
        sent, answered = "the request body sent to the provider", "the response body from the provider"
        choices += [
            ContentChoice("R", sent, lambda: _request(request, "provider"), f"{stem}-request", ".json"),
            ContentChoice(
                "A", answered, lambda: answer_body(request, "provider"), f"{stem}-answer", suffix(request, "provider")
            ),
        ]
    if attachment is not None:
        stem, dot, kind = attachment.name.rpartition(".")
        choices.append(ContentChoice("b", attachment.name, attachment.content, stem or attachment.name, f"{dot}{kind}"))
    stem = f"candela-{exchange.id}-{page.title.lower()}"
    choices.append(ContentChoice("t", f"the tab {page.title}", lambda: page_text(page, request), stem))
    choices.append(
        ContentChoice(
            "c", "the request as a curl command", lambda: _curl(request), f"candela-{exchange.id}-curl", ".sh"
        ),
    )
    return choices


def suffix(request: ShownRequest, side: TrafficSide = "client") -> str:
    """Return the suffix of a file that holds the response body."""
    kind = (header(answer_head(request.exchange, side)[1], "content-type") or "").lower()
    if kind.startswith(EVENT_STREAM):
        return ".eventstream"
    return ".sse" if "event-stream" in kind else ".json" if "json" in kind else ".txt"


def _ready(text: str) -> Callable[[], Awaitable[str]]:
    async def content() -> str:
        return text

    return content


def _block(view: TextView) -> Callable[[], Awaitable[str]]:
    async def content() -> str:
        named = view.current_text
        return named[1] if named is not None else ""

    return content


async def _request(request: ShownRequest, side: TrafficSide = "client") -> bytes:
    """Return the request body; the provider's is the client's where nothing was changed."""
    return await request.request_body(side) or await request.request_body() or b""


async def _curl(request: ShownRequest) -> str:
    body: bytes | Path | None = await request.bodies.request()
    if isinstance(body, bytes) and (len(body) > _MOST_IN_A_COMMAND or not fits_a_command(body)):
        name = f"candela-{request.exchange.id}-request"
        body = await asyncio.to_thread(write_new, Path.cwd(), name, ".json", body)
    return curl_command(request.exchange, body)
