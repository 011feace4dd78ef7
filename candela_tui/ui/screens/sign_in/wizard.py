"""The steps of signing in: choose a provider, look for credentials, sign in, check."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from candela_tui.config import ConfigError, Settings
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.sign_in.interface import (
    OWN_LOGIN,
    CheckLine,
    Finding,
    Method,
    SignIn,
    SignInContext,
    own_login_only,
)
from candela_tui.credentials.sign_in.keep_setting import keep_setting
from candela_tui.credentials.sign_in.prompter import Abandoned
from candela_tui.credentials.state import CredentialState
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.identity import Provider, route_to
from candela_tui.providers.registry import sign_in_to
from candela_tui.providers.survey import SignIns, Survey, survey
from candela_tui.ui.screens.sign_in.conversation import SignInConversation
from candela_tui.ui.screens.sign_in.option_row import SignInOption
from candela_tui.ui.state.credential_watch import seen_elsewhere
from candela_tui.ui.style.credentials import standing_piece

if TYPE_CHECKING:
    from candela_tui.credentials.sign_in.live_check import LiveCheck

_CHECK, _OUT, _BACK, _AGAIN, _OTHER, _LEAVE = "check", "sign-out", "back", "again", "other", "leave"
_MESSAGE, _DEFAULT = "message", "default-route"


@dataclass(frozen=True, slots=True)
class WizardContext:
    """What the wizard needs from the dashboard."""

    sign_in_setup: SignInSetup
    address: str
    """Host and port of this dashboard's proxy, which the live check uses."""
    states: Callable[[], tuple[CredentialState, ...]]
    """Return the state of the credentials that the proxy has used."""
    crumbs: Callable[[tuple[str, ...]], None]
    """Called with the position in the wizard."""
    surveyed: Callable[[list[Survey]], None]
    """Called with what was found."""
    sign_ins: SignIns = sign_in_to


