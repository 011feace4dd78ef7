"""Requests in a provider's form, without what their model refused: on a second attempt, and from then on."""

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.mapping import Mapped, NotMappable
from candela_tui.protocol.refusals import Refused, refused_in
from candela_tui.proxy.upstreams.messages_request import MessagesRequest
from candela_tui.proxy.upstreams.refusal_memory import RefusalMemory

_NOTHING = Refused()
_LARGE = 256 * 1024
"""A body of so many bytes is mapped in a thread: it takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What the attempts for one request have taught so far."""

    without: Refused = _NOTHING
    relieved: bool = False
    """It was sent again without what was refused, which happens once."""
    renewed: bool = False
    """It was sent again with other credentials, which happens once."""
    retries: tuple[Adaptation, ...] = ()

    def with_other_credentials(self, why: str) -> "Tries":
        """The next one, after credentials were refused."""
        retry = Adaptation("retry", "authorization", why)
        return replace(self, renewed=True, retries=(*self.retries, retry))


FIRST_TRY = Tries()


class Mapping(Protocol):
    """Puts one request into the provider's form, without what was refused of it. Raises NotMappable."""

    def __call__(self, *, without: Refused) -> Mapped: ...


class Mapper:
    """Maps for one provider, and remembers what its models refuse. Counting tokens has its own memory: what is refused
    there may be welcome in a message."""

    def __init__(self, provider: str) -> None:
        """``provider`` is its name for words."""
        self._provider = provider
        self._of_messages, self._of_counts = RefusalMemory(), RefusalMemory()

    async def mapped(self, request: MessagesRequest, mapping: Mapping, tries: Tries) -> Mapped:
        """The request as it goes out. Raises NotMappable."""
        mapped = await _run(request, mapping, tries.without)
        refused = self._memory(request).of(mapped.model)
        return await _run(request, mapping, tries.without | refused) if refused else mapped

    async def after_refusal(
        self, request: MessagesRequest, mapping: Mapping, tries: Tries, mapped: Mapped, said: str
    ) -> Tries | None:
        """What to try after a 400 with these words, which are remembered. None: they name no flag and no field, or
        nothing that could still be left out, or the request was relieved once already."""
        refused = refused_in(said)
        if not refused:
            return None
        memory = self._memory(request)
        try:
            less = await _run(request, mapping, tries.without | memory.of(mapped.model) | refused)
        except NotMappable:
            return None
        if (less.body, less.betas) == (mapped.body, mapped.betas):
            return None
        memory.add(mapped.model, refused)
        if tries.relieved:
            return None
        named = ", ".join(sorted(refused.betas | refused.fields)) or "anthropic-beta"
        retry = Adaptation("retry", named, f"{self._provider} refused it ({said}); sent again without")
        return replace(tries, without=tries.without | refused, relieved=True, retries=(*tries.retries, retry))

    def _memory(self, request: MessagesRequest) -> RefusalMemory:
        return self._of_counts if request.counts else self._of_messages


async def _run(request: MessagesRequest, mapping: Mapping, without: Refused) -> Mapped:
    if len(request.body) < _LARGE:
        return mapping(without=without)
    return await asyncio.to_thread(mapping, without=without)
