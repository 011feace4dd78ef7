"""What of a request can be copied, and what can be saved."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from candela_tui.export.curl import curl_command, fits_a_command
from candela_tui.protocol.event_stream import EVENT_STREAM
from candela_tui.protocol.headers import header
from candela_tui.ui.bodies import Side
from candela_tui.ui.lines.text_view import TextView
from candela_tui.ui.new_file import write_new
from candela_tui.ui.request.actions.contents import answer_body, answer_text, page_text, url
from candela_tui.ui.request.attachment import Attachment
from candela_tui.ui.request.page import Page, Subject
from candela_tui.ui.sides import answer_head, has_two_sides

_MOST_IN_A_COMMAND = 100_000
"""Bytes of a body. Beyond, no terminal takes the command when it is pasted."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to copy or save."""

    letter: str
    name: str
    content: Callable[[], Awaitable[str | bytes]]
    """Raises StoreError, OSError, and binascii.Error where something can't be decoded."""
    stem: str = ""
    """The name of its file, without the suffix."""
    suffix: str = ".txt"


def copy_choices(subject: Subject, page: Page, view: TextView, selection: str | None) -> list[Choice]:
    """The most particular first: what the key for copying takes is the first."""
    exchange = subject.exchange
    choices = []
    if selection:
        choices.append(Choice("s", "the selection", _ready(selection)))
    block = view.current_fold
    if block is not None:
        choices.append(Choice("b", block.name or "the block", _block(view)))
    choices.append(Choice("t", page.title, lambda: page_text(page, subject)))
    if exchange.request_bytes:
        choices.append(Choice("r", "the request's body", lambda: _request(subject)))
    if has_two_sides(exchange):
        choices.append(Choice("R", "what the provider was sent", lambda: _request(subject, "provider")))
    if exchange.response_bytes:
        choices.append(Choice("a", "the answer's text", lambda: answer_text(subject)))
    choices.append(Choice("c", "it as a curl command", lambda: _curl(subject)))
    choices.append(Choice("u", "its URL", _ready(url(subject))))
    if exchange.request_id:
        choices.append(Choice("p", "the provider's request id", _ready(exchange.request_id)))
    choices.append(Choice("i", "its id", _ready(exchange.id)))
    return choices


def save_choices(subject: Subject, page: Page, attachment: Attachment | None) -> list[Choice]:
    """What the current block carries, the bodies, and what the tab says."""
    exchange = subject.exchange
    choices = []
    if exchange.request_bytes:
        choices.append(
            Choice("r", "the request's body", lambda: _request(subject), f"candela-{exchange.id}-request", ".json")
        )
    if exchange.response_bytes:
        choices.append(
            Choice(
                "a", "the answer's body", lambda: answer_body(subject), f"candela-{exchange.id}-answer", suffix(subject)
            )
        )
    if has_two_sides(exchange):
        stem = f"candela-{exchange.id}-provider"
        sent, answered = "what the provider was sent", "what the provider answered"
        choices += [
            Choice("R", sent, lambda: _request(subject, "provider"), f"{stem}-request", ".json"),
            Choice(
                "A", answered, lambda: answer_body(subject, "provider"), f"{stem}-answer", suffix(subject, "provider")
            ),
        ]
    if attachment is not None:
        stem, dot, kind = attachment.name.rpartition(".")
        choices.append(Choice("b", attachment.name, attachment.content, stem or attachment.name, f"{dot}{kind}"))
    stem = f"candela-{exchange.id}-{page.title.lower()}"
    choices.append(Choice("t", f"the tab {page.title}", lambda: page_text(page, subject), stem))
    choices.append(
        Choice("c", "it as a curl command", lambda: _curl(subject), f"candela-{exchange.id}-curl", ".sh"),
    )
    return choices


def suffix(subject: Subject, side: Side = "client") -> str:
    """Of a file with the answer's body."""
    kind = (header(answer_head(subject.exchange, side)[1], "content-type") or "").lower()
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


async def _request(subject: Subject, side: Side = "client") -> bytes:
    """The provider's is the client's where nothing was changed."""
    return await subject.request_body(side) or await subject.request_body() or b""


async def _curl(subject: Subject) -> str:
    body: bytes | Path | None = await subject.bodies.request()
    if isinstance(body, bytes) and (len(body) > _MOST_IN_A_COMMAND or not fits_a_command(body)):
        name = f"candela-{subject.exchange.id}-request"
        body = await asyncio.to_thread(write_new, Path.cwd(), name, ".json", body)
    return curl_command(subject.exchange, body)
