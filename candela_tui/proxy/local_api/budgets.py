"""Handlers for the budgets: how they stand, and overriding one for a time."""

import asyncio
from datetime import timedelta
from typing import Annotated

import msgspec
from aiohttp import web

from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.route import Body, Call, document
from candela_tui.rules.budgets.overrides import Overrides
from candela_tui.rules.budgets.state import Override
from candela_tui.text.times import utc_now

_LONGEST_S = 366 * 86_400
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class WantedOverride(msgspec.Struct, frozen=True):
    """Lets requests pass a budget for a time."""

    for_s: Annotated[float, msgspec.Meta(gt=0, le=_LONGEST_S, description="Seconds from now.")]
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Ended(msgspec.Struct, frozen=True):
    """Whether there was an override to end."""

    ended: bool


WANTED_OVERRIDE = Body(WantedOverride, 'for how long and why: {"for_s": 3600, "why": "…"}')


async def list_budgets(call: Call) -> web.StreamResponse:
    """Answer with the state of every budget."""
    return document(_ENCODER.encode(call.services.budget_states()))


async def override_budget(call: Call) -> web.StreamResponse:
    """Let requests pass a budget for a time."""
    overrides, name, now = _overrides(call), call.names["name"], utc_now()
    override = Override(name, now + timedelta(seconds=call.message.for_s), call.message.why, now)
    try:
        await asyncio.to_thread(overrides.set, override, call.services.asks)
    except OSError as error:
        raise _unkept(error) from None
    call.services.budgets.recheck()
    return document(_ENCODER.encode(override))


async def end_override(call: Call) -> web.StreamResponse:
    """End an override before its time."""
    overrides = _overrides(call)
    try:
        ended = await asyncio.to_thread(overrides.remove, call.names["name"], utc_now(), call.services.asks)
    except OSError as error:
        raise _unkept(error) from None
    return document(_ENCODER.encode(Ended(ended)))


def _overrides(call: Call) -> Overrides:
    budgets = call.services.budgets
    if call.names["name"] not in budgets.names or budgets.overrides is None:
        raise Refused(404, f"there is no budget of this name; there is {', '.join(budgets.names) or 'none'}")
    return budgets.overrides


def _unkept(error: OSError) -> Refused:
    return Refused(503, f"the override can't be kept ({error.strerror})")
