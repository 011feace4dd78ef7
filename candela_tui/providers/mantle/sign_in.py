"""Sign in to AWS, for Bedrock's endpoint for the Messages API. The sign-in is the one of Bedrock."""

import asyncio

from candela_tui.credentials.sign_in.interface import CheckLine, Finding, SignIn, SignInContext, not_set_up, used_first
from candela_tui.credentials.sign_in.stored_key import find_key
from candela_tui.providers.bedrock.sign_in.aws import FORMS, methods
from candela_tui.providers.bedrock.sign_in.findings import no_region, used_finding
from candela_tui.providers.bedrock.sign_in.finish import nothing_to_forget
from candela_tui.providers.bedrock.sign_in.live_check import whose
from candela_tui.providers.identity import PROVIDERS, Provider


async def _find(context: SignInContext) -> list[Finding]:
    mantle = context.settings.mantle
    of_command = await asyncio.to_thread(find_key, context, Provider.MANTLE, mantle)
    found = used_first(of_command) or await used_finding(context, signs=False)
    missing = await no_region(context, "mantle", mantle.region)
    return not_set_up(found, missing) if missing else found


async def _who(context: SignInContext) -> list[CheckLine]:
    # An API key that a command prints does not name its owner.
    return [] if context.settings.mantle.key_command else await whose(context, signs=False)


async def _forget(_context: SignInContext) -> str:
    return nothing_to_forget(PROVIDERS[Provider.MANTLE].short_title)


SIGN_IN = SignIn(Provider.MANTLE, _find, methods, _who, _forget, shared=True, forms=FORMS)
