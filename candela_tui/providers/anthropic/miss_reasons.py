"""Ask Anthropic why the prompt cache missed, where ``cache.ask_provider`` is on."""

from dataclasses import replace
from functools import partial

from candela_tui.credentials.owner import Accepts
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.cache_diagnosis import BETA, FIELD, asking_for_reason
from candela_tui.protocol.headers import HeaderList, header
from candela_tui.providers.latest_messages import LatestMessages
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply, Upstream

_SESSION, _AGENT = "x-claude-code-session-id", "x-claude-code-agent-id"
_BETAS = "anthropic-beta"
_WHY = "added, because cache.ask_provider asks for the reason of a cache miss"
_REFUSED = "the provider refused the request with the question for the reason of a cache miss; sent again without"


class AsksForReasons:
    """Adds the question to the requests of another upstream. One that is refused with it is sent again without."""

    def __init__(self, upstream: Upstream, messages: LatestMessages) -> None:
        """Takes ownership of ``upstream``."""
        self._upstream = upstream
        self._messages = messages

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that are passed on."""
        return self._upstream.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return an attempt that asks, or the other upstream's if there is nothing to ask."""
        attempt = await self._upstream.attempt(asked)
        session_id = header(asked.headers, _SESSION)
        if isinstance(attempt, Reply) or session_id is None:
            return attempt
        if asked.method != "POST" or asked.resource != "/v1/messages" or header(asked.headers, "content-encoding"):
            return attempt
        previous = self._messages.of(session_id, header(asked.headers, _AGENT))
        body = asking_for_reason(attempt.request.body, previous)
        return attempt if body is None else _asking(attempt, body)

    async def close(self) -> None:
        """Close the other upstream."""
        await self._upstream.close()


def _asking(attempt: Attempt, body: bytes) -> Attempt:
    request = attempt.request
    changes = [Adaptation("added", FIELD, _WHY)]
    fields = list(request.headers)
    flags = ",".join(value for name, value in fields if name.lower() == _BETAS)
    if BETA not in (flag.strip() for flag in flags.split(",")):
        changes.append(Adaptation("added", f"{_BETAS}: {BETA}", _WHY))
        others = [(name, value) for name, value in fields if name.lower() != _BETAS]
        fields = [*others, (_BETAS, f"{flags},{BETA}" if flags else BETA)]
    return replace(
        attempt,
        request=ProviderRequest(request.method, request.url, fields, body),
        adaptations=(*attempt.adaptations, *changes),
        on_error=partial(_after_error, attempt),
    )


async def _after_error(without: Attempt, status: int, headers: HeaderList, body: bytes) -> Attempt | Reply | None:
    if status == 400:
        return replace(without, adaptations=(*without.adaptations, Adaptation("retry", FIELD, _REFUSED)))
    return await without.on_error(status, headers, body) if without.on_error is not None else None
