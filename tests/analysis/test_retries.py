"""Which rows are tries of one call."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.retries import calls, runs
from candela_tui.exchange import Marks, Outcome
from candela_tui.protocol.kind import Kind
from tests.analysis.exchanges import exchange


def folded(*exchanges):
    return [[each.id for each in call.tries] for call in calls(exchanges)]


def failed(number, **facts):
    return exchange(number, **{"outcome": Outcome.ERROR, "request_bytes": 90, **facts})


def test_the_tries_of_a_call_are_one_call_and_its_last_is_how_it_ended():
    last = exchange(4, retry=2, request_bytes=90)
    (call,) = calls([failed(3, retry=1), last, failed(1)])
    assert [each.id for each in call.tries] == ["00001", "00003", "00004"]
    assert call.last is last
    assert call.retries == 2


def test_a_call_that_succeeded_is_not_gone_on_with():
    assert folded(exchange(1), exchange(2, retry=1)) == [["00001"], ["00002"]]


def test_a_try_of_another_session_agent_or_size_is_another_call():
    for other in ({"session_id": "s2"}, {"agent_id": "a"}, {"request_bytes": 91}):
        assert folded(failed(1), failed(2, retry=1, **other)) == [["00001"], ["00002"]]


def test_a_try_goes_on_with_the_call_that_failed_last():
    assert folded(failed(1), failed(2), failed(3, retry=1)) == [["00001"], ["00002", "00003"]]


def test_a_client_that_does_not_count_its_tries_makes_one_call_of_them_too():
    overloaded = [failed(number, request_bytes=55_000, marks=Marks(1, 2, None, 900)) for number in (1, 2)]
    (call,) = calls([*overloaded, exchange(3, request_bytes=55_000)])
    assert call.retries == 2


def test_what_began_before_the_other_had_failed_or_long_after_is_a_call_of_its_own():
    slow = failed(1, request_bytes=55_000, marks=Marks(1, 2, None, 90_000))
    assert folded(slow, exchange(2, request_bytes=55_000)) == [["00001"], ["00002"]]
    assert folded(
        failed(1, request_bytes=55_000, marks=Marks(1, 2, None, 900)), exchange(30, request_bytes=55_000)
    ) == [["00001"], ["00030"]]


def test_what_the_user_broke_off_and_sent_again_is_another_call():
    broken_off = failed(1, outcome=Outcome.CANCELLED, request_bytes=55_000, marks=Marks(1, 2, None, 900))
    assert folded(broken_off, exchange(2, request_bytes=55_000)) == [["00001"], ["00002"]]


def test_small_requests_of_one_size_are_not_taken_for_tries_of_one_call():
    assert folded(failed(1, marks=Marks(1, 2, None, 900)), exchange(2, request_bytes=90)) == [["00001"], ["00002"]]


def test_two_calls_at_the_same_time_each_keep_their_tries():
    tries = [failed(1), failed(2), failed(3, retry=1), failed(4, retry=1), failed(5, retry=2), failed(6, retry=2)]
    assert sorted(len(call) for call in folded(*tries)) == [3, 3]


def test_a_try_whose_earlier_ones_nobody_recorded_still_says_how_many_there_were():
    (call,) = calls([failed(1, retry=2)])
    assert call.retries == 2


@given(
    st.lists(
        st.builds(
            dict,
            retry=st.integers(0, 3),
            outcome=st.sampled_from(Outcome),
            agent_id=st.sampled_from([None, "a"]),
            request_bytes=st.sampled_from([1, 2000]),
            marks=st.sampled_from([Marks(), Marks(1, 2, None, 900)]),
        ),
        max_size=20,
    ),
    st.randoms(),
)
def test_no_exchange_is_lost_or_told_twice_whatever_their_order(facts, random):
    made = [exchange(number, **each) for number, each in enumerate(facts)]
    shuffled = random.sample(made, len(made))
    found = calls(shuffled)
    assert sorted((each for call in found for each in call.tries), key=lambda each: each.id) == made
    for call in found:
        for before, after in pairwise(call.tries):
            assert after.retry in (0, before.retry + 1)
    assert found == calls(made)


def refused(number, milliseconds, **facts):
    facts = {"status": 400, "marks": Marks(1, 2, None, 20), "request_bytes": 49_000 + 7_000 * number, **facts}
    begun = exchange(1).started_at + timedelta(milliseconds=milliseconds)
    return failed(number, asked="d1", started_at=begun, **facts)


def test_other_forms_of_a_request_that_was_refused_are_tries_of_it():
    first = refused(1, 0)
    tries = [refused(2, 25, left_out=("beta a",)), refused(3, 50, left_out=("beta a", "thinking.display"))]
    (call,) = calls([first, *tries])
    assert call.retries == 2
    assert call.left_out == ("beta a", "thinking.display")


def test_another_form_that_comes_later_is_a_call_of_its_own():
    assert len(calls([refused(1, 0), refused(2, 20 + 101, left_out=("beta a",))])) == 2
    assert len(calls([refused(1, 0), refused(2, 25, left_out=("beta a",), model="claude-haiku-5-5")])) == 2


def test_a_stream_that_broke_off_and_the_same_without_streaming_are_one_call():
    cut = [refused(number, 30 * number, status=200, outcome=Outcome.CUT) for number in (1, 2, 3)]
    whole = replace(refused(4, 120, left_out=("streaming",)), outcome=Outcome.OK, status=200)
    (call,) = calls([*cut, whole])
    assert (call.retries, call.last) == (3, whole)


def test_counts_in_a_row_are_one_run_and_what_is_between_parts_them():
    counts = [exchange(number, kind=Kind.COUNT_TOKENS) for number in (1, 2, 3, 5)]
    found = runs(calls([*counts, exchange(4)]))
    assert [[each.id for each in call.tries] for call in found] == [["00001", "00002", "00003"], ["00004"], ["00005"]]
    assert [(call.run, call.retries) for call in found] == [(True, 0), (False, 0), (False, 0)]


def test_runs_are_of_one_kind_and_agent():
    asked = [{"kind": Kind.COUNT_TOKENS}, {"kind": Kind.CLASSIFIER}, {"kind": Kind.CLASSIFIER, "agent_id": "a"}, {}, {}]
    assert len(runs(calls(exchange(number, **facts) for number, facts in enumerate(asked)))) == 5
