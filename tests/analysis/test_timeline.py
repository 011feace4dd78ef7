"""What was used when: time on a line, buckets, lanes of agents."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.time_scale import Stretches, TimeScale
from candela_tui.analysis.timeline import Drafting, Part, State, Timeline
from candela_tui.exchange import Exchange, Marks, Outcome
from candela_tui.pricing import Cost
from candela_tui.protocol.usage import Usage
from tests.analysis.exchanges import START, cost, exchange

_MINUTE = 60.0
_HOUR = 3600.0


def _drafted(exchanges: list[Exchange], columns: int = 60, minutes: float = 0) -> Timeline:
    drafting = Drafting(exchanges, columns=columns, now=START + timedelta(minutes=minutes))
    for _ in drafting.steps():
        assert drafting.timeline is None
    assert drafting.timeline is not None
    return drafting.timeline


def _scale(*spans: tuple[float, float], columns: int = 60) -> TimeScale:
    stretches = Stretches()
    for start, end in spans:
        stretches.add(start, end)
    return TimeScale(stretches, columns)


_spans = st.lists(
    st.tuples(st.floats(0, 200_000), st.floats(0, 5000)).map(lambda pair: (pair[0], pair[0] + pair[1])), min_size=1
).map(sorted)
_tokens = st.one_of(st.none(), st.integers(0, 10**9))
_usd = st.decimals(0, 1000, places=6)


@st.composite
def _exchanges(draw: st.DrawFn) -> list[Exchange]:
    starts = sorted(draw(st.lists(st.floats(0, 3 * 24 * 60), max_size=30)))
    return [
        exchange(
            number,
            started_at=START + timedelta(minutes=start),
            agent_id=draw(st.sampled_from([None, "a", "b"])),
            usage=draw(st.none() | st.builds(Usage, _tokens, _tokens, _tokens, _tokens, _tokens)),
            cost=draw(st.none() | st.builds(Cost, _usd, _usd, _usd, _usd, _usd)),
            marks=Marks(end=draw(st.none() | st.floats(0, 600_000))),
            outcome=draw(st.sampled_from([Outcome.OK, Outcome.ERROR, Outcome.LIVE])),
        )
        for number, start in enumerate(starts)
    ]


@given(_exchanges(), st.integers(1, 200))
def test_the_buckets_sums_are_the_exchanges_sums(exchanges: list[Exchange], columns: int) -> None:
    drafting = Drafting(exchanges, columns=columns, now=START + timedelta(days=3))
    for _ in drafting.steps():
        pass
    if not exchanges:
        assert drafting.timeline is None
        return
    assert drafting.timeline is not None
    buckets = drafting.timeline.buckets
    assert len(buckets) == columns
    usages = [each.usage for each in exchanges if each.usage]
    costs = [each.cost for each in exchanges if each.cost]
    sums = [sum(bucket.tokens[part] for bucket in buckets) for part in Part]
    assert sums[Part.INPUT] == sum(usage.input_tokens or 0 for usage in usages)
    assert sums[Part.CACHE_READ] == sum(usage.cache_read_tokens or 0 for usage in usages)
    assert sums[Part.OUTPUT] == sum(usage.output_tokens or 0 for usage in usages)
    assert sum(sums) == sum((usage.prompt_tokens or 0) + (usage.output_tokens or 0) for usage in usages)
    usd = sum((sum(bucket.usd, Decimal(0)) for bucket in buckets), Decimal(0))
    assert usd == sum((cost.total for cost in costs), Decimal(0))
    assert usd == sum((lane.usd for lane in drafting.timeline.lanes), Decimal(0))
    assert sum(bucket.requests for bucket in buckets) == len(exchanges)
    assert sum(len(lane.bars) for lane in drafting.timeline.lanes) == len(exchanges)


@given(_spans, st.integers(1, 300))
def test_later_is_never_to_the_left(spans: list[tuple[float, float]], columns: int) -> None:
    scale = _scale(*spans, columns=columns)
    moments = sorted(moment for span in spans for moment in span)
    positions = [scale.position(moment) for moment in moments]
    assert positions == sorted(positions)
    assert all(0 <= position <= columns for position in positions)
    assert [scale.column(moment) for moment in moments] == sorted(scale.column(moment) for moment in moments)


@given(_spans, st.integers(1, 300))
def test_the_line_has_all_its_columns_and_nothing_happens_in_a_fold(
    spans: list[tuple[float, float]], columns: int
) -> None:
    scale = _scale(*spans, columns=columns)
    assert sum(stretch.columns for stretch in scale.stretches) + len(scale.folds) == columns
    folded = {fold.column for fold in scale.folds}
    assert not folded & {scale.column(start) for start, _ in spans}
    assert len(folded) * 12 <= columns


@given(_spans, st.integers(1, 300))
def test_a_column_begins_at_its_moment(spans: list[tuple[float, float]], columns: int) -> None:
    scale = _scale(*spans, columns=columns)
    for stretch in scale.stretches:
        for column in range(stretch.left, stretch.left + stretch.columns):
            middle = scale.moment(column + 0.5)
            assert stretch.end - stretch.start < 1e-3 or scale.column(middle) == column


def test_ten_idle_minutes_are_folded_and_a_shorter_pause_is_not() -> None:
    scale = _scale((0, 5 * _MINUTE), (5 * _MINUTE + 2 * _HOUR, 10 * _MINUTE + 2 * _HOUR))
    [fold] = scale.folds
    assert fold.seconds == 2 * _HOUR
    assert scale.column(0) == 0
    assert scale.column(5 * _MINUTE + 2 * _HOUR) == fold.column + 1
    assert _scale((0, 5 * _MINUTE), (14 * _MINUTE, 20 * _MINUTE)).folds == ()


def test_a_short_session_fills_the_line_and_a_single_moment_does_not() -> None:
    scale = _scale((0, 6.0), columns=60)
    assert scale.seconds_a_column == 0.1
    assert scale.column(6.0) == 59
    assert _scale((0, 1.0), columns=60).column(1.0) == 12


def test_each_agent_has_a_lane_and_the_main_agents_is_first() -> None:
    timeline = _drafted(
        [
            exchange(0, agent_id="explore", marks=Marks(end=30_000), cost=cost("0.25")),
            exchange(1, marks=Marks(end=30_000), cost=cost("0.5", at_least=True)),
            exchange(2, agent_id="explore", marks=Marks(end=30_000), outcome=Outcome.ERROR),
        ]
    )
    main, explore = timeline.lanes
    assert (main.agent_id, explore.agent_id) == (None, "explore")
    assert (main.busy_s, explore.busy_s) == (30.0, 60.0)
    assert (main.usd, main.at_least, explore.usd) == (Decimal("0.5"), True, Decimal("0.25"))
    assert [bar.state for bar in explore.bars] == [State.RAN, State.FAILED]


def test_requests_side_by_side_count_their_time_once() -> None:
    [lane] = _drafted([exchange(number / 4, marks=Marks(end=60_000)) for number in range(3)]).lanes  # type: ignore[arg-type]
    assert lane.busy_s == 90.0


def test_a_live_bar_grows_with_the_time() -> None:
    live = exchange(0, outcome=Outcome.LIVE)
    early, late = _drafted([live], minutes=2), _drafted([live], minutes=4)
    assert early.live
    assert [lane.busy_s for lane in (*early.lanes, *late.lanes)] == [120.0, 240.0]
    assert set(late.lanes[0].halves) == {State.LIVE}


def test_halves_show_parallel_work_and_gaps() -> None:
    timeline = _drafted(
        [
            exchange(0, marks=Marks(end=60_000)),
            exchange(1, agent_id="a", marks=Marks(end=60_000)),
            exchange(2, marks=Marks(end=120_000)),
        ],
        columns=4,
    )
    ran, idle = State.RAN, State.IDLE
    assert list(timeline.lanes[0].halves) == [ran, ran, idle, idle, ran, ran, ran, ran]
    assert list(timeline.lanes[1].halves) == [idle, idle, ran, ran, idle, idle, idle, idle]


def test_the_shortest_request_is_still_seen() -> None:
    timeline = _drafted([exchange(0, marks=Marks(end=1)), exchange(5, marks=Marks(end=1))])
    assert sum(timeline.lanes[0].halves) == 2 * State.RAN


def test_a_moment_in_a_lane_is_of_the_request_that_ran_or_was_last() -> None:
    [lane] = _drafted([exchange(0), exchange(2), exchange(4)]).lanes
    starts = [bar.start for bar in lane.bars]
    assert lane.at(starts[0] - 5).exchange_id == "00000"
    assert lane.at(starts[1] + 5).exchange_id == "00002"
    assert lane.at(starts[2] + 999).exchange_id == "00004"
