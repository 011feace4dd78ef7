"""The budgets over the local API: how they stand, and overriding one for a time."""

import asyncio
from datetime import timedelta
from typing import Annotated

import msgspec
from aiohttp import web

from candela_tui.audit.entry import AuditError
from candela_tui.protocol.errors import error_body
from candela_tui.proxy.request_body import BodyTooLarge, read_body
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.state import Override
from candela_tui.store.errors import StoreError
from candela_tui.text.times import utc_now

_MOST_BYTES = 10_000
_LONGEST_S = 366 * 86_400
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_JSON = "application/json"


class _Wanted(msgspec.Struct):
    for_s: Annotated[float, msgspec.Meta(gt=0, le=_LONGEST_S)]
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


_WANTED = msgspec.json.Decoder(_Wanted)


def budgets_document(budgets: Budgets) -> bytes:
    """Return the state of every budget as JSON."""
    return _ENCODER.encode(budgets.states())


async def overridden(request: web.BaseRequest, budgets: Budgets, name: str) -> web.Response:
    """Override a budget for a time (POST), or end that (DELETE)."""
    if request.method not in ("POST", "DELETE"):
        return _refusal(405, "use POST to override a budget, DELETE to end that", {"Allow": "POST, DELETE"})
    if name not in budgets.names or budgets.overrides is None:
        return _refusal(404, f"there is no budget of this name; there is {', '.join(budgets.names) or 'none'}")
    now = utc_now()
    try:
        if request.method == "DELETE":
            ended = await asyncio.to_thread(budgets.overrides.remove, name, now)
            return _answer({"ended": ended})
        wanted = _WANTED.decode(await read_body(request, _MOST_BYTES))
        override = Override(name, now + timedelta(seconds=wanted.for_s), wanted.why, now)
        await asyncio.to_thread(budgets.overrides.set, override)
    except (BodyTooLarge, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _refusal(400, 'say for how long and why: {"for_s": 3600, "why": "…"}')
    except (AuditError, StoreError) as error:
        return _refusal(503, str(error))
    except OSError as error:
        return _refusal(503, f"the override can't be kept ({error.strerror})")
    budgets.recheck()
    return _answer(override)


def _answer(document: object) -> web.Response:
    return web.Response(body=_ENCODER.encode(document), content_type=_JSON)


def _refusal(status: int, words: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=error_body(status, words), content_type=_JSON, headers=headers)
