"""Survey each provider's credentials on this machine, and say how they stand for the next request.

``Survey.state`` is what `candela auth`, `candela providers`, the doctor and the dashboard show. It follows what the
proxy does: the first credentials in order of precedence are used, however they stand, and what the proxy saw when it
used them goes before what they look like.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import Finding, SignIn, SignInContext, own_login_only
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.readable import standing_of_vault
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to

SignIns = Callable[[Provider], SignIn]
"""Returns the sign-in of a provider. Blocks when it first imports the provider's module."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The credentials found for one provider, and their state."""

    sign_in: SignIn
    findings: tuple[Finding, ...]
    seen: CredentialState | None = None
    """The state when the proxy last used them, or None if it has not."""

    @property
    def state(self) -> CredentialState:
        """The state in which the next request finds the credentials."""
        used = next((finding for finding in self.findings if finding.standing is not None), None)
        if used is None or used.standing is Standing.NONE:
            return CredentialState(self.sign_in.provider, Standing.NONE, words=self._nothing(used))
        if self.seen is not None and _counts(self.seen, used):
            words = self.seen.words or _words(used)
            return replace(self.seen, words=words)
        assert used.standing is not None
        return CredentialState(self.sign_in.provider, used.standing, words=_words(used))

    @property
    def standing(self) -> Standing:
        """The standing of the next request's credentials."""
        return self.state.standing

    @property
    def words(self) -> str:
        """A text that says what is wrong, else which credentials are used, else which were found."""
        return self.state.words

    @property
    def of_client_only(self) -> bool:
        """Whether all credentials are Claude Code's own, so that candela has none to try."""
        return own_login_only(self.findings)

    def updated(self, states: Iterable[CredentialState]) -> "Survey":
        """Return the survey with what the proxy saw since, if it did."""
        seen = next((one for one in states if one.provider is self.sign_in.provider), None)
        return replace(self, seen=seen) if seen is not None and seen.standing is not Standing.NONE else self

    def _nothing(self, used: Finding | None) -> str:
        if used is not None:
            return _words(used)
        unused = next((finding for finding in self.findings if finding.usable), None)
        if unused is not None:
            return f"{_words(unused)}; not used unless you choose it"
        return _words(self.findings[0]) if self.findings else "nothing found"


def _words(finding: Finding) -> str:
    return f"{finding.source}: {finding.detail}" if finding.detail else finding.source


def _counts(seen: CredentialState, used: Finding) -> bool:
    """Return whether what the proxy saw holds for the next request."""
    match seen.standing:
        case Standing.NONE:
            return False
        case Standing.LOCKED:
            return used.account is not None
        case Standing.REFUSED:
            return used.standing is not Standing.CLIENT
    # The proxy holds them until they expire, whatever has become of their source.
    valid = seen.until is None or seen.until > datetime.now(UTC)
    return used.standing is not Standing.CLIENT and (valid or used.standing is not Standing.REFUSED)


async def survey(
    context: SignInContext,
    providers: Iterable[Provider] = tuple(Provider),
    seen: Sequence[CredentialState] | None = None,
    sign_ins: SignIns = sign_in_to,
) -> list[Survey]:
    """Look for the credentials of all providers concurrently. Never raises.

    ``seen`` are the states in another process's candela, which knows whether its vaults are locked. None if there is
    none: then this process looks whether they are."""
    known = {state.provider: state for state in seen or ()}

    async def look(provider: Provider) -> Survey:
        sign_in = await asyncio.to_thread(sign_ins, provider)
        return Survey(sign_in, tuple(await sign_in.find(context)), known.get(provider))

    found = await asyncio.gather(*(look(provider) for provider in providers))
    used = {finding.account for one in found for finding in one.findings if finding.standing and finding.account}
    vaults = {account: await _vault(context, account, seen) for account in used}
    return [replace(one, findings=tuple(_in_vault(finding, vaults) for finding in one.findings)) for one in found]


async def _vault(
    context: SignInContext, account: Account, seen: Sequence[CredentialState] | None
) -> tuple[Standing, str] | None:
    """Return how the vault of an account stands and why, or None if nothing is wrong with it."""
    if seen is None:
        return await standing_of_vault(account.store, context.vault_file)
    try:
        owner = next((provider for provider, one in context.accounts.all().items() if one == account), None)
    except CredentialsError:
        return None
    locked = next((one for one in seen if one.provider is owner and one.standing is Standing.LOCKED), None)
    return (locked.standing, locked.words) if locked is not None else None


def _in_vault(finding: Finding, vaults: dict[Account, tuple[Standing, str] | None]) -> Finding:
    if finding.standing is not Standing.SIGNED_IN or finding.account is None:
        return finding
    wrong = vaults[finding.account]
    if wrong is None:
        return finding
    standing, words = wrong
    return replace(finding, detail=f"{finding.detail}; {words}", standing=standing)


def in_use(surveys: Iterable[Survey], default: Provider) -> list[SignIn]:
    """Return the sign-ins whose credentials requests would use, but of those that share another provider's only that of
    ``default``, the provider of the default route."""
    return [
        one.sign_in
        for one in surveys
        if one.standing is not Standing.NONE and (not one.sign_in.shared or one.sign_in.provider is default)
    ]
