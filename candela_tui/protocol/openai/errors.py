"""Errors in the form of OpenAI's API: ``{"error": {"message", "type", "param", "code"}}``.

Source: https://platform.openai.com/docs/guides/error-codes, and how the openai SDK reads them: the exception's class
comes from the HTTP status, ``param``, ``code`` and ``type`` from the body.
"""

import msgspec

from candela_tui.protocol.errors import OWN_MEMBER, ApiError, error_from_body

_CODES = {
    "authentication_error": "invalid_api_key",
    "rate_limit_error": "rate_limit_exceeded",
    "not_found_error": "model_not_found",
}
_TOO_LONG = ("prompt is too long", "exceed context limit", "exceeds the maximum number of tokens")


class InvalidChat(ValueError):
    """The request can't be translated for Claude. The message is for the client's 400."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        """The place in the request, such as ``messages[2].content[0]``."""


def chat_error(status: int, body: bytes, code: str | None = None) -> bytes:
    """Translate a whole error answer of the Messages API or of a cloud into OpenAI's form.

    ``code`` is candela's own, for programs."""
    document = error_object(error_from_body(status, body))
    if code is not None:
        document["error"]["code"] = code
        document[OWN_MEMBER] = {"code": code}
    return msgspec.json.encode(document)


def invalid_chat(error: InvalidChat) -> bytes:
    """Return the body of the 400 for a request that can't be translated for Claude."""
    return msgspec.json.encode(error_object(ApiError("invalid_request_error", str(error)), error.param))


def error_object(error: ApiError, param: str | None = None) -> dict[str, dict[str, str | None]]:
    """Return an error document: the type stays the provider's, the code is the one that OpenAI's clients expect."""
    too_long = any(words in error.message for words in _TOO_LONG)
    code = "context_length_exceeded" if too_long else _CODES.get(error.type)
    return {"error": {"message": error.message, "type": error.type, "param": param, "code": code}}