class Wizard:
    """Run the conversation. Every step can be cancelled, which leads back to the previous one."""

    def __init__(self, conversation: SignInConversation, around: WizardContext) -> None:
        self._prompter = conversation
        self._around = around

    async def run(self, first: Provider | None = None) -> None:
        """Run until the user leaves. ``first`` is the provider to start with."""
        provider = first
        while True:
            try:
                if provider is None:
                    provider = await self._which()
            except Abandoned:
                return
            try:
                if not await self._at(provider):
                    return
            except Abandoned:
                pass
            provider = None

    async def _which(self) -> Provider:
        prompter, around = self._prompter, self._around
        around.crumbs(())
        prompter.clear()
        prompter.say("candela signs in to the provider, so Claude Code needs no API key.")
        prompter.say("Secrets are stored in the system keyring, or in a file that a passphrase encrypts.", "dim")

        async def look() -> list[Survey]:
            seen = await seen_elsewhere(around.sign_in_setup)
            found = await survey(await self._context(), seen=seen, sign_ins=around.sign_ins)
            return [one.updated(around.states()) for one in found]

        while True:
            try:
                surveys = await prompter.doing("Looking for credentials", look())
                break
            except (CredentialsError, ConfigError) as error:
                await self._after_trouble(error, "Look again")
        around.surveyed(surveys)
        offers = [
            SignInOption(one.sign_in.provider, one.sign_in.title, one.words, standing_piece(one.standing))
            for one in surveys
        ]
        return Provider(await prompter.pick("Sign in to", offers))

    async def _context(self) -> SignInContext:
        return await self._around.sign_in_setup.context(self._prompter)

    async def _at(self, provider: Provider) -> bool:
        """Handle one provider; return False if the user leaves."""
        sign_in = await asyncio.to_thread(self._around.sign_ins, provider)
        while True:
            self._around.crumbs((sign_in.title,))
            self._prompter.clear()
            try:
                context = await self._context()
                again = await self._choose_and_do(sign_in, context)
            except (CredentialsError, VaultError, ConfigError) as error:
                await self._after_trouble(error, "Try again")
                continue
            if again is not None:
                return again

    async def _choose_and_do(self, sign_in: SignIn, context: SignInContext) -> bool | None:
        """Show what was found, ask for a method and carry it out. Return None to repeat, else whether to go on with
        another provider."""
        prompter = self._prompter
        findings, methods = await prompter.doing(f"Looking for {sign_in.title} credentials", _both(sign_in, context))
        self._say_findings(findings)
        offers = [SignInOption(method.key, method.title, method.about) for method in methods]
        check = SignInOption(_CHECK, "Check the credentials", "asks the provider who you are, and for two free answers")
        if any(finding.usable for finding in findings):
            offers.append(check)
        if context.accounts.of(sign_in.provider) is not None:
            offers.append(SignInOption(_OUT, "Sign out", "removes what candela stored"))
        if not offers:
            prompter.say("No way to sign in works on this machine.", "warn", space=True)
            offers.append(SignInOption(_BACK, "Back"))
        # Ask nothing if there is only one answer.
        only = methods[0].key if len(methods) == len(offers) == 1 and not findings else None
        chosen = only or await prompter.pick("How do you want to sign in?", offers)
        if chosen == _BACK:
            raise Abandoned
        if chosen == _OUT:
            prompter.say(await prompter.doing("Signing out", sign_in.forget(context)), space=True)
            return await self._what_next(sign_in, context)
        method = next((each for each in methods if each.key == chosen), None)
        account = None
        if method is not None:
            try:
                account = await self._sign_in(sign_in, method, context)
            except Abandoned:
                if only is not None:
                    raise
                return None
        return await self._check(sign_in, context, account)

    def _say_findings(self, findings: list[Finding]) -> None:
        if not findings:
            self._prompter.say("Nothing was found on this machine.", "dim")
            return
        self._prompter.say("Found on this machine:")
        for finding in findings:
            mark, style = ("✓ ", "good") if finding.usable else ("○ ", "dim")
            self._prompter.say(f"{finding.source}: {finding.detail}", mark=(mark, style))  # type: ignore[arg-type]
        if own_login_only(findings):
            self._prompter.say(f"{OWN_LOGIN}.", "good")

    async def _sign_in(self, sign_in: SignIn, method: Method, context: SignInContext) -> Account | None:
        prompter = self._prompter
        self._around.crumbs((sign_in.title, method.title))
        prompter.clear()
        prompter.say(f"{method.title}: {method.about}" if method.about else method.title, "dim")
        account = await prompter.doing(f"Signing in to {sign_in.title}", method.run(context, prompter))
        prompter.forget_links()
        if account is not None:
            prompter.say(f"{account.label} is stored in {account.place}.", space=True)
        return account

    async def _check(self, sign_in: SignIn, context: SignInContext, account: Account | None) -> bool | None:
        """``account`` is what was stored just before."""
        from candela_tui.credentials.sign_in.live_check import LiveCheck
        from candela_tui.credentials.sign_in.next_step import kept_words, start_command

        prompter = self._prompter
        self._around.crumbs((sign_in.title, "Live check"))
        prompter.say(f"Live check through http://{self._around.address}", "heading", space=True)
        live = LiveCheck(self._around.address, sign_in.provider, context.token_file)
        lines: list[CheckLine] = []
        await prompter.doing(f"Asking {sign_in.title}", self._ask(live, sign_in, context, lines))
        if all(line.state != "bad" for line in lines):
            command = start_command(sign_in.provider, await context.settings_now())
            prompter.say(f"Ready. Start Claude Code with `{command}`.", "good", space=True)
            return await self._what_next(sign_in, context, live)
        words = kept_words(account, lines) if account is not None else "Something does not work yet."
        prompter.say(f"{words} The lines above say what to do.", "warn", space=True)
        return await self._what_next(sign_in, context)

    async def _ask(self, live: "LiveCheck", sign_in: SignIn, context: SignInContext, lines: list[CheckLine]) -> None:
        async for line in live.lines(await sign_in.who(context)):
            lines.append(line)
            self._prompter.found_out(line)

    async def _what_next(self, sign_in: SignIn, context: SignInContext, live: "LiveCheck | None" = None) -> bool | None:
        """``live`` is the check that the sign-in has passed, if it has."""
        from candela_tui.credentials.sign_in.next_step import is_default

        while True:
            offers = [SignInOption(_LEAVE, "Back to the dashboard")]
            settings = await context.settings_now()
            if live is not None and not live.message_sent:
                offers.append(await _message_option(settings, live))
            if live is not None and not is_default(sign_in.provider, settings):
                offers.append(
                    SignInOption(_DEFAULT, "Make it the default route", "for `candela claude` without --route")
                )
            offers += [
                SignInOption(_AGAIN, f"Stay with {sign_in.title}"),
                SignInOption(_OTHER, "Another provider"),
            ]
            try:
                chosen = await self._prompter.pick("What next?", offers)
                if chosen == _MESSAGE and live is not None:
                    self._prompter.found_out(await self._prompter.doing(f"Asking {live.model}", live.message()))
                    continue
                if chosen == _DEFAULT:
                    route = route_to(sign_in.provider).name
                    await keep_setting(context, self._prompter, "proxy", "default_route", route, os.environ)
                    continue
            except Abandoned:
                return True
            return None if chosen == _AGAIN else chosen == _OTHER

    async def _after_trouble(self, error: Exception, again: str) -> None:
        """Show an error; return if the user wants to try again. Raises Abandoned."""
        self._prompter.say(str(error), "bad", mark=("✗ ", "bad"), space=True)
        if await self._prompter.pick("What next?", [SignInOption(_AGAIN, again), SignInOption(_BACK, "Back")]) == _BACK:
            raise Abandoned


async def _both(sign_in: SignIn, context: SignInContext) -> tuple[list[Finding], list[Method]]:
    findings, methods = await asyncio.gather(sign_in.find(context), sign_in.methods(context))
    return findings, methods


async def _message_option(settings: Settings, live: "LiveCheck") -> SignInOption:
    from candela_tui.analysis.live_check_price import most_for_message

    price = await asyncio.to_thread(most_for_message, settings.pricing, live.provider, live.model)
    return SignInOption(_MESSAGE, "Send one message", f"one word to {live.model}, {price}: proves the whole way")
