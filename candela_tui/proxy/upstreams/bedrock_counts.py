"""Token counts of Bedrock in the form of the Messages API, and the estimate for who accepts one.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html. Amazon counts for some models only.
"""

import re

import msgspec

from candela_tui.protocol.aws_headers import Pairs, with_request_id, without_body_fields
from candela_tui.protocol.headers import header
from candela_tui.protocol.raw_json import decode_json
from candela_tui.proxy.outgoing import Reply

ACCEPT_FIELD = "x-candela-estimate"
"""A client that sends it with the value ``accept`` takes an estimate where the provider can't count."""
ESTIMATED_FIELD = "x-candela-estimated"

# Anthropic's own rule of thumb, https://docs.claude.com/en/docs/about-claude/glossary#tokens (English text).
_BYTES_PER_TOKEN = 3.5
# What an image costs at most, https://docs.claude.com/en/docs/build-with-claude/vision; a page of a PDF is about that.
_TOKENS_PER_FILE = 1600
_MOST_BYTES = 64 * 1024
"""A count is no longer."""
_FILE = re.compile(rb'"data"\s*:\s*"[A-Za-z0-9+/=_-]{100,}"')
_CANNOT_COUNT = re.compile(r"does ?n.t support counting tokens|does not support counting tokens", re.IGNORECASE)


class CountedTokens:
    """Turns ``{"inputTokens": n}`` into ``{"input_tokens": n}``."""

    __slots__ = ("_body", "headers", "metrics", "over", "ping")

    def __init__(self, headers: Pairs) -> None:
        self.headers: Pairs = [("content-type", "application/json"), *with_request_id(without_body_fields(headers))]
        self.metrics: tuple[tuple[str, str], ...] = ()
        self.ping = b""
        self.over = False
        self._body = b""

    def feed(self, chunk: bytes) -> bytes:
        """Nothing yet: the document is needed whole."""
        self._body += chunk
        self.over = len(self._body) > _MOST_BYTES
        return b""

    def finish(self) -> bytes:
        """The count; what is none goes on as it came."""
        document = decode_json(self._body)
        count = document.get("inputTokens") if isinstance(document, dict) else None
        return msgspec.json.encode({"input_tokens": count}) if isinstance(count, int) else self._body


def can_not_count(words: str) -> bool:
    """Whether these words of Amazon's say that the model has no token counts."""
    return _CANNOT_COUNT.search(words) is not None


def accepts_estimate(headers: Pairs) -> bool:
    """Whether the client said so."""
    return (header(headers, ACCEPT_FIELD) or "").strip().lower() == "accept"


def estimated(body: bytes) -> Reply:
    """An estimate for the body of a request, marked as one: a token for every 3.5 bytes of its JSON, and 1600 for each
    image or document in it."""
    texts, files = _FILE.subn(b"", body)
    count = round(len(texts) / _BYTES_PER_TOKEN) + files * _TOKENS_PER_FILE
    fields = [("content-type", "application/json"), (ESTIMATED_FIELD, "true")]
    return Reply(200, fields, msgspec.json.encode({"input_tokens": count}))
