"""Signing in to IAM Identity Center by a code that is confirmed in a browser, here or on another machine."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from candela_tui.credentials.aws_sso import SCOPES, SsoToken, begin, code_ended, token_for
from candela_tui.credentials.sign_in.talk import Talk

# RFC 8628, 3.5.
_SLOWER_S = 5.0


async def by_code(
    talk: Talk,
    start_url: str,
    region: str,
    scopes: Sequence[str] = SCOPES,
    *,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> SsoToken:
    """Show the code, and wait until it was confirmed. Raises CredentialsError where it was denied or is over."""
    waiting = await asyncio.to_thread(begin, start_url, region, scopes)
    await talk.show_link(waiting.url, waiting.code)
    interval_s = waiting.interval_s
    while time.time() + interval_s < waiting.ends:
        await pause(interval_s)
        answer = await asyncio.to_thread(token_for, waiting)
        if isinstance(answer, SsoToken):
            return answer
        if answer.slow_down:
            interval_s += _SLOWER_S
    raise code_ended()
