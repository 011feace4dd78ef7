"""A cloud to sign in to, by a link and a code."""

import asyncio
from collections.abc import Callable

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import CheckLine, Finding, Method, SignIn, SignInContext
from candela_tui.credentials.sign_in.prompter import Choice, Prompter
from candela_tui.providers.identity import Provider
from candela_tui.providers.registry import sign_in_to
from tests.ui.scene import NOW

CODE = "WDJB-MJHT"
LINK = "https://device.sso.example/start?user_code=WDJB-MJHT&" + "&".join(f"parameter{n}=value{n}" for n in range(12))


class Cloud:
    """Google and AWS as they are offered; ``granted`` (it blocks) tells whether the user has entered the code."""

    def __init__(self, granted: Callable[[str], bool]) -> None:
        self._granted = granted
        self.found: list[Finding] = []
        self.lines: list[CheckLine] = []
        self.cancelled = False

    def sign_in(self, provider: Provider) -> SignIn:
        if provider is Provider.ANTHROPIC:
            return sign_in_to(provider)
        return SignIn(provider, self._find, self._methods, self._who, self._forget)

    async def _find(self, context: SignInContext) -> list[Finding]:
        return self.found

    async def _methods(self, context: SignInContext) -> list[Method]:
        device = Method(
            "device", "In a browser", "with a code to enter on a page, on this or another machine", self._run
        )
        broken = Method("broken", "A broken way", "that always fails", self._fail)
        return [device, broken]

    async def _run(self, context: SignInContext, prompter: Prompter) -> None:
        await prompter.tell("Ask your administrator for the start URL.")
        start = await prompter.ask("Start URL", default="https://d-1.awsapps.com/start")
        await prompter.show_link(LINK, CODE)
        try:
            while not await asyncio.to_thread(self._granted, start):  # noqa: ASYNC110 - as device flows do
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        choices = [Choice("1", "sandbox", "111122223333"), Choice("2", "work", "444455556666")]
        chosen = await prompter.choose("Which account?", choices)
        context.accounts.put(Provider.BEDROCK, Account("keyring", "the keyring", chosen.title, NOW))

    async def _fail(self, context: SignInContext, prompter: Prompter) -> None:
        raise CredentialsError("the start URL belongs to nobody: ask your administrator for another")

    async def _who(self, context: SignInContext) -> list[CheckLine]:
        return self.lines

    async def _forget(self, context: SignInContext) -> str:
        context.accounts.remove(Provider.BEDROCK)
        return "The AWS session is gone; ~/.aws is AWS's own and stays."
