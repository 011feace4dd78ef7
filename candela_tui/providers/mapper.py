"""Map requests to a provider's format, and leave out what their model has refused before."""

import asyncio
from dataclasses import dataclass, replace
from typing import Protocol

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.clouds.mapping import Mapped, NotMappable
from candela_tui.protocol.clouds.refusals import RefusedParts, refused_in
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.messages_request import DecodedRequest
from candela_tui.providers.refusal_memory import RefusalMemory, Refusals, until_words

_NOTHING = RefusedParts()
_LARGE = 256 * 1024
"""The size in bytes from which a body is mapped in a thread, because that takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What earlier attempts of one request have shown."""

    without: RefusedParts = _NOTHING
    relieved: bool = False
    """Whether the request was already retried without what was refused, which happens only once."""
    renewed: bool = False
    """Whether the request was already retried with other credentials, which happens only once."""
    retries: tuple[Adaptation, ...] = ()

    def with_other_credentials(self, why: str) -> "Tries":
        """Return the state for a retry with other credentials after the first were refused."""
        retry = Adaptation("retry", "authorization", why)
        return replace(self, renewed=True, retries=(*self.retries, retry))


FIRST_TRY = Tries()


class Mapping(Protocol):
    """Maps one request to the provider's format, leaving out its refused parts. Raises NotMappable."""

    def __call__(self, *, without: RefusedParts) -> Mapped: ...


class Mapper:
    """Maps requests for one provider, and leaves out what its models refused before.

    Token counting has its own memory: a part that is refused there may be accepted in a message."""

    def __init__(self, provider: Provider, refusals: Refusals, risky: frozenset[str] = frozenset()) -> None:
        """``risky`` flags are suspected first after a refusal that names no flag."""
        self._provider = PROVIDERS[provider].short_title
        self._of_messages = refusals.memory(provider, counts=False, risky=risky)
        self._of_counts = refusals.memory(provider, counts=True, risky=risky)

    async def mapped(self, request: DecodedRequest, mapping: Mapping, tries: Tries) -> Mapped:
        """Return the mapped request without the parts that its model has refused. Raises NotMappable."""
        mapped = await _run(request, mapping, tries.without)
        refused = self._memory(request).of(mapped.model, mapped.betas)
        return await _run(request, mapping, tries.without | refused) if refused else mapped

    def accepted(self, request: DecodedRequest, mapped: Mapped) -> None:
        """Take note that the model accepted a request."""
        self._memory(request).accepted(mapped.model, mapped.betas)

    async def after_refusal(
        self, request: DecodedRequest, mapping: Mapping, tries: Tries, mapped: Mapped, said: str
    ) -> Tries | None:
        """Return the state for a retry after a 400 with the message ``said``, and remember what it refuses.

        None if the message is not about a flag or field, or about none that can still be left out, or if the request
        was already retried this way."""
        refused = refused_in(said)
        if not refused:
            return None
        memory = self._memory(request)
        without = tries.without | memory.to_leave_out(mapped.model, mapped.betas, refused)
        try:
            less = await _run(request, mapping, memory.of(mapped.model) | without)
            if refused.unnamed and (unproven := memory.unproven(mapped.model, less.betas)):
                # Left out of the first attempt, and no longer suspected by what other requests have shown meanwhile.
                without |= RefusedParts(suspects=unproven)
                less = await _run(request, mapping, memory.of(mapped.model) | without)
        except NotMappable:
            return None
        if (less.body, less.betas) == (mapped.body, mapped.betas):
            return None
        until = memory.add(mapped.model, refused, said, mapped.betas)
        if tries.relieved:
            return None
        named = ", ".join(sorted(refused.betas | refused.fields)) or "anthropic-beta"
        what = "a flag without naming it" if refused.unnamed else "it"
        why = f"{self._provider} refused {what} ({said}); sent again without; {until_words(until, mapped.model)}"
        return replace(tries, without=without, relieved=True, retries=(*tries.retries, Adaptation("retry", named, why)))

    def _memory(self, request: DecodedRequest) -> RefusalMemory:
        return self._of_counts if request.counts else self._of_messages


async def _run(request: DecodedRequest, mapping: Mapping, without: RefusedParts) -> Mapped:
    if len(request.body) < _LARGE:
        return mapping(without=without)
    return await asyncio.to_thread(mapping, without=without)
