"""Whether the providers can be reached, how long that takes, and whether this machine's clock agrees with theirs."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from candela_tui.config import vertex_region
from candela_tui.credentials.sign_in.provider import ProviderName
from candela_tui.diagnosis.check import Check, Topic
from candela_tui.diagnosis.examine import in_thread
from candela_tui.diagnosis.in_use import TITLES, bedrock_region, providers_in_use
from candela_tui.diagnosis.patient import Patient
from candela_tui.diagnosis.round_trip import Failed, Trip, round_trip
from candela_tui.proxy.client_session import proxy_for, tls_context
from candela_tui.proxy.upstreams.bedrock_access import bedrock_endpoint
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint

TOPIC = Topic("provider.round-trip", "Round trip")
CLOCK = Topic("machine.clock", "Clock")
_LIMIT_S = 10.0
_SLOW_MS = 2000.0
_MOST_SKEW = timedelta(minutes=4)
"""Amazon takes a signature for five minutes before and after; Google a service account's assertion likewise."""
_SKEW = timedelta(seconds=30)
_SET_CLOCK = "Set the clock (timedatectl set-ntp true; on macOS: sudo sntp -sS time.apple.com)."


async def check_providers(patient: Patient) -> Sequence[Check]:
    """A round trip to each provider in use, all at once, and the clock."""
    names = await in_thread(lambda: providers_in_use(patient))
    trips: list[Trip] = []
    checks = await asyncio.gather(*(_checked(patient, name, trips) for name in names))
    return [*checks, _clock(trips, datetime.now(UTC))]


async def _checked(patient: Patient, name: ProviderName, trips: list[Trip]) -> Check:
    topic = Topic(f"provider.{name}", f"Way to {TITLES[name]}")
    try:
        url = await endpoint(patient, name)
        tls = await in_thread(lambda: tls_context(patient.settings.proxy))
        async with asyncio.timeout(_LIMIT_S):
            trip = await round_trip(url, proxy_for(url), tls)
    except TimeoutError:
        return topic.bad(f"no answer within {_LIMIT_S:g} s", "Check the network, the VPN, and HTTPS_PROXY.")
    except Failed as failed:
        return topic.bad(str(failed), failed.fix)
    except (ValueError, OSError) as error:
        return topic.bad(str(error))
    trips.append(trip)
    words = _words(trip)
    if trip.status >= 500:
        return topic.warn(f"{words}; it answers with status {trip.status}", "It may have trouble: see its status page.")
    if trip.total > _SLOW_MS:
        return topic.warn(f"slow: {words}", "Check the network, the VPN, and HTTPS_PROXY.")
    return topic.ok(words)


async def endpoint(patient: Patient, name: ProviderName) -> str:
    """The base URL of a provider. Raises ValueError where the region is none."""
    settings, environ = patient.settings, patient.environ
    if name == "gcp":
        return vertex_endpoint(vertex_region(settings.vertex, environ), settings.vertex.base_url)
    if name == "aws":
        # Without a region any will do to see whether AWS can be reached.
        return bedrock_endpoint(await bedrock_region(patient) or "us-east-1", settings.aws.base_url)
    return settings.anthropic.base_url


def _words(trip: Trip) -> str:
    steps = [("DNS", trip.dns), ("TCP", trip.tcp), ("TLS", trip.tls), ("first byte", trip.first_byte)]
    told = ", ".join(f"{name} {ms:.0f}" for name, ms in steps if ms is not None)
    through = f" through the HTTP proxy {trip.proxy}" if trip.proxy is not None else ""
    return f"{trip.total:.0f} ms{through} ({told})"


def _clock(trips: list[Trip], now: datetime) -> Check:
    theirs = next((trip.date for trip in trips if trip.date is not None), None)
    if theirs is None:
        return CLOCK.unknown("no provider said what time it is")
    skew = now - theirs
    amount = abs(skew)
    if amount <= _SKEW:
        return CLOCK.ok("agrees with the provider's")
    side = "ahead of" if skew > timedelta() else "behind"
    words = f"{_duration(amount)} {side} the provider's"
    if amount < _MOST_SKEW:
        return CLOCK.warn(words, f"From five minutes on AWS and Google refuse what it signs. {_SET_CLOCK}")
    return CLOCK.bad(
        f"{words}: AWS refuses what it signs (InvalidSignatureException, Signature expired), and Google a service "
        "account's assertion",
        _SET_CLOCK,
    )


def _duration(amount: timedelta) -> str:
    seconds = amount.total_seconds()
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"
