"""Survey each provider's credentials on this machine: those found, and their state in a running candela."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from candela_tui.credentials.sign_in.interface import Finding, SignIn, SignInContext
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to

SignIns = Callable[[Provider], SignIn]
"""Returns the sign-in of a provider. Blocks when it first imports the provider's module."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The credentials found for one provider, and their state."""

    sign_in: SignIn
    findings: tuple[Finding, ...]
    state: CredentialState | None = None
    """The state when the proxy last used them, or None if it has not."""

    @property
    def standing(self) -> Standing:
        """The state reported by the proxy, or else whether usable credentials were found."""
        if self.state is not None and self.state.standing is not Standing.NONE:
            return self.state.standing
        return Standing.SIGNED_IN if self.usable else Standing.NONE

    @property
    def usable(self) -> Finding | None:
        """The best usable credentials, or None if there are none."""
        return next((finding for finding in self.findings if finding.usable), None)

    @property
    def words(self) -> str:
        """A text that says what is wrong, else which credentials are used, else which were found."""
        if self.state is not None and self.state.words:
            return self.state.words
        best = self.usable or next(iter(self.findings), None)
        return f"{best.source}: {best.detail}" if best is not None else "nothing found"


async def survey(
    context: SignInContext,
    providers: Iterable[Provider] = tuple(Provider),
    states: Iterable[CredentialState] = (),
    sign_ins: SignIns = sign_in_to,
) -> list[Survey]:
    """Look for the credentials of all providers concurrently. Never raises."""
    known = {state.provider: state for state in states}

    async def look(provider: Provider) -> Survey:
        sign_in = await asyncio.to_thread(sign_ins, provider)
        return Survey(sign_in, tuple(await sign_in.find(context)), known.get(provider))

    return list(await asyncio.gather(*(look(provider) for provider in providers)))


def in_use(surveys: Iterable[Survey], default: Provider) -> list[SignIn]:
    """Return the sign-ins with usable credentials, but of those that share another provider's only that of ``default``,
    the provider of the default route."""
    return [
        one.sign_in for one in surveys if one.usable and (not one.sign_in.shared or one.sign_in.provider is default)
    ]
