"""Handlers for what a team wants to know of itself: what was spent, and the audit log."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, cast

import msgspec
from aiohttp import web

from candela_tui.keys.key import Key
from candela_tui.ledger.usage_report import UsageBy
from candela_tui.proxy.local_api.route import Call, document
from candela_tui.proxy.local_api.services import Services
from candela_tui.reports.audit_record import audit_record
from candela_tui.reports.json_text import json_line
from candela_tui.reports.usage.reading import Wanted, read_report
from candela_tui.reports.usage.records import report_record
from candela_tui.store.history import History
from candela_tui.text.times import Clock

SPEND_BY: Final = {
    by.value: by
    for by in (UsageBy.DAILY, UsageBy.WEEKLY, UsageBy.MONTHLY, UsageBy.MODEL, UsageBy.KEY, UsageBy.USER, UsageBy.TEAM)
}
"""The sums that say nothing of what was asked: a session has a title, a project a path."""
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


class Spend(msgspec.Struct, frozen=True):
    """Sums of what was spent, as `candela report --json` has them."""

    rows: list[dict[str, Any]]
    totals: dict[str, Any]


class AuditRecord(msgspec.Struct, frozen=True):
    """An entry of the audit log."""

    number: int
    at: datetime
    actor: str
    via: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


async def show_spend(call: Call) -> web.StreamResponse:
    """Answer with what was spent, by days in UTC, users and so on."""
    services, query = call.services, call.query
    wanted = Wanted(
        query.get("by", UsageBy.DAILY),
        Clock(zone=UTC),
        since=query.get("since"),
        until=query.get("until"),
        keys=_keys(services),
    )
    # A report without a filter asks for sums and for the newest request, which all that is shown has.
    store = cast("History", services.spend())
    found = await asyncio.to_thread(read_report, store, wanted, _without_prices)
    return document(json_line(report_record(found)))


async def list_audit(call: Call) -> web.StreamResponse:
    """Answer with the entries of the audit log."""
    entries = await asyncio.to_thread(call.services.audit.entries, call.query.get("since"))
    return document(json_line([audit_record(entry) for entry in entries]))


def _keys(services: Services) -> dict[str, Key]:
    """Return whose each key is, in the form that reports take."""
    return {
        owner.key: Key(id="", name=owner.key, prefix="", hash=b"", created_at=_EPOCH, user=owner.user, team=owner.team)
        for owner in services.owners()
    }


def _without_prices() -> NoReturn:
    raise AssertionError("only what-ifs need prices")
