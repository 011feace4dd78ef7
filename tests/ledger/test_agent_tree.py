"""The agents of a session as a tree, and that their sums are the session's."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from candela_tui.exchange import Delegation, Exchange, Marks, Outcome
from candela_tui.ledger.agent_tree import agent_nodes, agent_tree, branches
from candela_tui.ledger.sessions import summarize
from candela_tui.ledger.totals import sum_of
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import START, cost, exchange

NOW = START + timedelta(hours=1)


def asked(number: int, **known: Any) -> Exchange:
    facts = {"kind": Kind.MESSAGES, "stop_reason": "tool_use", "marks": Marks(end=1500.0), "asked": str(number)}
    return exchange(number, **{**facts, **known})


def test_the_tree_has_each_agent_below_the_one_that_started_it():
    exchanges = [
        asked(1, delegations=(Delegation("count", "Explore", "Count files"),)),
        asked(2, agent_id="a", task="count", delegations=(Delegation("sort", "Plan", None),)),
        asked(3, agent_id="c", parent_agent_id=None, task="other"),
        asked(4, agent_id="b", task="sort"),
        asked(5, agent_id="a", stop_reason="end_turn", cost=cost("0.25"), usage=Usage(1, 2, 0, 0, 4)),
        asked(6, stop_reason="end_turn", model_used="m"),
    ]
    tree = agent_tree("s1", exchanges, NOW)
    assert [(node.stem, node.name, node.agent_id) for node in tree.agents] == [
        ("", "main", None),
        ("├", "Explore", "a"),
        ("│ └", "Plan", "b"),
        ("└", "agent 1", "c"),
    ]
    known = [node.summary for node in tree.agents[1:]]
    assert [(one.parent_agent_id, one.parent_inferred, one.started_by) for one in known if one is not None] == [
        (None, False, "00001"),
        ("a", True, "00002"),
        (None, False, None),
    ]
    explore = tree.agents[1]
    # Minutes 2 and 5, each for a second and a half.
    assert (explore.wall_s, explore.busy_s) == (181.5, 3.0)
    assert (explore.totals.requests, explore.totals.cost) == (2, Decimal("0.25"))
    assert explore.context is not None
    assert explore.context.tokens == 7


def test_agents_that_name_each_other_as_their_parent_are_in_the_tree_once():
    exchanges = [asked(1, agent_id="a", parent_agent_id="b"), asked(2, agent_id="b", parent_agent_id="a")]
    agents = summarize("s1", exchanges).agents.values()
    assert [agent.agent_id for agent, _ in branches(agents)] == ["a", "b"]


@pytest.mark.parametrize("seed", range(10))
def test_the_sums_of_the_agents_and_of_the_turns_are_the_sessions_to_the_last_digit(seed: int):
    chance = random.Random(seed)

    def any_cost() -> Any:
        return chance.choice([None, cost(f"0.{chance.randrange(10**12):012}", at_least=chance.random() < 0.2)])

    exchanges = [
        asked(
            number,
            agent_id=chance.choice([None, "a", "b", "c"]),
            parent_agent_id=chance.choice([None, "a", "b", "gone"]),
            prompt_id=chance.choice([None, "p1", "p2"]),
            kind=chance.choice(list(Kind)),
            outcome=chance.choice(list(Outcome)),
            usage=chance.choice([None, Usage(*(chance.randrange(10**6) for _ in range(5)))]),
            cost=any_cost(),
            saved=chance.choice([None, Decimal(chance.randrange(-(10**9), 10**9)).scaleb(-12)]),
        )
        for number in range(120)
    ]
    tree = agent_tree("s1", exchanges, NOW)
    whole = summarize("s1", exchanges).totals
    assert tree.session.totals == whole
    assert sum_of(node.totals for node in tree.agents) == whole
    assert sum_of(turn.totals for turn in tree.turns) == whole


def test_the_agents_of_one_turn_have_the_figures_of_that_turn():
    exchanges = [
        asked(1, stop_reason="end_turn"),
        asked(2, agent_id="a"),
        asked(3, cost=cost("0.5")),
        asked(4, agent_id="b", parent_agent_id="a", stop_reason="end_turn"),
    ]
    tree = agent_tree("s1", exchanges, NOW)
    turn = tree.turns[1]
    nodes = agent_nodes(tree.session, turn.turn.exchanges, [turn.timing], NOW)
    assert [(node.stem, node.agent_id, node.totals.requests) for node in nodes] == [("", None, 1), ("└", "b", 1)]
    assert sum_of(node.totals for node in nodes) == turn.totals
    assert turn.agents == 2


def test_the_time_between_turns_is_no_wall_time_of_the_main_agent():
    tree = agent_tree("s1", [asked(1, stop_reason="end_turn"), asked(9, stop_reason="end_turn")], NOW)
    assert tree.agents[0].wall_s == 3.0
