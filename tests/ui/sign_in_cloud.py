"""A cloud to sign in to, by a link and a code."""

import asyncio
from collections.abc import Callable

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in import registry
from candela_tui.credentials.sign_in.provider import CheckLine, Desk, Finding, Method, Provider, ProviderName
from candela_tui.credentials.sign_in.talk import Choice, Talk
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

    def provider(self, name: ProviderName) -> Provider:
        titles = {"gcp": "Google Cloud (Vertex AI)", "aws": "AWS (Bedrock)"}
        if name == "anthropic":
            return registry.provider(name)
        return Provider(name, titles[name], self._find, self._methods, self._who, self._forget)

    async def _find(self, desk: Desk) -> list[Finding]:
        return self.found

    async def _methods(self, desk: Desk) -> list[Method]:
        device = Method(
            "device", "In a browser", "with a code to enter on a page, on this or another machine", self._run
        )
        broken = Method("broken", "A broken way", "that always fails", self._fail)
        return [device, broken]

    async def _run(self, desk: Desk, talk: Talk) -> None:
        await talk.tell("Ask your administrator for the start URL.")
        start = await talk.ask("Start URL", default="https://d-1.awsapps.com/start")
        await talk.show_link(LINK, CODE)
        try:
            while not await asyncio.to_thread(self._granted, start):  # noqa: ASYNC110 - as device flows do
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        choices = [Choice("1", "sandbox", "111122223333"), Choice("2", "work", "444455556666")]
        chosen = await talk.choose("Which account?", choices)
        desk.accounts.put("aws", Account("keyring", "the keyring", chosen.title, NOW))

    async def _fail(self, desk: Desk, talk: Talk) -> None:
        raise CredentialsError("the start URL belongs to nobody: ask your administrator for another")

    async def _who(self, desk: Desk) -> list[CheckLine]:
        return self.lines

    async def _forget(self, desk: Desk) -> str:
        desk.accounts.remove("aws")
        return "The AWS session is gone; ~/.aws is AWS's own and stays."
