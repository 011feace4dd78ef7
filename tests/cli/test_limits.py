"""``candela limits``: the windows of a subscription, from the answers that are recorded."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from candela_tui.exchange import Exchange
from tests.cli.command import Home
from tests.reports.exchanges import SESSION, exchange

PLACE = "anthropic-ratelimit-unified"


def answer(number: int, hours_ago: float, used: str, **changes: Any) -> Exchange:
    now = datetime.now(UTC)
    reset = int((now + timedelta(hours=2, seconds=-1)).timestamp())
    stated = ((f"{PLACE}-5h-reset", str(reset)), (f"{PLACE}-5h-utilization", used), (f"{PLACE}-5h-status", "allowed"))
    fields = {"started_at": now - timedelta(hours=hours_ago), "rate_limits": stated, "subscription": True, **changes}
    return exchange(number, **fields)


def three_answers() -> tuple[Exchange, ...]:
    return answer(1, 2.5, "0.10"), answer(2, 1, "0.30", agent_id="a7"), answer(3, 0.5, "0.70")


async def test_json_says_who_used_how_much(home: Home) -> None:
    home.record(*three_answers())
    document = json.loads((await home.run("limits", "--json")).out, parse_float=Decimal)
    (window,) = document["windows"]
    assert (window["name"], window["ended"], window["status"]) == ("5h", False, "allowed")
    assert window["utilization"] == Decimal("0.7")
    assert [level["utilization"] for level in window["levels"]] == [Decimal(level) for level in ("0.1", "0.3", "0.7")]
    assert (window["before_recording"], window["elsewhere"]) == (Decimal("0.1"), 0)
    assert window["shares_inferred_from"] == "cost"
    assert [(share["session_id"], share["agent_id"], share["rise"]) for share in window["shares"]] == [
        (SESSION, "a7", Decimal("0.4")),
        (SESSION, None, Decimal("0.2")),
    ]
    assert window["pace"]["over_s"] == 3600
    assert window["pace"]["full_at"] is not None


async def test_text_has_the_pace_the_plot_and_the_shares(home: Home) -> None:
    home.record(*three_answers())
    said = (await home.run("limits")).out
    assert said.startswith("5 hours: 70% used · resets in 1h59 (")
    assert "an hour over the last 1h00 · full in" in said
    assert "100% │" in said
    assert "before the first recorded answer" in said
    assert "are inferred" in said


async def test_a_window_that_has_ended_is_listed(home: Home) -> None:
    home.record(answer(1, 8, "0.7", rate_limits=_ended("0.7")))
    said = (await home.run("limits")).out
    assert said.startswith("Ended\n  5 hours  ")
    assert "70% used" in said
    assert (await home.run("limits", "--since", "1h")).out == ""


async def test_without_a_window_it_says_why(home: Home) -> None:
    empty = await home.run("limits")
    assert (empty.code, empty.out) == (0, "")
    assert "Nothing has been recorded" in empty.err
    home.record(exchange(1))
    assert "API keys" in (await home.run("limits")).err
    assert json.loads((await home.run("limits", "--json")).out)["windows"] == []


def _ended(used: str) -> tuple[tuple[str, str], ...]:
    reset = int((datetime.now(UTC) - timedelta(hours=6)).timestamp())
    return ((f"{PLACE}-5h-reset", str(reset)), (f"{PLACE}-5h-utilization", used))
