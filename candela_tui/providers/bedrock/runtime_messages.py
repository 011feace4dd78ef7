"""The Messages API of bedrock-runtime, below ``/anthropic``: nothing but messages.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html, 2026-10.
"""

from candela_tui.credentials.owner import Accepts
from candela_tui.providers.bedrock.counts import accepts_estimate, estimated
from candela_tui.providers.replies import error_reply
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream

_ONLY_MESSAGES = ("/", "/v1/messages")
_COUNTS = "/v1/messages/count_tokens"


class RuntimeMessages:
    """Passes on messages only. bedrock-runtime answers anything else with status 200 and a document that clients would
    take for a count or a list."""

    def __init__(self, upstream: Upstream) -> None:
        """Takes ownership of ``upstream``."""
        self._upstream = upstream

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that are passed on."""
        return self._upstream.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the attempt for a message, an estimate for a client that accepts one instead of a count, or an
        error."""
        if asked.resource in _ONLY_MESSAGES:
            return await self._upstream.attempt(asked)
        if asked.resource == _COUNTS and accepts_estimate(asked.headers):
            return estimated(asked.body)
        return error_reply(
            404,
            f"bedrock-runtime has no {asked.method} {asked.resource}, only POST /v1/messages. bedrock-mantle has it:"
            " use the route mantle, without [mantle] base_url.",
        )

    async def close(self) -> None:
        """Close the upstream."""
        await self._upstream.close()
