"""candela's own errors in the form of Google's API, for clients that speak it.

Source: https://cloud.google.com/apis/design/errors (``code``, ``message``, ``status``). The type is of the Messages
API, which Claude on Vertex AI has in its errors, so that clients of either form find what they look for.
"""

import msgspec

from candela_tui.protocol.errors import ApiError

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
}


def google_error(error: ApiError, status: int) -> bytes:
    """Return the body of an error."""
    named = _STATUSES.get(status, "INTERNAL" if status >= 500 else "FAILED_PRECONDITION")
    message = error.message.encode("utf-8", "replace").decode()
    document = {"code": status, "message": message, "status": named, "type": error.type}
    return msgspec.json.encode({"type": "error", "error": document})
