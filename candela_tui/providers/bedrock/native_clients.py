"""Other providers for clients that speak Bedrock's invoke API: their answers come in Bedrock's frames."""

from dataclasses import replace

from candela_tui.credentials.owner import Accepts
from candela_tui.network.header_fields import answer_fields
from candela_tui.protocol.bedrock.native_answers import InvokeFrames
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.translations import Chained, Untouched
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Translation, Upstream, with_following


class InFrames:
    """Another upstream, which the caller owns, with its streams in Bedrock's frames."""

    def __init__(self, messages: Upstream) -> None:
        self._messages = messages

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that go on to the provider."""
        return self._messages.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the other upstream's attempt at a request of the Messages API."""
        return _framed(await self._messages.attempt(asked))

    async def close(self) -> None:
        """Do nothing: the other upstream belongs to the caller."""


def _framed(step: Attempt | Reply) -> Attempt | Reply:
    if isinstance(step, Reply):
        return step

    def translate(status: int, headers: HeaderList) -> Translation:
        inner = step.translate(status, headers) if step.translate is not None else None
        fields = answer_fields(headers) if inner is None else inner.headers
        if not (header(fields, "content-type") or "").lower().startswith("text/event-stream"):
            return inner or Untouched(headers)
        frames = InvokeFrames(fields)
        return frames if inner is None else Chained(inner, frames)

    return with_following(replace(step, translate=translate), _framed)
