"""Errors in the form of the Messages API. Source: https://docs.claude.com/en/api/errors"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from candela_tui.protocol.raw_json import decode_json

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

NOT_AGAIN = ("x-should-retry", "false")
"""Trying again can't help and would hide the words that do: Claude Code (2.1.197) tries a 401 ten times. The SDKs heed
it, too."""

_MOST_WORDS = 300
_MOST_TITLE_BYTES = 10_000
_MOST_WORDY_BYTES = 64 * 1024
"""A longer document is not read for an error's words."""
_MESSAGE_NAMES = ("message", "Message", "msg", "detail")
"""Where gateways put an error's words that have no ``error``; ``Message`` is Amazon's."""
_PAGE_TITLE = re.compile(rb"<title[^>]*>(.{1,600}?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ApiError:
    """What went wrong, in the provider's words where it said any."""

    type: str
    message: str


class Untranslatable(Exception):
    """What the provider answered can't be put into the client's form; ``str()`` says why. Nothing may end the answer:
    the client must not take it for a whole one."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error
        """Its type is ``cut`` where the answer ended early."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An answer that tells an error in the form of the Messages API."""

    status: int
    headers: list[tuple[str, str]]
    """Content-Type, ``request-id`` where the provider gave one, and what tells the client when to try again."""
    body: bytes
    error: ApiError


def error_type(status: int) -> str:
    """The error type that goes with an HTTP status."""
    return ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def error_body(status: int, message: str) -> bytes:
    """The JSON body of an error answer with this HTTP status."""
    return error_document(ApiError(error_type(status), message))


def error_document(error: ApiError, request_id: str | None = None) -> bytes:
    """The JSON of an error, as a body or as the data of an ``error`` event."""
    document: dict[str, Any] = {"type": "error", "error": {"type": error.type, "message": _encodable(error.message)}}
    if request_id is not None:
        document["request_id"] = _encodable(request_id)
    return msgspec.json.encode(document)


def _encodable(text: str) -> str:
    """Bytes of a header field or of the environment that are not UTF-8 came as surrogates."""
    return text.encode("utf-8", "replace").decode()


def error_answer(
    status: int, message: str, *, request_id: str | None = None, headers: Iterable[tuple[str, str]] = ()
) -> ErrorAnswer:
    """An answer with the error type that goes with ``status``; ``headers`` come after its own. A 401 is not to be tried
    again: other credentials are needed first."""
    error = ApiError(error_type(status), message)
    own = [("content-type", "application/json")]
    if status == 401:
        own.append(NOT_AGAIN)
    if request_id is not None:
        own.append(("request-id", request_id))
    return ErrorAnswer(status, [*own, *headers], error_document(error, request_id), error)


_INPUT_TOO_LONG = re.compile(r"input is too long|too many input tokens|input tokens? exceed", re.IGNORECASE)


def about_length(said: str) -> str:
    """What to add to a cloud's words for a conversation that the model's window can't hold; empty: they say no such
    thing. Claude Code (2.1.197) compacts a conversation for the words "prompt is too long" and for no others."""
    return "The prompt is too long: shorten the conversation." if _INPUT_TOO_LONG.search(said) else ""


def and_then(said: str, ours: str) -> str:
    """The provider's own words, then ours."""
    said = said.strip()
    if not ours or not said:
        return said or ours
    return f"{said} {ours}" if said.endswith((".", "!", "?", ":")) else f"{said}. {ours}"


def error_from_wire(document: Any, otherwise: str = "api_error") -> ApiError | None:
    """Read an error document; None if it is none. ``otherwise`` is the type where the document names none.

    Anthropic's is ``{"type": "error", "error": {"type", "message"}}``, Google's ``{"error": {"message", "status"}}``,
    also inside a list, Bedrock's ``{"message"}``, and some gateways' ``{"success": false, "msg"}`` or ``{"detail"}``.
    """
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, dict):
        kinds = (error.get("type"), error.get("status"), otherwise)
        message = error.get("message")
        return ApiError(
            next(kind for kind in kinds if isinstance(kind, str) and kind),
            message if isinstance(message, str) else msgspec.json.encode(error).decode()[:_MOST_WORDS],
        )
    for message in (error, *(document.get(name) for name in _MESSAGE_NAMES)):
        if isinstance(message, str) and message:
            return ApiError(otherwise, message)
    return None


def states_failure(document: dict[str, Any]) -> bool:
    """Whether a document that is not in the form of the Messages API says that the request failed."""
    return bool(document.get("error")) or document.get("success") is False


def not_a_message(body: bytes) -> ApiError:
    """The error that an answer with a good status amounts to whose body (or its beginning) is not a message: in the
    provider's words, where it says any."""
    if not body.strip():
        return ApiError("api_error", "the answer is empty")
    document = decode_json(body) if len(body) <= _MOST_WORDY_BYTES else None
    error = error_from_wire(document)
    if error is not None and error.message.strip():
        return error
    page_title = _PAGE_TITLE.search(body[:_MOST_TITLE_BYTES])
    if page_title:
        return ApiError("api_error", f"the answer is a web page and not a message: {quoted(page_title[1])}")
    return ApiError("api_error", f"the answer is not a message: {quoted(body)}")


def error_from_body(status: int, body: bytes) -> ApiError:
    """Read the body of an answer with an error status; one in another form is quoted, up to 300 characters."""
    kind = error_type(status)
    error = error_from_wire(decode_json(body), kind)
    if error is not None and error.message.strip():
        return error
    page_title = _PAGE_TITLE.search(body[:_MOST_TITLE_BYTES])
    words = quoted(page_title[1] if page_title else body)
    return ApiError(kind, words or f"HTTP {status} without a message")


def quoted(data: bytes) -> str:
    """The beginning of some bytes as one line of text."""
    return " ".join(data[: 4 * _MOST_WORDS].decode("utf-8", "replace").split())[:_MOST_WORDS]
