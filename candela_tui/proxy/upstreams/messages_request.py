"""What a client of the Messages API asks of a provider that has a form of its own for it."""

from dataclasses import dataclass

from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.proxy.client_answer import error_reply
from candela_tui.proxy.outgoing import Asked, Pairs, Reply

_MESSAGES, _COUNT_TOKENS = "/v1/messages", "/v1/messages/count_tokens"


@dataclass(frozen=True, slots=True)
class MessagesRequest:
    """A message, or the number of its tokens."""

    headers: Pairs
    body: bytes
    """Without Content-Encoding."""
    counts: bool
    """It asks for the number of tokens."""

    @property
    def betas(self) -> list[str]:
        """The flags of anthropic-beta one by one."""
        fields = (value for name, value in self.headers if name.lower() == "anthropic-beta")
        return [flag.strip() for value in fields for flag in value.split(",") if flag.strip()]


def messages_request(asked: Asked, provider: str) -> MessagesRequest | Reply:
    """Read a request that is not for models, or answer it here: the look whether anyone is there, and what the
    provider (its name is for words) has nothing for."""
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
    return MessagesRequest(asked.headers, body, path == _COUNT_TOKENS)
