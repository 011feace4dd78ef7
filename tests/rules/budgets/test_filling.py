"""What was spent before is counted while requests already come."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from candela_tui.config import PricingSettings, RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.ledger.running import RunningLedger
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage
from candela_tui.providers.exchange_ids import id_at
from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.engine import Budgets, Refusal
from candela_tui.store.history import EVERYTHING, ExchangeQuery
from candela_tui.store.reader import StoreReader
from candela_tui.text.times import Clock
from tests.rules.budgets.making import NOON, asked, cost_of, request
from tests.store.recording import exchange, store_whole, writing

COST_1 = {"usage": Usage(input_tokens=1000, output_tokens=0), "cost": cost_of(1)}


class LongHistory(StoreReader):
    """A store that is read on only once it may be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.may_go_on = threading.Event()

    def each_cost(self, query: ExchangeQuery = EVERYTHING) -> Iterator[list[Exchange]]:
        assert self.may_go_on.wait(30)
        yield from super().each_cost(query)


async def test_a_request_that_fits_whatever_was_spent_before_does_not_wait_for_the_count(tmp_path: Path) -> None:
    earlier = NOON - timedelta(hours=1)
    with writing(tmp_path / "candela.db") as (writer, _):
        for number in range(3):
            live = exchange(id=f"{id_at(earlier)}-{number}", started_at=earlier, session_id=f"s{number}", **COST_1)
            store_whole(writer, live)
    store = LongHistory(tmp_path / "candela.db")
    budgets = Budgets(Pricer(PricingSettings()), RunningLedger(Clock()), now=lambda: NOON)
    settings = {"timezone": "UTC", "budgets": [{"name": "b", "window": "day", "scope": "session", "limit_usd": 5}]}
    budgets.configure(RulesSettings.model_validate(settings))

    async def ask(id: str, most: Amount | None) -> Refusal | None:
        return await budgets.admit(asked(request(id, NOON, session_id="s0"), "b", most=most), lambda _: None)

    filling = asyncio.create_task(budgets.fill(store))
    try:
        # $3 were spent before, for three sessions: $1 more fits in any case, and $3 only once it is known for whom.
        assert await ask("small", Amount(Decimal(1), 1000)) is None
        budgets.give_back("small")
        large = asyncio.create_task(ask("large", Amount(Decimal(3), 1000)))
        unknown = asyncio.create_task(ask("unknown", None))
        for _ in range(10):
            await asyncio.sleep(0)
        assert [large.done(), unknown.done()] == [False, False]
    finally:
        store.may_go_on.set()
    await filling
    assert await large is None
    budgets.give_back("large")
    assert await unknown is None
