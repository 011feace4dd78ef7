"""How each provider stands on this machine: what was found, and what a running candela says of it."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.provider import Desk, Finding, Provider, ProviderName
from candela_tui.credentials.state import CredentialState, Standing

Providers = Callable[[ProviderName], Provider]
"""Finds a provider by its name. Blocks, where its module is imported first."""


@dataclass(frozen=True, slots=True)
class Survey:
    """One provider."""

    provider: Provider
    findings: tuple[Finding, ...]
    state: CredentialState | None = None
    """What the proxy saw when it used them; None: nothing yet."""

    @property
    def standing(self) -> Standing:
        """What the proxy saw, else whether there is something to use."""
        if self.state is not None and self.state.standing is not Standing.NONE:
            return self.state.standing
        return Standing.SIGNED_IN if self.usable else Standing.NONE

    @property
    def usable(self) -> Finding | None:
        """The best of what can be used."""
        return next((finding for finding in self.findings if finding.usable), None)

    @property
    def words(self) -> str:
        """What is wrong, else what is used, else what was found."""
        if self.state is not None and self.state.words:
            return self.state.words
        best = self.usable or next(iter(self.findings), None)
        return f"{best.source}: {best.detail}" if best is not None else "nothing found"


async def survey(
    desk: Desk,
    names: Iterable[ProviderName] = registry.NAMES,
    states: Iterable[CredentialState] = (),
    providers: Providers = registry.provider,
) -> list[Survey]:
    """Look at each provider, all at once. Never raises."""
    known = {state.provider: state for state in states}

    async def look(name: ProviderName) -> Survey:
        provider = await asyncio.to_thread(providers, name)
        return Survey(provider, tuple(await provider.find(desk)), known.get(name))

    return list(await asyncio.gather(*(look(name) for name in names)))
