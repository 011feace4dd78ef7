"""Errors in the form of the Messages API. Source: https://docs.claude.com/en/api/errors"""

from dataclasses import dataclass
from typing import Any

import msgspec

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


@dataclass(frozen=True, slots=True)
class ApiError:
    """What went wrong, in the provider's words where it said any."""

    type: str
    message: str


def error_body(status: int, message: str) -> bytes:
    """The JSON body of an error answer with this HTTP status."""
    kind = ERROR_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})


def error_from_wire(document: Any) -> ApiError | None:
    """Read an error document (``{"type": "error", "error": {...}}``, or ``{"error": {...}}``); None if it is none."""
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, dict):
        kind, message = error.get("type"), error.get("message")
        return ApiError(
            kind if isinstance(kind, str) else "api_error",
            message if isinstance(message, str) else msgspec.json.encode(error).decode(),
        )
    if isinstance(error, str):
        return ApiError("api_error", error)
    return None


def error_from_body(status: int, body: bytes) -> ApiError:
    """Read the body of an answer with an error status; a body in another form is quoted, up to 300 characters."""
    try:
        error = error_from_wire(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = None
    if error is not None:
        return error
    words = " ".join(body[:1200].decode("utf-8", "replace").split())[:300]
    return ApiError(ERROR_TYPES.get(status, "api_error"), words or f"HTTP {status} without a message")
