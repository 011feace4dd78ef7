"""The steps of signing in: which provider, what is there, how, whether it works."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from candela_tui.config import ConfigError
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.office import Office
from candela_tui.credentials.sign_in.provider import CheckLine, Desk, Finding, Method, Provider, ProviderName
from candela_tui.credentials.sign_in.survey import Providers, Survey, survey
from candela_tui.credentials.sign_in.talk import Abandoned
from candela_tui.credentials.state import CredentialState
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.ui.credentials import standing_piece
from candela_tui.ui.sign_in.conversation import Conversation
from candela_tui.ui.sign_in.rows import Offer

_CHECK, _OUT, _BACK, _AGAIN, _OTHER, _LEAVE = "check", "sign-out", "back", "again", "other", "leave"
_RUN: Final[dict[ProviderName, str]] = {
    "anthropic": "candela claude --route direct",
    "gcp": "candela claude --route vertex",
    "aws": "candela claude --route bedrock",
}


@dataclass(frozen=True, slots=True)
class Around:
    """What the wizard knows of the dashboard around it."""

    office: Office
    address: str
    """Host and port of the proxy whose dashboard this is: the live check goes through it."""
    states: Callable[[], tuple[CredentialState, ...]]
    """How credentials stand, as far as the proxy used them."""
    crumbs: Callable[[tuple[str, ...]], None]
    """Told where in its steps it is."""
    surveyed: Callable[[list[Survey]], None]
    """Told what was found."""
    providers: Providers = registry.provider


class Wizard:
    """Has the conversation. Every step can be given up, which leads back to the one before."""

    def __init__(self, conversation: Conversation, around: Around) -> None:
        self._talk = conversation
        self._around = around

    async def run(self, first: ProviderName | None = None) -> None:
        """Until its user has had enough. ``first``: the provider to begin with."""
        name = first
        while True:
            try:
                if name is None:
                    name = await self._which()
            except Abandoned:
                return
            try:
                if not await self._at(name):
                    return
            except Abandoned:
                pass
            name = None

    async def _which(self) -> ProviderName:
        talk, around = self._talk, self._around
        around.crumbs(())
        talk.clear()
        talk.say("candela signs in to a provider for you: Claude Code needs no key of its own.")
        talk.say("Secrets lie in the keyring of this machine, or in a file under a passphrase.", "dim")

        async def look() -> list[Survey]:
            return await survey(await self._desk(), states=around.states(), providers=around.providers)

        while True:
            try:
                surveys = await talk.doing("Looking at what is there", look())
                break
            except (CredentialsError, ConfigError) as error:
                await self._after_trouble(error, "Look again")
        around.surveyed(surveys)
        offers = [
            Offer(one.provider.name, one.provider.title, one.words, standing_piece(one.standing)) for one in surveys
        ]
        return cast("ProviderName", await talk.pick("Sign in to", offers))

    async def _desk(self) -> Desk:
        return await self._around.office.desk(self._talk)

    async def _at(self, name: ProviderName) -> bool:
        """At one provider; False: its user leaves."""
        provider = await asyncio.to_thread(self._around.providers, name)
        while True:
            self._around.crumbs((provider.title,))
            self._talk.clear()
            try:
                desk = await self._desk()
                again = await self._choose_and_do(provider, desk)
            except (CredentialsError, VaultError, ConfigError) as error:
                await self._after_trouble(error, "Try again")
                continue
            if again is not None:
                return again

    async def _choose_and_do(self, provider: Provider, desk: Desk) -> bool | None:
        """What is there, what is chosen, what comes of it; None: once more, else whether to go on elsewhere."""
        talk = self._talk
        findings, methods = await talk.doing(f"Looking for credentials of {provider.title}", _both(provider, desk))
        self._say_findings(findings)
        offers = [Offer(method.id, method.title, method.about) for method in methods]
        check = Offer(_CHECK, "Check what is there", "asks who you are, and whether models answer")
        if any(finding.usable for finding in findings):
            offers.append(check)
        if desk.accounts.of(provider.name) is not None:
            offers.append(Offer(_OUT, "Sign out", "takes away what candela keeps"))
        if not offers:
            talk.say("There is no way to sign in on this machine.", "warn", space=True)
            offers.append(Offer(_BACK, "Back"))
        chosen = await talk.pick("How do you want to sign in?", offers)
        if chosen == _BACK:
            raise Abandoned
        if chosen == _OUT:
            talk.say(await talk.doing("Signing out", provider.forget(desk)), space=True)
            return await self._what_next(provider, desk)
        method = next((each for each in methods if each.id == chosen), None)
        if method is not None:
            try:
                await self._sign_in(provider, method, desk)
            except Abandoned:
                return None
        return await self._check(provider, desk)

    def _say_findings(self, findings: list[Finding]) -> None:
        if not findings:
            self._talk.say("Nothing was found on this machine.", "dim")
            return
        self._talk.say("Found on this machine:")
        for finding in findings:
            mark, ink = ("✓ ", "good") if finding.usable else ("○ ", "dim")
            self._talk.say(f"{finding.source}: {finding.detail}", mark=(mark, ink))  # type: ignore[arg-type]

    async def _sign_in(self, provider: Provider, method: Method, desk: Desk) -> None:
        talk = self._talk
        self._around.crumbs((provider.title, method.title))
        talk.clear()
        talk.say(f"{method.title}: {method.about}" if method.about else method.title, "dim")
        account = await talk.doing(f"Signing in to {provider.title}", method.run(desk, talk))
        talk.forget_links()
        words = f"Signed in: {account.label}. Kept in {account.place}." if account is not None else "Signed in."
        talk.say(words, mark=("✓ ", "good"), space=True)

    async def _check(self, provider: Provider, desk: Desk) -> bool | None:
        talk = self._talk
        self._around.crumbs((provider.title, "Live check"))
        talk.say(f"Live check through http://{self._around.address}", "heading", space=True)
        lines: list[CheckLine] = []
        await talk.doing(f"Asking {provider.title}", self._ask(provider, desk, lines))
        if any(line.state == "bad" for line in lines):
            talk.say("Something does not answer yet; the lines above say what to do.", "warn", space=True)
        else:
            talk.say(f"All is well. `{_RUN[provider.name]}` goes this way.", "good", space=True)
        return await self._what_next(provider, desk)

    async def _ask(self, provider: Provider, desk: Desk, lines: list[CheckLine]) -> None:
        from candela_tui.credentials.sign_in.live import check

        for line in await provider.who(desk):
            lines.append(line)
            self._talk.found_out(line)
        async for line in check(self._around.address, provider.name):
            lines.append(line)
            self._talk.found_out(line)

    async def _what_next(self, provider: Provider, desk: Desk) -> bool | None:
        offers = [
            Offer(_LEAVE, "Back to the dashboard"),
            Offer(_AGAIN, f"Stay at {provider.title}"),
            Offer(_OTHER, "Another provider"),
        ]
        try:
            chosen = await self._talk.pick("What next?", offers)
        except Abandoned:
            return True
        return None if chosen == _AGAIN else chosen == _OTHER

    async def _after_trouble(self, error: Exception, again: str) -> None:
        """Say what went wrong; goes on where its user wants to try again. Raises Abandoned."""
        self._talk.say(str(error), "bad", mark=("✗ ", "bad"), space=True)
        if await self._talk.pick("What next?", [Offer(_AGAIN, again), Offer(_BACK, "Back")]) == _BACK:
            raise Abandoned


async def _both(provider: Provider, desk: Desk) -> tuple[list[Finding], list[Method]]:
    findings, methods = await asyncio.gather(provider.find(desk), provider.methods(desk))
    return findings, methods
