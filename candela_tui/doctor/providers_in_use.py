"""Which providers the user has set up, and whether a region's name is misspelt."""

from collections.abc import Collection

from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.providers.identity import Provider, route_of
from candela_tui.providers.registry import checks_of


def default_provider(context: DoctorContext) -> Provider:
    """Return the provider that requests to the bare base URL go to."""
    return route_of(context.settings.proxy.default_route).provider


def providers_in_use(context: DoctorContext) -> list[Provider]:
    """Return the default provider, then those that something was set up for. Blocks."""
    first, signed_in = default_provider(context), _signed_in(context)
    others = (provider for provider in Provider if provider is not first)
    return [first, *(one for one in others if one in signed_in or checks_of(one).in_use(context))]


async def misspelt_place(provider: Provider, context: DoctorContext, topic: Topic) -> CheckResult | None:
    """Return what explains that a provider can't be reached if its region's name seems misspelt, or None."""
    check = checks_of(provider).misspelt
    line = await check(context) if check is not None else None
    return topic.bad(line.words, line.fix) if line is not None else None


def _signed_in(context: DoctorContext) -> Collection[Provider]:
    try:
        return Accounts(context.paths.accounts).all()
    except CredentialsError:
        return ()
