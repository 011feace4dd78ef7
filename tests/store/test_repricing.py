"""New costs are written only where nothing else has changed the exchange meanwhile."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from candela_tui.analysis.cache_miss import measured_of
from candela_tui.exchange import Cost, Exchange
from candela_tui.exchange.cache_diagnosis import CacheResult
from candela_tui.pricing import PriceBasis
from candela_tui.protocol.usage import Usage
from candela_tui.store.errors import StoreError
from candela_tui.store.reader import StoreReader
from candela_tui.store.repricing import cost_writer, recorded
from tests.store.recording import ended, exchange, writing

COST = Cost(Decimal("0.006"), Decimal("0.000000000001"), Decimal(0), Decimal("0.000175"), Decimal("0.01"), True)


def dearer(before: Exchange) -> Exchange:
    """The exchange with another cost."""
    cost = replace(COST, input=Decimal("12345.000000000001"), at_least=False)
    notes, basis = ("a note",), PriceBasis("other", "anthropic", True)
    return replace(
        before, cost=cost, saved=Decimal("-0.5"), cost_notes=notes, price_basis=basis, client_cost=Decimal(1)
    )


def stored(path: Path, count: int) -> list[Exchange]:
    with writing(path) as (writer, _):
        for number in range(count):
            made = exchange(number, usage=Usage(1, 2, 3, 4, 5), cost=COST if number % 2 else None)
            writer.begin(made, b"{}")
            writer.end(ended(made), [b"answer"], [1.0])
    return StoreReader(path).exchanges()


def test_all_pages_together_are_all_exchanges_the_newest_first(path: Path, reader: StoreReader) -> None:
    made = stored(path, 2300)
    pages = list(recorded(reader))
    assert [len(page) for page in pages] == [1000, 1000, 300]
    assert [each for page in reversed(pages) for each in page] == made


@pytest.mark.both_databases
def test_a_new_cost_is_written_to_the_last_digit_beside_a_candela_that_writes(path: Path, reader: StoreReader) -> None:
    made = stored(path, 450)
    with writing(path) as (writer, reports), cost_writer(path) as costs:
        assert len(costs.write([(each, dearer(each)) for each in made])) == 450
        live = exchange(1000)
        writer.begin(live, b"{}")
        writer.end(ended(live), [b"x"], [1.0])
        reports.wait_until_stored(live.id)
    assert [replace(each, pid=None) for each in reader.exchanges()][:-1] == [
        replace(dearer(each), pid=None) for each in made
    ]


@pytest.mark.both_databases
def test_what_another_process_has_changed_or_removed_stays(path: Path, reader: StoreReader) -> None:
    first, second, third = stored(path, 3)
    with cost_writer(path) as costs, cost_writer(path) as other:
        other.write([(first, dearer(first))])
        gone = replace(second, id="gone")
        changes = [(first, replace(first, cost=None)), (gone, dearer(gone)), (third, dearer(third))]
        assert costs.write(changes) == [(third, dearer(third))]
    assert [each.cost for each in reader.exchanges()] == [dearer(first).cost, second.cost, dearer(third).cost]


def test_a_live_exchange_is_left_to_the_candela_that_records_it(path: Path) -> None:
    with writing(path) as (writer, _):
        writer.begin(exchange(1), b"{}")
    [live] = StoreReader(path).exchanges()
    with cost_writer(path) as costs:
        assert costs.write([(live, dearer(live))]) == []


def test_a_store_that_can_not_be_written_is_named(path: Path) -> None:
    [made] = stored(path, 1)
    with cost_writer(path) as costs, cost_writer(path) as other:
        other._connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=f"can't be written to {path}"):
            costs.write([(made, dearer(made))])


def test_what_writing_again_cost_is_written_too(path: Path, reader: StoreReader) -> None:
    (made,) = stored(path, 1)
    result = CacheResult(measured_of(made.usage, ()), Decimal("0.25"))
    with cost_writer(path) as costs:
        costs.write([(made, replace(dearer(made), cache=result))])
    assert reader.exchanges()[0].cache == result
