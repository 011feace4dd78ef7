"""What a session adds up to."""

import random
from datetime import timedelta
from decimal import Decimal

from candela_tui.exchange import Delegation, Outcome
from candela_tui.ledger.sessions import by_session, summarize
from candela_tui.protocol.claude_code.session_clues import SessionClues
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import cost, exchange


def test_a_session_adds_up_tokens_cost_and_errors():
    session = summarize(
        "s1",
        [
            exchange(1, usage=Usage(10, 80, 5, 5, 7), cost=cost("0.1")),
            exchange(2, usage=Usage(10, None, None, None, 3), cost=cost("0.2"), outcome=Outcome.CUT),
            exchange(3, outcome=Outcome.ERROR),
            exchange(4, outcome=Outcome.LIVE),
        ],
    )
    totals = session.totals
    assert (totals.requests, totals.live, totals.errors) == (4, 1, 2)
    assert (totals.input_tokens, totals.cache_read_tokens, totals.output_tokens) == (20, 80, 10)
    assert (totals.cache_write_5m_tokens, totals.cache_write_1h_tokens, totals.prompt_tokens) == (5, 5, 110)
    assert totals.cost == Decimal("0.3")
    assert totals.cache_hit_rate == 80 / 110
    assert (session.started_at, session.last_at) == (exchange(1).started_at, exchange(4).started_at)


def test_nothing_priced_is_no_cost_and_not_zero():
    totals = summarize("s1", [exchange(1, usage=Usage(1, output_tokens=1), unpriced_model="m")]).totals
    assert (totals.cost, totals.unpriced) == (None, 1)


def test_a_cost_that_is_at_least_makes_the_sum_an_at_least():
    assert summarize("s1", [exchange(1, cost=cost("1")), exchange(2, cost=cost("1", at_least=True))]).totals.at_least
    assert not summarize("s1", [exchange(1, cost=cost("1"))]).totals.at_least


def test_an_unpriced_exchange_beside_priced_ones_makes_the_sum_an_at_least():
    totals = summarize("s1", [exchange(1, cost=cost("1")), exchange(2, unpriced_model="m")]).totals
    assert (totals.cost, totals.at_least) == (1, True)


def test_before_any_prompt_there_is_no_hit_rate():
    assert summarize("s1", [exchange(1)]).totals.cache_hit_rate is None


def test_a_session_is_told_the_same_whatever_the_order_of_its_exchanges():
    exchanges = [
        exchange(1, clues=SessionClues("Write notes", "/a", "main", None), model="m1", kind=Kind.MESSAGES),
        exchange(2, kind=Kind.TITLE, session_title="Notes on the engine"),
        exchange(3, agent_id="a2", parent_agent_id="a1", model="m2", cost=cost("0.5"), kind=Kind.MESSAGES),
        exchange(4, clues=SessionClues("Later", "/b", None, None), model_used="m3", kind=Kind.MESSAGES),
        exchange(5, agent_id="a2", cost=cost("0.25"), kind=Kind.MESSAGES),
    ]
    expected = summarize("s1", exchanges)
    assert (expected.title, expected.cwd, expected.git_branch, expected.model) == (
        "Notes on the engine",
        "/b",
        "main",
        "m3",
    )
    (agent,) = expected.agents.values()
    assert (agent.agent_id, agent.parent_agent_id, agent.model) == ("a2", "a1", "m2")
    assert (agent.totals.requests, agent.totals.cost) == (2, Decimal("0.75"))
    for seed in range(5):
        shuffled = random.Random(seed).sample(exchanges, len(exchanges))
        assert summarize("s1", shuffled) == expected


def test_until_it_has_a_title_a_session_is_named_by_its_first_words():
    words = [SessionClues(text) for text in (None, "First", "Second")]
    assert summarize("s1", [exchange(i, clues=clues) for i, clues in enumerate(words)]).title == "First"


def test_the_parent_of_an_agent_is_known_from_whichever_request_tells_it():
    session = summarize("s1", [exchange(1, agent_id="a"), exchange(2, agent_id="a", parent_agent_id="p", model="m")])
    assert (session.agents["a"].parent_agent_id, session.agents["a"].model) == ("p", "m")


