"""``candela prices`` and ``candela reprice``."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.analysis.costs import with_cost
from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.pricing import PriceBasis, Pricer
from candela_tui.store.reader import StoreReader
from tests.cli.command import Home, Result
from tests.cli.typist import typing
from tests.pricing.raw_data import model, published
from tests.reports.exchanges import SESSION, exchange
from tests.standin import Provider
from tests.standin.answers import Answer

OPUS = "claude-opus-4-8"


def opus_at_six(document: list[Any]) -> None:
    model(document, "anthropic", OPUS)["prices"].update(input_mtok=6)


@pytest.fixture
def newer(home: Home) -> Path:
    """A file with newer data, in which input to one model costs 6 instead of 5."""
    file = home.directory / "newer.json"
    file.write_bytes(published(opus_at_six))
    return file


def documents(ran: Result) -> Any:
    assert ran.code == 0, ran.err
    return json.loads(ran.out, parse_float=Decimal)


async def test_the_prices_of_a_model_have_their_dates_tiers_and_source(home: Home) -> None:
    ran = await home.run("prices", "claude-haiku-5-5")
    rows = [line.split() for line in ran.out.splitlines()]
    assert [OPUS[:6], "anthropic"] != rows[0]
    assert ["claude-haiku-5-5", "anthropic", "$0.1", "$0.01", "$0.125", "$0.2", "$0.5"] in rows
    assert ["claude-haiku-5-5", "anthropic", "prompt", ">", "100,000", "$0.5", "$0.05", "$0.625", "$1", "$2.5"] in rows
    assert "genai-prices 0." in ran.err
    assert "https://www.anthropic.com/pricing" in ran.err


async def test_prices_as_json_are_exact(home: Home) -> None:
    document = documents(await home.run("prices", OPUS, "--json"))
    first = document["prices"][0]
    assert (first["price_list"], first["model"], first["cache_write_5m_usd"]) == ("anthropic", OPUS, Decimal("6.25"))
    assert document["price_data"]["source"] == "the package genai-prices"
    assert len(documents(await home.run("prices", "--json"))["prices"]) > 100


async def test_a_model_without_a_price_is_named_with_what_to_do(home: Home) -> None:
    ran = await home.run("prices", "local-llama")
    assert ran.code == 1
    assert "No price is known for local-llama" in ran.err
    assert '[pricing.models."local-llama"]' in ran.err


async def test_newer_data_from_a_file_is_shown_kept_and_used(home: Home, newer: Path) -> None:
    ran = await home.run("prices", "update", "--from", str(newer))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[:2] == [
        f"- {OPUS} anthropic $5 $0.5 $6.25 $10 $25",
        f"+ {OPUS} anthropic $6 $0.5 $6.25 $10 $25",
    ]
    document = documents(await home.run("prices", OPUS, "--json"))
    assert document["prices"][0]["input_usd"] == 6
    assert document["price_data"]["source"] == str(newer)
    assert (home.data / "prices.json").stat().st_mode & 0o077 == 0


async def test_newer_data_is_fetched_only_when_the_user_asks(home: Home) -> None:
    async with Provider() as provider:
        provider.respond = lambda _: Answer([published(opus_at_six)])
        await home.run("prices", OPUS)
        assert provider.requests == []
        changes = documents(await home.run("prices", "update", "--json", "--from", f"{provider.url}/data.json"))
        assert [request.path for request in provider.requests] == ["/data.json"]
    assert [[row["input_usd"] for row in changes[name]] for name in ("removed", "added")] == [[5], [6]]


async def test_data_that_can_not_be_had_or_used_changes_nothing(home: Home) -> None:
    async with Provider() as provider:
        provider.respond = lambda _: Answer(status=404)
        for source, why in (
            (f"{provider.url}/data.json", "HTTP 404"),
            ("http://127.0.0.1:9/data.json", "Connection refused"),
            (str(home.directory / "nothing"), "No such file"),
            (str(home.directory), "Is a directory"),
        ):
            ran = await home.run("prices", "update", "--from", source)
            assert ran.code == 1
            assert f"{source} can't be read: {why}" in ran.err
    wrong = home.directory / "wrong.json"
    wrong.write_text("[]")
    ran = await home.run("prices", "update", "--from", str(wrong))
    assert (ran.code, f"The data of {wrong} is not used. It has no price list" in ran.err) == (1, True)
    ran = await home.run("prices", "update", "--from", "http://example.com/data.json")
    assert (ran.code, "use https" in ran.err) == (2, True)
    assert not (home.data / "prices.json").exists()


def priced(number: int, **changes: Any) -> Exchange:
    """An exchange with the cost that capture gives it today."""
    made = exchange(number, cost=None, **changes)
    return with_cost(made, PriceBasis("", made.provider, final=made.outcome is Outcome.OK), Pricer(PricingSettings()))


@pytest.fixture
def recorded(home: Home) -> Home:
    home.record(
        priced(1),
        priced(2, subscription=True),
        priced(3, outcome=Outcome.CUT, unread="it ended early"),
        priced(4, model="claude-sonnet-5", model_used="claude-sonnet-5"),
        priced(5, model="local", model_used="local"),
        exchange(6, usage=None, cost=None),
        request=b'{"model": "claude-opus-4-8"}',
        response=b"the answer",
    )
    return home


def stored(home: Home) -> dict[str, Exchange]:
    return {each.id: each for each in StoreReader(home.data / "candela.db").exchanges()}


async def test_with_the_same_prices_nothing_changes(recorded: Home) -> None:
    before = stored(recorded)
    ran = await recorded.run("reprice")
    assert ran.out.startswith("No cost changes: 5 requests checked with genai-prices 0.")
    assert stored(recorded) == before


async def test_a_dry_run_shows_what_would_change_by_model_and_changes_nothing(recorded: Home, newer: Path) -> None:
    await recorded.run("prices", "update", "--from", str(newer))
    before = stored(recorded)
    document = documents(await recorded.run("reprice", "--dry-run", "--json"))
    assert (document["written"], document["checked"], document["kept"]) == (False, 5, 0)
    [row] = document["models"]
    assert (row["model"], row["requests"]) == (OPUS, 3)
    # 12 tokens of input each, at a dollar more per million.
    assert row["after_usd"] - row["before_usd"] == Decimal("0.000036")
    assert document["totals"] == {name: value for name, value in row.items() if name != "model"}
    rows = [line.split() for line in (await recorded.run("reprice", "--dry-run")).out.splitlines()]
    assert [row[:3] for row in rows[1:]] == [[OPUS, "3", "$0.088"], ["total", "3", "$0.088"]]
    assert stored(recorded) == before


async def test_costs_are_written_exactly_and_all_else_stays(recorded: Home, newer: Path) -> None:
    before = stored(recorded)
    await recorded.run("prices", "update", "--from", str(newer))
    promised = documents(await recorded.run("reprice", "--dry-run", "--json"))
    done = documents(await recorded.run("reprice", "--yes", "--json"))
    assert done == {**promised, "written": True}
    after = stored(recorded)
    for id, each in after.items():
        changed = before[id].usage is not None and each.model_used == OPUS
        assert (each.cost != before[id].cost) == changed
        if changed:
            basis = each.price_basis
            assert basis is not None
            assert basis.prices.startswith("genai-prices of ")
            dearer = each.cost and each.cost.total, before[id].cost and before[id].cost.total
            assert dearer[0] - dearer[1] == Decimal("0.000012")
    assert after["0198-0003"].cost.at_least
    assert (after["0198-0003"].unread, after["0198-0002"].subscription) == ("it ended early", True)
    assert (await recorded.run("show", "0198-0001", "--raw", "response")).raw == b"the answer"
    assert (await recorded.run("reprice", "--yes")).out.startswith("No cost changes")


async def test_the_sums_are_the_same_on_every_way_to_them(recorded: Home, newer: Path) -> None:
    await recorded.run("prices", "update", "--from", str(newer))
    done = documents(await recorded.run("reprice", "--yes", "--json"))
    [session] = [each for each in documents(await recorded.run("sessions", "--json")) if each["session_id"] == SESSION]
    listed = documents(await recorded.run("requests", "--json"))
    assert session["cost_usd"] == sum(each["cost_usd"] or 0 for each in listed)
    opus = [each for each in listed if each["model_used"] == OPUS and each["cost_usd"]]
    assert sum(each["cost_usd"] for each in opus) == done["totals"]["after_usd"]
    assert {each["price_data"] for each in opus} == {done["price_data"]}


async def test_a_price_of_the_users_own_prices_what_had_none(recorded: Home) -> None:
    recorded.config.write_text('[pricing.models."local"]\ninput = 1\noutput = 2\n')
    done = documents(await recorded.run("reprice", "--yes", "--json"))
    assert [(row["model"], row["priced_now"]) for row in done["models"]] == [("local", 1)]
    assert stored(recorded)["0198-0005"].unpriced_model is None


async def test_it_asks_before_it_writes(recorded: Home, newer: Path) -> None:
    await recorded.run("prices", "update", "--from", str(newer))
    before = stored(recorded)
    ran = await recorded.run("reprice")
    assert (ran.code, "Give --yes" in ran.err) == (2, True)
    async with typing(recorded, "reprice") as typist:
        await typist.sees("Write these costs? [y/N]: ")
        await typist.types("n")
        assert await typist.ended() == 1
    assert stored(recorded) == before
    async with typing(recorded, "reprice") as typist:
        await typist.sees("Write these costs? [y/N]: ")
        await typist.types("y")
        await typist.sees("3 requests changed.")
        assert await typist.ended() == 0
    assert stored(recorded) != before


async def test_while_candela_runs_its_new_records_stay_as_they_are(recorded: Home, newer: Path) -> None:
    await recorded.run("start")
    await recorded.run("prices", "update", "--from", str(newer))
    ran = await recorded.run("reprice", "--yes")
    assert (ran.code, "3 requests changed." in ran.out) == (0, True)
    assert "shows the new sums after a restart" in ran.err
    assert json.loads((await recorded.run("status", "--json")).out)["running"]
