"""Read a Messages request for a provider that needs it in another format."""

from dataclasses import dataclass

from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import HeaderList, beta_flags, header
from candela_tui.providers.replies import error_reply
from candela_tui.providers.upstream import ClientRequest, Reply

_MESSAGES, _COUNT_TOKENS = "/v1/messages", "/v1/messages/count_tokens"


@dataclass(frozen=True, slots=True)
class DecodedRequest:
    """A request to create a message or to count its tokens."""

    headers: HeaderList
    body: bytes
    """The body with its Content-Encoding decoded."""
    counts: bool
    """Whether it asks only for the number of tokens."""

    @property
    def betas(self) -> list[str]:
        """The individual flags of the anthropic-beta header."""
        return list(beta_flags(self.headers))


def messages_request(asked: ClientRequest, provider: str) -> DecodedRequest | Reply:
    """Read a request other than one for models, or return a reply if it does not go to the provider.

    That is the case for a connectivity check of ``/`` and for unsupported paths. ``provider`` is the provider's name
    for messages."""
    path = asked.path.partition("?")[0]
    if asked.method in ("HEAD", "GET") and path == "/":
        return Reply(200, [], b"")
    if asked.method != "POST" or path not in (_MESSAGES, _COUNT_TOKENS):
        return error_reply(
            404,
            f"{provider} has nothing for {asked.method} {path}. There is POST {_MESSAGES}, POST {_COUNT_TOKENS}, GET"
            " /v1/models.",
        )
    try:
        body = decode_whole(header(asked.headers, "content-encoding") or "", asked.body)
    except BadEncoding as error:
        return error_reply(400, f"The Content-Encoding of the request does not fit: {error}")
    return DecodedRequest(asked.headers, body, path == _COUNT_TOKENS)
