"""Which requests of a session belong to one prompt of the user."""

import random
from typing import Any

from candela_tui.analysis.user_turns import turn_with, user_turns
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.kind import Kind
from tests.analysis.exchanges import exchange


def asked(number: int, stop: str | None = "tool_use", **known: Any) -> Exchange:
    return exchange(number, **{"kind": Kind.MESSAGES, "stop_reason": stop, "asked": str(number), **known})


def numbers(exchanges: list[Exchange]) -> list[list[int]]:
    return [[int(each.id) for each in turn.exchanges] for turn in user_turns(exchanges)]


def test_the_prompt_that_the_client_states_says_the_turn_of_every_agent():
    exchanges = [
        asked(1, prompt_id="p1"),
        asked(2, prompt_id="p1", agent_id="a"),
        asked(3, "end_turn", prompt_id="p1"),
        asked(4, prompt_id="p2"),
        asked(5, "end_turn", prompt_id="p1", agent_id="a"),
    ]
    turns = user_turns(exchanges)
    assert numbers(exchanges) == [[1, 2, 3, 5], [4]]
    assert [(turn.number, turn.prompt_id, turn.inferred) for turn in turns] == [(1, "p1", False), (2, "p2", False)]


def test_without_a_statement_a_turn_begins_after_an_answer_that_ended_the_last_one():
    exchanges = [asked(1), asked(2, "max_tokens"), asked(3, "end_turn"), asked(4), asked(5, "end_turn")]
    assert numbers(exchanges) == [[1, 2, 3], [4, 5]]
    assert all(turn.inferred for turn in user_turns(exchanges))


def test_an_agent_stays_in_the_turn_in_which_it_began():
    exchanges = [asked(1, "end_turn"), asked(2, agent_id="a"), asked(3), asked(4, agent_id="a"), asked(5, agent_id="b")]
    assert numbers(exchanges) == [[1, 2, 4], [3, 5]]


def test_a_call_that_is_tried_again_begins_no_turn_and_a_new_prompt_after_an_error_does():
    failed = {"outcome": Outcome.ERROR}
    exchanges = [asked(1, None, asked="2", **failed), asked(2, "end_turn"), asked(3, None, **failed), asked(4)]
    assert numbers(exchanges) == [[1, 2], [3], [4]]


def test_a_request_for_a_title_belongs_to_the_first_prompt_even_if_it_comes_first():
    exchanges = [asked(1, kind=Kind.TITLE), asked(2, "end_turn", prompt_id="p1"), asked(3, kind=Kind.COUNT_TOKENS)]
    assert numbers(exchanges) == [[1, 2, 3]]
    assert user_turns(exchanges)[0].prompt_id == "p1"


def test_a_compaction_within_a_turn_belongs_to_it_and_one_between_turns_is_one():
    within = [asked(1), asked(2, "end_turn", kind=Kind.COMPACTION), asked(3, "end_turn")]
    assert numbers(within) == [[1, 2, 3]]
    between = [asked(1, "end_turn"), asked(2, "end_turn", kind=Kind.COMPACTION), asked(3, "end_turn")]
    assert numbers(between) == [[1], [2], [3]]


def test_each_request_is_in_exactly_one_turn_whatever_the_order_they_are_read_in():
    chance = random.Random(5)
    exchanges = [
        asked(
            number,
            chance.choice(["tool_use", "end_turn", None]),
            agent_id=chance.choice([None, None, "a", "b"]),
            prompt_id=chance.choice([None, "p", "q"]),
            kind=chance.choice(list(Kind)),
            outcome=chance.choice(list(Outcome)),
        )
        for number in range(200)
    ]
    expected = numbers(exchanges)
    assert sorted(number for turn in expected for number in turn) == list(range(200))
    chance.shuffle(exchanges)
    assert numbers(exchanges) == expected


def test_a_turn_is_found_by_any_of_its_requests():
    turns = user_turns([asked(1, "end_turn"), asked(2, "end_turn")])
    assert turn_with(turns, "00002") is turns[1]
    assert turn_with(turns, "00003") is None
