"""Sign in to IAM Identity Center in this machine's browser, or with a code if there is no browser here."""

import asyncio
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Final, Protocol

from candela_tui.credentials.sign_in.browser import browser_command
from candela_tui.credentials.sign_in.prompter import Prompter, waiting_for
from candela_tui.credentials.sign_in.redirect import Redirect, RedirectServer
from candela_tui.providers.bedrock.credentials.sso import SCOPES, SsoToken
from candela_tui.providers.bedrock.credentials.sso_browser import CALLBACK, begin, refusal, token_for
from candela_tui.providers.bedrock.sign_in.device import by_code

CODE_METHOD: Final = "sso-code"
_REDIRECT: Final = Redirect("IAM Identity Center", f"--method {CODE_METHOD}", refusal, CALLBACK)
_LIMIT_S: Final = 600.0
"""As in the AWS CLI."""


class Way(Protocol):
    """A way to get the token of a sign-in."""

    def __call__(
        self, prompter: Prompter, start_url: str, region: str, scopes: Sequence[str] = SCOPES
    ) -> Awaitable[SsoToken]:
        """Sign in at a start URL. Raises CredentialsError."""


async def in_browser(
    prompter: Prompter,
    start_url: str,
    region: str,
    scopes: Sequence[str] = SCOPES,
    *,
    limit_s: float = _LIMIT_S,
) -> SsoToken:
    """Open the page of IAM Identity Center, and wait until the browser comes back. Raises CredentialsError."""
    async with RedirectServer(_REDIRECT) as redirect:
        begun = await asyncio.to_thread(partial(begin, start_url, region, scopes, redirect.uri))
        await prompter.show_link(begun.link)
        await prompter.tell(waiting_for("your browser", limit_s))
        code = await redirect.code(begun.state, limit_s)
    return await asyncio.to_thread(token_for, begun, code)


async def here(prompter: Prompter, start_url: str, region: str, scopes: Sequence[str] = SCOPES) -> SsoToken:
    """Sign in in the browser if this machine can open one, otherwise with a code.

    Without scopes the token can't be renewed; AWS gives such a token only for a code. Raises CredentialsError."""
    way: Way = in_browser if scopes and browser_command() is not None else by_code
    return await way(prompter, start_url, region, scopes)
