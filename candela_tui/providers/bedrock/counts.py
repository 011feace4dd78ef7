"""Convert Bedrock's token counts to the format of the Messages API, or estimate them for clients that accept that.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html. bedrock-runtime counts only for some
models; bedrock-mantle, which counts for the others, already answers in the format of the Messages API.
"""

import re

import msgspec

from candela_tui.network.header_fields import ACCEPT_FIELD, ESTIMATED_FIELD
from candela_tui.protocol.bedrock.headers import with_request_id, without_body_fields
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.protocol.raw_json import decode_json
from candela_tui.providers.upstream import Reply

# Anthropic's own rule of thumb for English text, https://docs.claude.com/en/docs/about-claude/glossary#tokens.
_BYTES_PER_TOKEN = 3.5
# The most that an image costs, https://docs.claude.com/en/docs/build-with-claude/vision. A PDF page costs about that.
_TOKENS_PER_FILE = 1600
_MOST_BYTES = 64 * 1024
"""The most bytes to read of a response. A token count is always shorter."""
_FILE = re.compile(rb'"data"\s*:\s*"[A-Za-z0-9+/=_-]{100,}"')
_CANNOT_COUNT = re.compile(r"does ?n.t support counting tokens|does not support counting tokens", re.IGNORECASE)


class CountedTokens:
    """Translates ``{"inputTokens": n}`` to ``{"input_tokens": n}``."""

    __slots__ = ("_body", "headers", "metrics", "over", "ping")

    def __init__(self, headers: HeaderList) -> None:
        self.headers: HeaderList = [
            ("content-type", "application/json"),
            *with_request_id(without_body_fields(headers)),
        ]
        self.metrics: tuple[tuple[str, str], ...] = ()
        self.ping = b""
        self.over = False
        self._body = b""

    def feed(self, chunk: bytes) -> bytes:
        """Collect the document and return no bytes yet, because it is translated as a whole."""
        self._body += chunk
        self.over = len(self._body) > _MOST_BYTES
        return b""

    def finish(self) -> bytes:
        """Return the translated count, or the body unchanged if it is not a count."""
        document = decode_json(self._body)
        count = document.get("inputTokens") if isinstance(document, dict) else None
        return msgspec.json.encode({"input_tokens": count}) if isinstance(count, int) else self._body


def can_not_count(words: str) -> bool:
    """Return whether an error message of Amazon's says that the model does not support counting tokens."""
    return _CANNOT_COUNT.search(words) is not None


def accepts_estimate(headers: HeaderList) -> bool:
    """Return whether the client accepts an estimate instead of a count."""
    return (header(headers, ACCEPT_FIELD) or "").strip().lower() == "accept"


def estimated(body: bytes) -> Reply:
    """Return an estimated count for a request's body, marked as an estimate.

    It is one token for every 3.5 bytes of JSON, and 1600 for each image or document."""
    texts, files = _FILE.subn(b"", body)
    count = round(len(texts) / _BYTES_PER_TOKEN) + files * _TOKENS_PER_FILE
    fields = [("content-type", "application/json"), (ESTIMATED_FIELD, "true")]
    return Reply(200, fields, msgspec.json.encode({"input_tokens": count}))
