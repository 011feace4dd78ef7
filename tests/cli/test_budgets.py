"""``candela budgets`` and ``candela rules override``: how budgets stand, and letting requests pass one for a time."""

import json
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from candela_tui.text.times import utc_now
from tests.cli.command import Home
from tests.proxy.running import BODY
from tests.reports.exchanges import exchange
from tests.standin import Provider, message, text
from tests.standin.answers import usage

FIELDS = [
    "name", "scope", "target", "window", "starts_at", "resets_at", "limit_usd", "spent_usd", "reserved_usd", "state",
]  # fmt: skip
BUDGET = '[[rules.budgets]]\nname = "my month"\nlimit_usd = 1.5\n'


async def budgets(home: Home) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((await home.run("budgets", "--json")).out)
    return found


async def asked(home: Home) -> tuple[int, str]:
    url = f"http://127.0.0.1:{home.port}/v1/messages"
    async with aiohttp.ClientSession() as client, client.post(url, data=BODY) as answer:
        return answer.status, await answer.text()


async def test_without_a_running_candela_what_is_recorded_counts(home: Home) -> None:
    home.config.write_text(BUDGET)
    recorded = exchange(1, started_at=utc_now() - timedelta(seconds=1))
    home.record(recorded)
    [record] = await budgets(home)
    assert list(record) == FIELDS
    assert recorded.cost is not None
    assert record["spent_usd"] == float(recorded.cost.total)
    assert {**record, "starts_at": 0, "resets_at": 0, "spent_usd": 0} == {
        "name": "my month",
        "scope": "all",
        "target": None,
        "window": "month",
        "starts_at": 0,
        "resets_at": 0,
        "limit_usd": 1.5,
        "spent_usd": 0,
        "reserved_usd": 0,
        "state": "ok",
    }
    assert "my month" in (await home.run("budgets")).out


async def test_without_budgets_it_says_how_to_add_one(home: Home) -> None:
    ran = await home.run("budgets")
    assert (ran.code, ran.out) == (0, "")
    assert "`candela rules add budgets" in ran.err
    assert (await home.run("budgets", "--json")).out == "[]\n"


async def test_an_override_lets_requests_pass_until_it_is_removed(home: Home, provider: Provider) -> None:
    provider.respond = lambda _: message(text("Hi"), usage=usage(100_000), output_tokens=20_000)  # It costs $1.
    await home.run("start")
    await home.run("rules", "add", "budgets", "--name", "my month", "--limit-usd", "1")
    assert (await asked(home))[0] == 200
    # What a request cost is counted a moment after its answer.
    while (await budgets(home))[0]["spent_usd"] == 0:
        pass
    status, refusal = await asked(home)
    assert status == 402
    assert "candela rules override 'my month' --for 1h --why" in refusal
    assert [(each["state"], each["spent_usd"]) for each in await budgets(home)] == [("blocked", 1)]

    made = await home.run("rules", "override", "my month", "--for", "1h", "--why", "release night")
    assert made.out.startswith("'my month' is overridden until ")
    assert made.out.endswith(": release night\n")
    assert (await asked(home))[0] == 200
    assert [each["state"] for each in await budgets(home)] == ["overridden"]
    assert "release night" in (await home.run("budgets")).out

    ended = await home.run("rules", "override", "my month", "--remove")
    assert ended.out == "'my month' is not overridden any more.\n"
    assert (await asked(home))[0] == 402


async def test_an_override_without_a_running_candela_is_kept(home: Home) -> None:
    home.config.write_text(BUDGET)
    await home.run("rules", "override", "my month", "--for", "2d", "--why", "travel")
    assert [each["state"] for each in await budgets(home)] == ["overridden"]
    await home.run("rules", "override", "my month", "--remove")
    assert [each["state"] for each in await budgets(home)] == ["ok"]


async def test_the_budget_of_a_key_is_shown_and_overridden_like_others(home: Home) -> None:
    await home.run("keys", "create", "--name", "ci", "--budget", "5/day")
    assert [(each["name"], each["state"]) for each in await budgets(home)] == [("key ci", "ok")]
    made = await home.run("rules", "override", "key ci", "--for", "1h", "--why", "release night")
    assert made.out.startswith("'key ci' is overridden until ")
    assert [each["state"] for each in await budgets(home)] == ["overridden"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("other", "--for", "1h", "--why", "x"), "no budget named 'other'; there is 'my month'"),
        (("my month", "--for", "1h"), "Say for how long and why"),
        (("my month", "--for", "1h", "--why", " "), "Say for how long and why"),
        (("my month", "--for", "soon", "--why", "x"), "'soon' is not a span of time"),
        (("my month", "--remove", "--why", "x"), "leave out --for and --why"),
    ],
    ids=" ".join,
)
async def test_an_override_says_what_is_wrong(home: Home, arguments: tuple[str, ...], words: str) -> None:
    home.config.write_text(BUDGET)
    ran = await home.run("rules", "override", *arguments)
    assert ran.code != 0
    assert words in ran.err
    assert not (home.data / "overrides.json").exists()