def test_sessions_are_listed_with_the_latest_active_first_and_those_without_a_name_together():
    sessions = by_session(
        [
            exchange(1, session_id="old"),
            exchange(2, session_id=None),
            exchange(3, session_id="new"),
            exchange(4, session_id=None),
        ]
    )
    assert [(session.session_id, session.totals.requests) for session in sessions] == [
        (None, 2),
        ("new", 1),
        ("old", 1),
    ]


def test_no_exchanges_are_an_empty_session():
    session = summarize("s1", [])
    assert (session.started_at, session.totals.requests, session.totals.cost) == (None, 0, None)
    assert by_session([]) == []


def test_an_agent_is_named_by_the_call_that_set_it_to_work():
    session = summarize(
        "s1",
        [
            exchange(
                1, delegations=(Delegation("Count", "Explore", "Count files"), Delegation("Plan", "Plan", "Plan"))
            ),
            exchange(2, agent_id="a1", task="Plan"),
            exchange(3, agent_id="a1"),
            exchange(4, agent_id="a2", task="Something else"),
            exchange(5, agent_id="a3"),
        ],
    )
    named = [(agent.agent_type, agent.description) for agent in session.agents.values()]
    assert named == [("Plan", "Plan"), (None, None), (None, None)]
    assert (session.agents["a1"].started_at, session.agents["a1"].last_at) == (
        exchange(2).started_at,
        exchange(3).started_at,
    )


def test_agents_with_the_same_task_are_named_in_the_order_of_their_calls():
    calls = tuple(Delegation("Look", "Explore", f"Look {side}") for side in ("left", "right"))
    agents = [exchange(n, agent_id=f"a{n}", task="Look") for n in (2, 3, 4)]
    session = summarize("s1", [exchange(1, delegations=calls), *agents])
    assert [agent.description for agent in session.agents.values()] == ["Look left", "Look right", "Look right"]


def test_the_clients_side_requests_are_not_the_conversation():
    turn = {"kind": Kind.MESSAGES, "cache_ttls": ("5m",)}
    session = summarize(
        "s1",
        [
            exchange(1, usage=Usage(2, 40_000, 0, 0, 10), **turn),
            exchange(2, usage=Usage(2, 70_000, 0, 0, 10), agent_id="a1", **turn),
            exchange(3, usage=Usage(900, 5, 0, 0, 10), kind=Kind.MESSAGES),
            exchange(4, usage=Usage(300, 5, 0, 0, 10), kind=Kind.TITLE),
        ],
    )
    assert session.context is not None
    assert session.context.tokens == 40_012
    assert session.cache is not None
    assert session.cache.expires_at == exchange(1).started_at + timedelta(minutes=5)


def test_what_the_cache_saved_adds_up_over_what_has_a_price():
    saved = [exchange(1, cost=cost("1"), saved=Decimal("2.5")), exchange(2, cost=cost("1"), saved=Decimal("-1"))]
    assert summarize("s1", [*saved, exchange(3)]).totals.saved_usd == Decimal("1.5")


def test_the_sums_say_which_part_side_requests_are():
    turns = [exchange(1, cost=cost("0.5")), exchange(2, kind=Kind.COMPACTION, cost=cost("0.25"))]
    beside = [exchange(3, kind=Kind.CLASSIFIER, cost=cost("0.125")), exchange(4, kind=Kind.COUNT_TOKENS)]
    totals = summarize("s", [*turns, *beside]).totals
    assert (totals.requests, totals.side_requests) == (4, 2)
    assert (totals.cost_usd, totals.side_cost_usd) == (Decimal("0.875"), Decimal("0.125"))


def test_an_agent_is_named_by_its_hint_where_no_call_tells():
    facts = {"agent_id": "a", "agent_type": "Explore"}
    workflow = {"agent_id": "w", "request_class": "workflow"}
    agents = summarize("s", [exchange(1, **facts), exchange(2, **workflow)]).agents
    assert [agent.agent_type for agent in agents.values()] == ["Explore", "workflow"]
