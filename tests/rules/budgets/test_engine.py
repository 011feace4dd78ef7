"""What budgets count, and for whom."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.config import RulesSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import RouteName
from candela_tui.rules.budgets.account import Amount
from candela_tui.rules.budgets.engine import Budgets, NotReady, Refusal
from candela_tui.rules.budgets.overrides import OverridesFile
from candela_tui.rules.budgets.state import BudgetStanding, Override
from candela_tui.rules.budgets.targets import Owner, Place
from tests.rules.budgets.making import NOON, NOWHERE, answered, asked, budgets_of, request

BUDGET: dict[str, Any] = {"name": "b", "window": "day", "limit_usd": 1}


class Made:
    """Budgets at a moment that a test moves."""

    def __init__(self, *settings: dict[str, Any], **more: Any) -> None:
        self.now = NOON
        self.notices: list[str] = []
        self.reached: list[tuple[str, float]] = []
        self.budgets: Budgets = budgets_of(*settings, notify=self.notices.append, now=lambda: self.now, **more)
        self.budgets.on_reached = lambda budget, reached: self.reached.append((budget.name, reached.mark))
        self.noted: list[RuleAction] = []

    def spend(self, usd: str, **facts: Any) -> Exchange:
        """A request that was answered."""
        exchange = request(f"spent-{len(self.noted)}-{usd}", self.now, **facts)
        answer = answered(exchange, usd)
        self.budgets.ended(answer, None)
        return answer

    async def ask(self, id: str = "asked", place: Place = NOWHERE, most: Any = None, **facts: Any) -> Refusal | None:
        exchange = request(id, self.now, **facts)
        return await self.budgets.admit(asked(exchange, *self.budgets.names, place=place, most=most), self.noted.append)


async def test_a_request_that_ends_while_there_is_no_budget_reserves_nothing_in_later_ones() -> None:
    made = Made(BUDGET)
    assert await made.ask("1") is None
    made.budgets.configure(RulesSettings())
    made.budgets.ended(answered(request("1", NOON), "0.5"), None)
    made.budgets.configure(RulesSettings.model_validate({"budgets": [BUDGET]}))
    made.budgets.begin()
    [state] = made.budgets.states()
    assert (state.in_flight, state.reserved_usd) == (0, 0)


@pytest.mark.parametrize(
    ("scope", "same", "other"),
    [
        ("session", {}, {"session_id": "s2"}),
        ("agent", {"agent_id": "a"}, {"agent_id": "b"}),
        ("turn", {"prompt_id": "p1"}, {"prompt_id": "p2"}),
        ("model", {"model": "claude-opus-4-8-20260401"}, {"model": "claude-haiku-4-5"}),
        ("route", {}, {"route": RouteName.VERTEX}),
        ("key", {"key": "laptop"}, {"key": "server"}),
    ],
)
async def test_each_target_of_a_scope_has_the_limit_for_itself(
    scope: str, same: dict[str, Any], other: dict[str, Any]
) -> None:
    made = Made({**BUDGET, "scope": scope})
    made.spend("1", **same)
    assert await made.ask("other", **other) is None
    refusal = await made.ask("same", **same)
    assert refusal is not None
    assert f" for {scope} " in refusal.words


async def test_a_user_and_a_team_are_those_of_the_key() -> None:
    made = Made({**BUDGET, "scope": "user"}, {**BUDGET, "name": "c", "scope": "team", "limit_usd": 2})
    owners = [("one", Owner("ada", "web")), ("two", Owner("ada", "web")), ("three", Owner("eve", "web"))]
    made.budgets.configure(made.budgets._settings, owners)
    made.spend("1", key="one")
    refusal = await made.ask("2", key="two")
    assert refusal is not None
    assert (refusal.budget, refusal.state.target) == ("b", "ada")
    assert await made.ask("3", key="three") is None
    made.budgets.ended(answered(request("3", made.now, key="three"), "1"), None)
    refusal = await made.ask("4", key="three")
    assert refusal is not None
    assert (refusal.budget, refusal.state.target) == ("b", "eve")
    assert [state.spent_usd for state in made.budgets.states()] == [1, 1, 2]


async def test_each_member_of_a_team_has_the_limit_for_itself() -> None:
    made = Made({**BUDGET, "scope": "user", "team": "web"})
    made.budgets.configure(made.budgets._settings, [("one", Owner("ada", "web")), ("two", Owner("eve", "infra"))])
    made.spend("1", key="one")
    made.spend("5", key="two")
    made.spend("5")
    assert [(state.target, state.spent_usd) for state in made.budgets.states()] == [("ada", 1)]


async def test_what_was_spent_is_counted_again_when_a_key_goes_to_another_team() -> None:
    made = Made({**BUDGET, "scope": "team"})
    made.budgets.configure(made.budgets._settings, [("one", Owner("ada", "web"))])
    made.spend("1", key="one")
    made.budgets.configure(made.budgets._settings, [("one", Owner("ada", "web")), ("two", Owner("eve", "web"))])
    assert made.budgets.states()[0].spent_usd == 1, "a new key changes nothing"
    made.budgets.configure(made.budgets._settings, [("one", Owner("ada", "infra"))])
    assert made.budgets.states()[0].spent_usd == 0


async def test_a_project_and_a_branch_are_those_of_the_session() -> None:
    made = Made({**BUDGET, "scope": "project"}, {**BUDGET, "name": "c", "scope": "branch", "limit_usd": 5})
    here, there = Place("/work/api", "main"), Place("/work/web", "main")
    await made.ask("first", place=here)
    made.budgets.ended(answered(request("first", made.now), 1), None)
    assert await made.ask("second", place=there) is None
    refusal = await made.ask("third", place=here)
    assert refusal is not None
    assert (refusal.budget, refusal.state.target) == ("b", "/work/api")
    assert [state.target for state in made.budgets.states()] == [
        "/work/api",
        "/work/web",
        "/work/api:main",
        "/work/web:main",
    ]


async def test_the_next_window_begins_with_nothing() -> None:
    made = Made(BUDGET)
    made.spend("1")
    assert await made.ask() is not None
    made.now += timedelta(days=1)
    assert await made.ask() is None
    [state] = made.budgets.states()
    assert (state.state, state.spent_usd, state.reserved_usd) == (BudgetStanding.BLOCKED, 0, 1)
    made.budgets.give_back("asked")
    [state] = made.budgets.states()
    assert (state.state, state.reserved_usd) == (BudgetStanding.OK, 0)


async def test_what_leaves_a_rolling_window_counts_no_more() -> None:
    made = Made({**BUDGET, "window": "rolling:5h"})
    made.spend("0.6")
    made.now += timedelta(hours=3)
    made.spend("0.4")
    [state] = made.budgets.states()
    assert (state.state, state.resets_at) == (BudgetStanding.BLOCKED, NOON + timedelta(hours=5))
    made.now += timedelta(hours=2, minutes=1)
    [state] = made.budgets.states()
    assert (state.state, state.spent_usd, state.last_hour_usd) == (BudgetStanding.OK, Decimal("0.4"), 0)


async def test_what_is_free_counts_nothing_and_what_has_no_price_counts_tokens() -> None:
    made = Made(BUDGET, {"name": "t", "window": "total", "limit_tokens": 1500})
    made.budgets.ended(answered(request("count", kind=Kind.COUNT_TOKENS), 5), None)
    made.budgets.ended(answered(request("own"), 0, cost=None, unpriced_model="my-model"), None)
    in_usd, in_tokens = made.budgets.states()
    assert (in_usd.spent_usd, in_usd.spent_tokens, in_usd.unpriced_models) == (0, 1000, ("my-model",))
    refusal = await made.ask()
    assert refusal is not None
    assert (refusal.budget, in_tokens.resets_at) == ("t", None)
    assert "(1,000 of 1,500 tokens spent, about 1,000 tokens for this request)" in refusal.words
    assert made.noted[-1].words == "1,000 of 1,500 tokens spent, about 1,000 tokens for this request"


async def test_each_part_of_the_limit_is_told_once_in_a_window() -> None:
    made = Made({**BUDGET, "warn_at": [0.5, 0.8], "on_breach": "warn"})
    for usd in ("0.5", "0.1", "0.3", "0.2", "0.2"):
        made.spend(usd)
    assert made.reached == [("b", 0.5), ("b", 0.8), ("b", 1.0)]
    assert made.notices[0] == 'The budget "b" is at 50%: $0.50 of $1.00 spent. It resets at Nov 19 00:00.'
    made.now += timedelta(days=1)
    made.spend("0.6")
    assert made.reached[3:] == [("b", 0.5)]


async def test_a_budget_that_warns_or_is_tried_refuses_nothing_and_says_what_it_would_do() -> None:
    made = Made({**BUDGET, "on_breach": "warn"}, {**BUDGET, "name": "c", "dry_run": True})
    made.spend("1")
    assert await made.ask() is None
    assert [(each.rule, each.action, each.dry_run) for each in made.noted] == [
        ("b", "warn", False),
        ("c", "refuse", True),
    ]
    assert [state.state for state in made.budgets.states()] == [BudgetStanding.WARNED, BudgetStanding.WARNED]


async def test_a_request_nothing_is_known_of_waits_for_another_such_request() -> None:
    made = Made(BUDGET)
    assert await made.ask("first") is None
    second = asyncio.create_task(made.ask("second", session_id="s2"))
    await asyncio.sleep(0)
    assert not second.done()
    assert made.budgets.states()[0].waiting == 1
    made.budgets.ended(answered(request("first"), "0.2"), None)
    assert await second is None


@pytest.mark.parametrize("passed", [timedelta(seconds=61), timedelta(days=1)])
async def test_it_goes_on_once_time_alone_has_made_room(passed: timedelta) -> None:
    made = Made(BUDGET, look_again_s=0)
    assert await made.ask("never recorded") is None
    second = asyncio.create_task(made.ask("second", session_id="s2"))
    await asyncio.sleep(0)
    assert not second.done()
    made.now += passed
    assert await second is None


async def test_it_does_not_wait_where_even_the_most_that_they_can_cost_fits() -> None:
    made = Made(BUDGET)
    half = Amount(Decimal("0.5"), 100)
    assert await made.ask("first", most=half) is None
    assert await made.ask("second", most=half, session_id="s2") is None
    third = asyncio.create_task(made.ask("third", most=half, session_id="s3"))
    await asyncio.sleep(0)
    assert not third.done()
    made.budgets.give_back("first")
    assert await third is None


async def test_what_an_answer_already_cost_is_reserved_while_it_is_live() -> None:
    made = Made(BUDGET)
    await made.ask("live")
    made.budgets.grew(answered(request("live"), "0.9", outcome=Outcome.LIVE), None)
    assert made.budgets.states()[0].reserved_usd == Decimal("0.9")
    made.budgets.ended(answered(request("live"), "0.95"), None)
    assert made.budgets.states()[0].reserved_usd == 0


async def test_a_reservation_whose_request_never_comes_ends_by_itself() -> None:
    made = Made(BUDGET)
    made.spend("0.2")
    await made.ask("offered")
    assert made.budgets.states()[0].reserved_usd == Decimal("0.2")
    made.now += timedelta(seconds=61)
    assert made.budgets.states()[0].reserved_usd == 0


async def test_an_override_lets_requests_pass_until_it_ends(tmp_path: Path) -> None:
    made = Made(BUDGET, overrides=OverridesFile(tmp_path / "overrides.json"))
    made.spend("1")
    assert await made.ask() is not None
    # As another process does it.
    OverridesFile(tmp_path / "overrides.json").set(Override("b", NOON + timedelta(hours=1), "a release", NOON))
    made.noted.clear()
    assert await made.ask() is None
    assert [each.action for each in made.noted] == ["warn"]
    assert made.noted[0].words.endswith("spent, about $1.00 for this request; overridden: a release")
    [state] = made.budgets.states()
    assert state.state is BudgetStanding.OVERRIDDEN
    assert state.override is not None
    assert state.override.why == "a release"
    made.now += timedelta(hours=1)
    assert await made.ask("later") is not None
    made.now -= timedelta(minutes=30)
    assert OverridesFile(tmp_path / "overrides.json").remove("b", made.now)
    assert await made.ask("removed") is not None


async def test_budgets_that_change_keep_what_is_in_flight() -> None:
    made = Made(BUDGET)
    made.spend("0.3")
    await made.ask("live")
    made.budgets.configure(RulesSettings.model_validate({"budgets": [{**BUDGET, "limit_usd": 2}], "timezone": "UTC"}))
    made.budgets.begin()
    assert made.budgets.states()[0].reserved_usd == Decimal("0.3")
    made.budgets.ended(answered(request("live"), "0.4"), None)
    [state] = made.budgets.states()
    assert (state.reserved_usd, state.spent_usd) == (0, Decimal("0.4"))


@pytest.mark.parametrize("fail", ["open", "closed"])
async def test_without_knowing_what_was_spent_a_closed_budget_lets_nothing_pass(fail: str) -> None:
    made = Made({**BUDGET, "fail": fail})
    made.budgets.begin(incomplete=True)
    if fail == "closed":
        with pytest.raises(NotReady):
            await made.ask()
    else:
        assert await made.ask() is None


async def test_the_fullest_budget_of_a_request_is_known() -> None:
    made = Made(BUDGET, {**BUDGET, "name": "c", "limit_usd": 4}, {**BUDGET, "name": "d", "scope": "turn"})
    assert made.budgets.full(asked(request("x"), "b", "c", "d")) == 0
    made.spend("0.8")
    assert made.budgets.full(asked(request("x"), "b", "c", "d")) == 0.8
    assert made.budgets.full(asked(request("x"), "b", "c", "d"), "c") == 0.2
    assert made.budgets.full(asked(request("x"), "c")) == 0.2
