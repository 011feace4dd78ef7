"""Sign in to AWS, for Bedrock's endpoint for the Messages API. The sign-in is the one of Bedrock."""

from candela_tui.credentials.sign_in.interface import CheckLine, Finding, SignIn, SignInContext
from candela_tui.credentials.sign_in.stored_key import find_key
from candela_tui.providers.bedrock.sign_in.aws import methods
from candela_tui.providers.bedrock.sign_in.findings import best_finding
from candela_tui.providers.bedrock.sign_in.finish import nothing_to_forget
from candela_tui.providers.bedrock.sign_in.live_check import whose
from candela_tui.providers.identity import PROVIDERS, Provider


async def _find(context: SignInContext) -> list[Finding]:
    of_command = find_key(context, Provider.MANTLE, context.settings.mantle)
    return of_command or await best_finding(context, signs=False)


async def _who(context: SignInContext) -> list[CheckLine]:
    # An API key that a command prints does not name its owner.
    return [] if context.settings.mantle.key_command else await whose(context, signs=False)


async def _forget(_context: SignInContext) -> str:
    return nothing_to_forget(PROVIDERS[Provider.MANTLE].short_title)


SIGN_IN = SignIn(Provider.MANTLE, _find, methods, _who, _forget, shared=True)
