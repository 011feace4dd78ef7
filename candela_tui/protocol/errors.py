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
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}

_STATUSES = {type: status for status, type in ERROR_TYPES.items()}

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""The statuses that name another address to ask instead (RFC 9110, section 15.4)."""

NOT_AGAIN = ("x-should-retry", "false")
"""Tells clients not to retry where that can't help and would hide the message: Claude Code (2.1.197) tries a 401 ten
times. The SDKs respect it, too."""

OWN_MEMBER = "candela"
"""The member of an error document that candela adds to its own refusals."""

_MOST_WORDS = 300
_MOST_TITLE_BYTES = 10_000
_MOST_WORDY_BYTES = 64 * 1024
"""Longer documents are not searched for an error message."""
_MESSAGE_NAMES = ("message", "Message", "msg", "detail")
"""Members with the message in errors of gateways without an ``error`` object; ``Message`` is Amazon's."""
FROM_ELSEWHERE = (
    "That is not an error of the provider: something on the way answered in its place, such as a company's HTTP proxy"
    " or the login page of a network."
)
"""The advice for a refusal that is not in the form of the provider's API."""
_PAGE_TITLE = re.compile(rb"<title[^>]*>(.{1,600}?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error's type and message, in the provider's words if it gave any."""

    type: str
    message: str


class Untranslatable(Exception):
    """The provider's answer can't be translated; ``str()`` says why.

    The answer must break off: the client must not take it for a whole one.
    """

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error
        """Its type is ``cut`` if the answer ended early."""


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error answer in the form of the Messages API."""

    status: int
    headers: list[tuple[str, str]]
    """Content-Type, ``request-id`` if the provider gave one, and when to retry."""
    body: bytes
    error: ApiError


def error_type(status: int) -> str:
    """Return the error type for an HTTP status."""
    return ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def status_of(error: ApiError) -> int:
    """Return the HTTP status for an error that a stream states. The type of an unknown error counts as 500."""
    return _STATUSES.get(error.type, 500)


def error_body(status: int, message: str) -> bytes:
    """Return the JSON body of an error answer."""
    return error_document(ApiError(error_type(status), message))


def error_document(error: ApiError, request_id: str | None = None, code: str | None = None) -> bytes:
    """Return the JSON of an error, for a body or the data of an ``error`` event. ``code`` is candela's own, for
    programs."""
    document: dict[str, Any] = {"type": "error", "error": {"type": error.type, "message": _encodable(error.message)}}
    if request_id is not None:
        document["request_id"] = _encodable(request_id)
    if code is not None:
        document[OWN_MEMBER] = {"code": code}
    return msgspec.json.encode(document)


def _encodable(text: str) -> str:
    """Replace surrogates: header fields and the environment have them for bytes that are not UTF-8."""
    return text.encode("utf-8", "replace").decode()


def error_answer(
    status: int,
    message: str,
    *,
    request_id: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    code: str | None = None,
) -> ErrorAnswer:
    """Return an error answer with this status; ``headers`` come after its own. ``code`` is candela's own, for programs.

    A 401 tells the client not to retry: it needs other credentials first.
    """
    error = ApiError(error_type(status), message)
    own = [("content-type", "application/json")]
    if status == 401:
        own.append(NOT_AGAIN)
    if request_id is not None:
        own.append(("request-id", request_id))
    return ErrorAnswer(status, [*own, *headers], error_document(error, request_id, code), error)


_INPUT_TOO_LONG = re.compile(r"input is too long|too many input tokens|input tokens? exceed", re.IGNORECASE)


def about_length(said: str) -> str:
    """Return a sentence to add to a cloud's message about a prompt that is too long, or "" for another message.

    Claude Code (2.1.197) compacts a conversation only if it reads "prompt is too long".
    """
    return "The prompt is too long: shorten the conversation." if _INPUT_TOO_LONG.search(said) else ""


def and_then(said: str, ours: str) -> str:
    """Join the provider's message and ours."""
    said = said.strip()
    if not ours or not said:
        return said or ours
    return f"{said} {ours}" if said.endswith((".", "!", "?", ":")) else f"{said}. {ours}"


def error_from_wire(document: Any, otherwise: str = "api_error") -> ApiError | None:
    """Read an error document, or return None if it is none; ``otherwise`` is the type if the document names none.

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


def is_api_error(body: bytes) -> bool:
    """Return whether an error has the form of Anthropic's, Google's, AWS's or Azure's API.

    A web page or a plain text comes from something on the way, such as a company's HTTP proxy.
    """
    document = decode_json(body)
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return False
    error = document.get("error")
    if isinstance(error, dict):
        return isinstance(error.get("message"), str)
    return any(isinstance(document.get(name), str) for name in ("message", "Message", "__type"))


def is_messages_error(body: bytes) -> bool:
    """Return whether an error has the form of the Messages API, which is Anthropic's own and that of gateways to it."""
    document = decode_json(body)
    error = document.get("error") if isinstance(document, dict) else None
    return isinstance(error, dict) and all(isinstance(error.get(name), str) for name in ("type", "message"))


def is_from_elsewhere(body: bytes) -> bool:
    """Return whether a refusal was written by something on the way. An empty body does not say."""
    return bool(body.strip()) and not is_api_error(body)


def states_failure(document: dict[str, Any]) -> bool:
    """Return whether a document in another form than the Messages API's says that the request failed."""
    return bool(document.get("error")) or document.get("success") is False


def not_a_message(body: bytes, wanted: str = "a message", status: int = 200) -> ApiError:
    """Return the error for an answer with a status below 400 and an unexpected body, of which this is the beginning.

    The message is the provider's own, if there is one.
    """
    if not body.strip():
        words = f"a redirect (HTTP {status})" if status in REDIRECTS else "empty"
        return ApiError("api_error", f"the answer is {words}")
    document = decode_json(body) if len(body) <= _MOST_WORDY_BYTES else None
    error = error_from_wire(document)
    if error is not None and error.message.strip():
        return error
    if title := page_title(body):
        return ApiError("api_error", f"the answer is a web page and not {wanted}: {title}")
    return ApiError("api_error", f"the answer is not {wanted}: {quoted(body)}")


def error_in_answer(status: int, body: bytes, member: str) -> ApiError | None:
    """Return the error that an answer amounts to; None: its body is a JSON object with this member, as was asked for.

    A login page of a network or of a company's proxy comes with status 200.
    """
    if status >= 400:
        error = error_from_body(status, body)
        if (title := page_title(body)) is not None:
            return ApiError(error.type, f'a web page came in place of an answer (HTTP {status}): "{title}"')
        return error
    document = decode_json(body)
    return (
        None
        if isinstance(document, dict) and member in document
        else not_a_message(body, f"JSON with {member}", status)
    )


def error_from_body(status: int, body: bytes) -> ApiError:
    """Read the body of an answer with an error status; an unknown form is quoted, up to 300 characters."""
    kind = error_type(status)
    error = error_from_wire(decode_json(body), kind)
    if error is not None and error.message.strip():
        return error
    words = page_title(body) or quoted(body)
    return ApiError(kind, words or f"HTTP {status} without a message")


def page_title(body: bytes) -> str | None:
    """Return the title of a web page as one line of text, or None if a body is not a web page with a title."""
    found = _PAGE_TITLE.search(body[:_MOST_TITLE_BYTES])
    return quoted(found[1]) if found else None


def quoted(data: bytes) -> str:
    """Return the beginning of a body as one line of text."""
    return " ".join(data[: 4 * _MOST_WORDS].decode("utf-8", "replace").split())[:_MOST_WORDS]
