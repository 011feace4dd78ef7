"""Sign in to IAM Identity Center with a code that the user confirms in a browser, here or on another machine."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from candela_tui.credentials.sign_in.prompter import Prompter, waiting_for
from candela_tui.providers.bedrock.credentials.sso import SCOPES, SsoToken
from candela_tui.providers.bedrock.credentials.sso_calls import SsoUnreachable
from candela_tui.providers.bedrock.credentials.sso_device import begin, code_ended, token_for

# RFC 8628, 3.5: add five seconds to the interval if asked to slow down.
_SLOWER_S = 5.0
_MOST_MISSED = 3


async def by_code(
    prompter: Prompter,
    start_url: str,
    region: str,
    scopes: Sequence[str] = SCOPES,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> SsoToken:
    """Show the code, and wait until the user confirms it. Raises CredentialsError if it is denied or expires."""
    waiting = await asyncio.to_thread(begin, start_url, region, scopes)
    await prompter.show_link(waiting.url, waiting.code)
    await prompter.tell(waiting_for("you to confirm the code", waiting.ends - time.time()))
    interval_s, missed = waiting.interval_s, 0
    while time.time() + interval_s < waiting.ends:
        await pause(interval_s)
        try:
            answer = await asyncio.to_thread(token_for, waiting)
        except SsoUnreachable:
            # The user is busy in the browser, and a lost connection may come back.
            missed += 1
            if missed == _MOST_MISSED:
                raise
            continue
        missed = 0
        if isinstance(answer, SsoToken):
            return answer
        if answer.slow_down:
            interval_s += _SLOWER_S
    raise code_ended()
