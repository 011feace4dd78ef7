"""What a list shows and in which order, however the news of it comes."""

from datetime import UTC, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.filter import parse
from candela_tui.analysis.filter_fields import Surroundings
from candela_tui.analysis.retries import Call, calls, runs
from candela_tui.exchange import Exchange, Marks, Outcome
from candela_tui.protocol.kind import Kind
from candela_tui.reports.records import request_records
from candela_tui.text.times import Clock
from candela_tui.ui.screens.dashboard.requests.columns import BY_NAME, COLUMNS
from candela_tui.ui.screens.dashboard.requests.table import Table
from candela_tui.ui.screens.dashboard.requests.visible_calls import ViewOptions, VisibleCalls
from tests.analysis.exchanges import START, cost, exchange

NOW = START + timedelta(hours=2)
TABLE = Table(Clock(lambda: NOW, UTC))
AROUND = Surroundings(NOW)

EXCHANGES = st.lists(
    st.builds(
        lambda number, retry, outcome, **facts: exchange(
            number, retry=retry, outcome=outcome, marks=Marks(1, 2, 3, None if outcome is Outcome.LIVE else 4), **facts
        ),
        st.integers(0, 60),
        st.sampled_from([0, 0, 0, 1, 2]),
        st.sampled_from([Outcome.OK, Outcome.ERROR, Outcome.LIVE]),
        agent_id=st.sampled_from([None, "a1"]),
        kind=st.sampled_from([Kind.MESSAGES, Kind.MESSAGES, Kind.TITLE, Kind.COUNT_TOKENS, Kind.COUNT_TOKENS]),
        model=st.sampled_from(["opus", "haiku", None]),
        cost=st.sampled_from([None, cost("0.1"), cost("0.02")]),
        request_bytes=st.sampled_from([1, 2]),
    ),
    unique_by=lambda one: one.id,
    max_size=30,
)
VIEWS = st.builds(
    ViewOptions,
    st.sampled_from(["", "opus", "-status:error", "cost>0.05 or model:haiku"]).map(parse),
    st.sampled_from([None, "a1"]),
    st.booleans(),
    st.sampled_from(COLUMNS),
    st.booleans(),
)


def loaded(view: ViewOptions, exchanges: list[Exchange]) -> VisibleCalls:
    listing = VisibleCalls(view, TABLE)
    for _ in listing.load(sorted(exchanges, key=lambda one: one.id), AROUND):
        pass
    return listing


def taken(listing: VisibleCalls, rows: list[Call], news: list[Exchange]) -> None:
    """Follow the steps as a list of rows does."""
    for step in listing.take(news, AROUND):
        if step.was is not None:
            del rows[step.was]
        if step.now is not None:
            rows.insert(step.now, step.call)


def facts(listing: VisibleCalls) -> tuple[Any, ...]:
    return listing.calls(), listing.looked_at, listing.hidden


@given(VIEWS, EXCHANGES, st.data())
def test_news_in_any_order_and_number_makes_the_same_list_as_all_at_once(
    view: ViewOptions, exchanges: list[Exchange], data: st.DataObject
) -> None:
    listing, rows = VisibleCalls(view, TABLE), list[Call]()
    left = data.draw(st.permutations(exchanges))
    while left:
        number = data.draw(st.integers(1, 5))
        taken(listing, rows, left[:number])
        left = left[number:]
        assert rows == listing.calls()
    assert facts(listing) == facts(loaded(view, exchanges))


@given(VIEWS, EXCHANGES)
def test_every_call_that_is_wanted_is_listed_once(view: ViewOptions, exchanges: list[Exchange]) -> None:
    listed = loaded(view, exchanges).calls()
    wanted = [
        call
        for call in (calls(exchanges) if view.filter else runs(calls(exchanges)))
        if any(view.filter.matches(one, AROUND) for one in call.tries)
        and view.agent_id in (None, call.last.agent_id)
        and (view.background or call.last.kind is Kind.MESSAGES)
    ]
    assert sorted(call.tries[0].id for call in listed) == sorted(call.tries[0].id for call in wanted)


@given(EXCHANGES, st.booleans())
def test_calls_are_in_order_and_what_is_not_known_comes_last(exchanges: list[Exchange], descending: bool) -> None:
    listed = loaded(
        ViewOptions(parse(""), order=BY_NAME["$"], descending=descending, background=True), exchanges
    ).calls()
    costs = [sum(one.cost.total for one in call.tries if one.cost) or None for call in listed]
    known = [usd for usd in costs if usd is not None]
    assert known == sorted(known, reverse=descending)
    assert costs == known + [None] * (len(costs) - len(known))


@given(EXCHANGES, st.sampled_from(["TIME", "$", "MODEL"]), st.booleans())
def test_requests_come_in_time_order_whatever_orders_the_list(
    exchanges: list[Exchange], order: str, background: bool
) -> None:
    view = ViewOptions(parse(""), background=background, order=BY_NAME[order], descending=True)
    listing = loaded(view, exchanges)
    tries = [one for call in listing.calls() for one in call.tries]
    assert list(listing.exchanges()) == sorted(tries, key=lambda one: one.id)


def test_a_try_that_the_client_did_not_count_is_a_retry_in_the_filter_as_in_the_records() -> None:
    lost = exchange(1, outcome=Outcome.CUT, marks=Marks(1, 2, 3, 4), asked="a", request_bytes=5000)
    again = exchange(2, asked="a", request_bytes=5000)
    assert [record["retry"] for record in request_records([lost, again])] == [0, 1]
    (call,) = loaded(ViewOptions(parse("retry>0")), [lost, again, exchange(3)]).calls()
    assert call.tries == (lost, again)


def test_a_session_of_any_length_is_listed_whole() -> None:
    many = [exchange(number, retry=number % 3, outcome=Outcome.ERROR, model="opus") for number in range(2000)]
    listing = loaded(ViewOptions(parse("opus")), many)
    assert listing.calls() == calls(many)


def test_what_a_column_is_about_fits_the_dialog_that_orders_by_it() -> None:
    assert [column.name for column in COLUMNS if len(f"{column.about} (now)") > 38] == []


def test_counts_in_a_row_are_one_row_and_each_its_own_where_something_is_looked_for() -> None:
    counts = [exchange(number, kind=Kind.COUNT_TOKENS) for number in range(1, 25)]
    (run,) = loaded(ViewOptions(parse(""), background=True), counts).calls()
    assert (run.run, len(run.tries)) == (True, 24)
    assert BY_NAME["AGENT"].value(run, TABLE, 12).split() == ["count", "×24"]
    assert len(loaded(ViewOptions(parse("kind:count"), background=True), counts)) == 24
