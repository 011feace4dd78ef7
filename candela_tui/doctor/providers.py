"""Whether the providers can be reached, how long that takes, and whether this machine's clock agrees with theirs."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.configuration import correction
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import destination_of
from candela_tui.doctor.providers_in_use import misspelt_place, providers_in_use
from candela_tui.doctor.round_trip import RoundTrip, RoundTripError, round_trip
from candela_tui.doctor.run_checks import in_thread
from candela_tui.network.origins import proxy_for
from candela_tui.network.tls import tls_context
from candela_tui.protocol.errors import REDIRECTS
from candela_tui.providers.attempts import redirect_target
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.registry import checks_of

TOPIC = Topic("provider.round-trip", "Round trip")
CLOCK = Topic("machine.clock", "Clock")
_LIMIT_S = 10.0
_SLOW_MS = 2000.0
_MOST_SKEW = timedelta(minutes=4)
"""Amazon takes a signature for five minutes before and after; Google a service account's assertion likewise."""
_SKEW = timedelta(seconds=30)
_FIX_REDIRECT = (
    "Requests fail if they are redirected, too. If that is the provider's new address, set base_url in config.toml to "
    "it. If it is a login page, log in to this network."
)
_FIX_PAGE = "Check base_url in config.toml. If it is a login page, log in to this network."
_SET_CLOCK = "Set the clock (timedatectl set-ntp true; on macOS: sudo sntp -sS time.apple.com)."


async def check_providers(context: DoctorContext) -> Sequence[CheckResult]:
    """Make a round trip to each provider in use, all at once, and compare the clock."""
    names = await in_thread(lambda: providers_in_use(context))
    trips: list[RoundTrip] = []
    checks = await asyncio.gather(*(_checked(context, name, trips) for name in names))
    return [*checks, _clock(trips, datetime.now(UTC))]


async def _checked(context: DoctorContext, provider: Provider, trips: list[RoundTrip]) -> CheckResult:
    info = PROVIDERS[provider]
    topic = Topic(f"provider.{info.account}", f"Way to {info.short_title}")
    unreachable = f"candela can't reach {info.short_title}"
    try:
        url = await checks_of(provider).endpoint(context)
        if (where := destination_of(url, context.settings)) is not None and where.to_candela:
            fix = "Correct base_url in config.toml: requests would go round in a circle."
            return topic.bad(f"{where.place} is candela's own address", fix)
        tls = await in_thread(lambda: tls_context(context.settings.proxy))
        async with asyncio.timeout(_LIMIT_S):
            trip = await round_trip(url, proxy_for(url), tls)
    except TimeoutError:
        fix = "Check the network, the VPN, and HTTPS_PROXY."
        return topic.bad(f"no answer within {_LIMIT_S:g} s", fix, unreachable)
    except RoundTripError as failed:
        return await misspelt_place(provider, context, topic) or topic.bad(str(failed), failed.fix, unreachable)
    except OSError as error:
        return topic.bad(str(error), correction(context, [str(error)]))
    except ValueError as error:
        return topic.bad(str(error))
    trips.append(trip)
    words = _words(trip)
    if trip.status in REDIRECTS:
        return topic.warn(f"{words}; {_redirect(redirect_target(trip.location))}", _FIX_REDIRECT)
    if trip.is_page and trip.status < 400:
        return topic.warn(f"{words}; it answers with a web page instead of an API's response", _FIX_PAGE)
    if trip.status >= 500:
        return topic.warn(f"{words}; it answers with status {trip.status}", "See the provider's status page.")
    if trip.total > _SLOW_MS:
        return topic.warn(f"slow: {words}", "Check the network, the VPN, and HTTPS_PROXY.")
    return topic.ok(words)


def _redirect(target: str | None) -> str:
    return f"it answers with a redirect to {target}" if target else "it answers with a redirect"


def _words(trip: RoundTrip) -> str:
    steps = [("DNS", trip.dns), ("TCP", trip.tcp), ("TLS", trip.tls), ("first byte", trip.first_byte)]
    told = ", ".join(f"{name} {ms:.0f}" for name, ms in steps if ms is not None)
    through = f" through the HTTP proxy {trip.proxy}" if trip.proxy is not None else ""
    return f"{trip.total:.0f} ms{through} ({told})"


def _clock(trips: list[RoundTrip], now: datetime) -> CheckResult:
    theirs = next((trip.date for trip in trips if trip.date is not None), None)
    if theirs is None:
        return CLOCK.unknown("no provider gave the time")
    skew = now - theirs
    amount = abs(skew)
    if amount <= _SKEW:
        return CLOCK.ok("agrees with the provider's")
    side = "ahead of" if skew > timedelta() else "behind"
    words = f"{_duration(amount)} {side} the provider's"
    if amount < _MOST_SKEW:
        return CLOCK.warn(words, f"AWS and Google refuse requests if it is five minutes off. {_SET_CLOCK}")
    return CLOCK.bad(
        f"{words}: AWS refuses requests (InvalidSignatureException, Signature expired), and Google refuses those of "
        "service accounts",
        _SET_CLOCK,
    )


def _duration(amount: timedelta) -> str:
    seconds = amount.total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
