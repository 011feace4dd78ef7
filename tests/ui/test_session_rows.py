"""What a session's row says, as text."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.cache import CacheLife
from candela_tui.analysis.context import ContextFill
from candela_tui.ledger.names import agent_names
from candela_tui.ledger.sessions import AgentSummary, SessionSummary
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.arrival import Arrival
from candela_tui.ui.screens.dashboard.selection import Selection
from candela_tui.ui.screens.dashboard.sessions.session_facts import cache_clock, context_forms, state
from candela_tui.ui.screens.dashboard.sessions.session_rows import AllSessionsRow, SessionRow, agent_rows
from candela_tui.ui.screens.dashboard.sessions.session_tree import (
    RowStyle,
    SessionFolds,
    SessionTree,
    matching,
    ordered,
    session_rows,
)
from candela_tui.ui.style.styled_text import Line, cells_of
from tests.ui.scene import NOW


def said(line: Line) -> str:
    return "".join(text for text, _ in line)


def session(session_id: str = "7c1d", *, ago: float = 60, cost: str = "2.31", **facts: object) -> SessionSummary:
    totals = Totals(
        requests=41, input_tokens=500, cache_read_tokens=9500, output_usd=Decimal(cost), priced=41, output_tokens=12
    )
    known = {
        "title": "fix the flaky test",
        "cwd": "/src/api",
        "git_branch": "main",
        "model": "claude-opus-4-8",
        "last_at": NOW - timedelta(seconds=ago),
        "totals": totals,
        **facts,
    }
    return SessionSummary(session_id, **known)  # type: ignore[arg-type]


def drawn(summary: SessionSummary, width: int, *, compact: bool = False) -> list[str]:
    row = SessionRow.of(summary, NOW, folded=False, compact=compact)
    return [said(row.draw(line, width, 0)) for line in range(row.height)]


@pytest.mark.parametrize("arrival", [Arrival.INTERCEPTED, Arrival.TRANSPARENT])
def test_a_session_that_came_in_otherwise_than_by_a_base_url_says_so(arrival: Arrival) -> None:
    assert arrival.value in "".join(drawn(session(arrival=arrival), 60))
    assert "base" not in "".join(drawn(session(arrival=Arrival.BASE_URL), 60))


def life(seconds: float) -> CacheLife:
    return CacheLife("5m", NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3540, ("cache 59m", "dim")),
        (601, ("cache 10m", "dim")),
        (600, ("cache 10:00", "dim")),
        (192, ("cache 3:12", "dim")),
        (191.2, ("cache 3:12", "dim")),
        (60, ("cache 1:00", "dim")),
        (59, ("cache 0:59", "warn")),
        (0.4, ("cache 0:01", "warn")),
        (0, ("cache cold", "faint")),
        (-9, ("cache cold", "faint")),
    ],
)
def test_the_cache_clock_warns_in_its_last_minute_and_then_says_cold(seconds: float, words: tuple[str, str]) -> None:
    assert cache_clock(life(seconds), NOW) == words


def test_the_context_gauge_says_tokens_window_share_and_growth() -> None:
    forms = [said(form) for form in context_forms(ContextFill(96_000, 200_000, 3100))]
    assert forms == [
        "ctx 96k/200k ▓▓▓░░░ 48% +3.1k/turn",
        "ctx 96k/200k ▓▓▓░░░ 48%",
        "ctx 96k/200k 48%",
        "ctx 48%",
    ]


def test_a_context_that_stays_as_it_is_has_no_growth_to_tell() -> None:
    assert said(next(context_forms(ContextFill(96_000, 200_000, 0)))) == "ctx 96k/200k ▓▓▓░░░ 48%"


def test_a_context_that_shrank_or_has_no_known_window_is_told_as_it_is() -> None:
    assert "-12k/turn" in said(next(context_forms(ContextFill(96_000, 200_000, -12_000))))
    assert said(next(context_forms(ContextFill(96_000, None, 3100)))) == "ctx 96k +3.1k/turn"
    assert "104%" in said(next(context_forms(ContextFill(208_000, 200_000))))


@pytest.mark.parametrize(
    ("tokens", "style"), [(149_000, "text"), (150_000, "warn"), (179_999, "warn"), (180_000, "bad")]
)
def test_the_context_gauge_warns_from_three_quarters_and_is_red_from_nine_tenths(tokens: int, style: str) -> None:
    *_, shortest = context_forms(ContextFill(tokens, 200_000))
    assert shortest[-1][1] == style


def test_a_session_is_live_then_idle_then_old() -> None:
    busy = session(totals=Totals(requests=1, live=2))
    assert state(busy, NOW)[0] == "2 live"
    assert state(session(ago=2), NOW)[0] == "now"
    assert state(session(ago=250), NOW)[0] == "idle 4m"
    assert state(session(ago=7300), NOW)[0] == "2h ago"


def test_a_row_has_the_title_alone_with_the_cost_then_facts_and_the_state() -> None:
    first, second = drawn(session(cache=life(192), context=ContextFill(96_000, 200_000, 3100)), 70)
    assert first.split() == ["fix", "the", "flaky", "test", "$2.31"]
    facts = ["opus-4-8", "cache", "3:12", "41", "req", "95%", "hit", "ctx", "48%", "/src/api"]
    assert second.split() == [*facts, "idle", "1m"]
    assert {len(line) for line in (first, second)} == {70}


def test_a_long_title_has_all_the_room_of_its_line() -> None:
    title = "move the ledger's clock behind an interface so that"
    first, _ = drawn(session(title=title), len(title) + 10)
    assert title in first


@pytest.mark.parametrize(
    ("tokens", "said_of_it"),
    [(149_000, "ctx 74%"), (150_000, "ctx 150k/200k ▓▓▓▓"), (190_000, "ctx 190k/200k ▓▓▓▓▓")],
)
def test_the_gauge_is_drawn_once_the_context_fills_up(tokens: int, said_of_it: str) -> None:
    _, second = drawn(session(cache=life(192), context=ContextFill(tokens, 200_000)), 90)
    assert said_of_it in second
    assert ("▓" in second) == (tokens >= 150_000)


def test_all_sessions_say_how_many_they_are_and_what_today_cost() -> None:
    totals = Totals(requests=1234, input_tokens=500, cache_read_tokens=9500, output_usd=Decimal("12.31"), priced=41)
    first, second = (said(AllSessionsRow(totals, 12, "$4.82", compact=False).draw(line, 48, 0)) for line in (0, 1))
    assert first.split() == ["All", "sessions", "$12.31"]
    assert second.split() == ["12", "sessions", "1.2k", "req", "95%", "hit", "today", "$4.82"]
    one_line = said(AllSessionsRow(totals, 12, "$4.82", compact=True).draw(0, 78, 0))
    assert all(words in one_line for words in ("All sessions", "12 sessions", "1.2k req", "today $4.82", "$12.31"))


def test_a_session_of_long_ago_takes_two_lines_and_no_clock() -> None:
    old = drawn(session(ago=9000, cache=life(-8000), context=ContextFill(96_000, 200_000)), 60)
    assert len(old) == 2
    assert "cache" not in "".join(old)


def test_compact_is_one_line_with_more_columns_the_wider_it_is() -> None:
    summary = session(cache=life(192), context=ContextFill(96_000, 200_000), totals=Totals(requests=41, errors=2))
    widths = {width: drawn(summary, width, compact=True) for width in (36, 78, 118)}
    assert all(len(lines) == 1 for lines in widths.values())
    [narrow], [middle], [wide] = widths.values()
    assert "fix the flaky" in narrow
    assert "idle 1m" in narrow
    assert all(words in middle for words in ("fix the flaky test", "✗ 2", "opus-4-8", "cache 3:12"))
    assert all(words in wide for words in ("/src/api", "41 req", "ctx 48%", "cache 3:12", "idle 1m"))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXT, TEXT, TEXT, st.integers(36, 160), st.booleans())
def test_no_row_is_wider_than_its_place_and_the_cost_always_shows(
    title: str, cwd: str, kind: str, width: int, compact: bool
) -> None:
    agents = {"a": AgentSummary("a", agent_type=kind or None, description=title, model="claude-haiku-4-5")}
    summary = session(
        title=title, cwd=cwd, cache=life(90), context=ContextFill(96_000, 200_000, 3100), agents=agents, cost="1204"
    )
    rows = list(session_rows(summary, NOW, RowStyle(compact=compact), folded=False))
    for row in rows:
        lines = [row.draw(line, width, 3) for line in range(row.height)]
        assert all(cells_of(line) <= width for line in lines)
    assert "$1,204" in said(rows[0].draw(0, width, 3))


def test_sub_agents_are_named_by_type_and_numbered_where_that_does_not_tell_them_apart() -> None:
    agents = {
        "a1": AgentSummary("a1", agent_type="Explore", description="find flaky tests"),
        "a2": AgentSummary("a2", agent_type="Plan"),
        "a3": AgentSummary("a3", agent_type="Explore"),
        "a4": AgentSummary("a4"),
    }
    summary = session(agents=agents)
    assert list(agent_names(summary).values()) == ["Explore 1", "Plan", "Explore 2", "agent 1"]
    first = said(next(agent_rows(summary)).draw(0, 60, 0))
    assert "├ Explore 1 · find flaky tests" in first


def test_sub_agents_hang_below_who_started_them_also_where_the_records_go_in_circles() -> None:
    agents = {
        "a1": AgentSummary("a1"),
        "a2": AgentSummary("a2", parent_agent_id="a1"),
        "a3": AgentSummary("a3", parent_agent_id="a3"),
        "a4": AgentSummary("a4", parent_agent_id="gone"),
    }
    lines = [said(row.draw(0, 50, 0)).split("  agent")[0] for row in agent_rows(session(agents=agents))]
    assert [line[2:9].rstrip(" agent0123456789") for line in lines] == ["├", "│ └", "├", "└"]


def test_sessions_are_ordered_by_activity_cost_or_tokens() -> None:
    cheap = session("cheap", ago=10, cost="0.10", totals=Totals(input_tokens=900, output_usd=Decimal("0.10"), priced=1))
    dear = session("dear", ago=500, cost="9")
    unpriced = session("unpriced", ago=50, totals=Totals(input_tokens=90_000))

    def names(order: str, *, reverse: bool = False) -> list[str | None]:
        return [one.session_id for one in ordered([dear, cheap, unpriced], order, NOW, reverse=reverse)]

    assert names("activity") == ["cheap", "unpriced", "dear"]
    assert names("cost") == ["dear", "cheap", "unpriced"]
    assert names("tokens") == ["unpriced", "dear", "cheap"]
    assert names("tokens", reverse=True) == ["cheap", "dear", "unpriced"]


def test_sessions_at_work_keep_their_places_while_they_take_turns() -> None:
    def order(*ages: tuple[str, float]) -> list[str | None]:
        """The order of sessions a, b and c, which began in turn, by when each had its last request."""
        begun = {name: NOW - timedelta(hours=3 - number) for number, name in enumerate("abc")}
        sessions = [session(name, ago=ago, started_at=begun[name]) for name, ago in ages]
        return [one.session_id for one in ordered(sessions, "activity", NOW, reverse=False)]

    assert order(("a", 5), ("b", 20), ("c", 9)) == order(("a", 20), ("b", 1), ("c", 200)) == ["c", "b", "a"]
    assert order(("a", 5), ("b", 20), ("c", 1200)) == ["b", "a", "c"]
    assert order(("a", 900), ("b", 1200), ("c", 1500)) == ["a", "b", "c"]


def test_a_filter_wants_every_word_somewhere_in_a_session() -> None:
    one, two = session("7c1d"), session("older", title="Refactor the store", cwd="/src/db", model="claude-sonnet-5")
    assert matching([one, two], "") == [one, two]
    assert matching([one, two], "STORE sonnet") == [two]
    assert matching([one, two], "store api") == []
    assert matching([one, two], "7c1 main") == [one]


def test_sessions_that_rest_hide_their_sub_agents_until_asked() -> None:
    agents = {"a": AgentSummary("a")}
    fresh, old = session("fresh", agents=agents), session("old", ago=9000, agents=agents)
    folds = SessionFolds()
    assert (folds.folded(fresh, NOW), folds.folded(old, NOW)) == (False, True)
    folds.set("old", False)
    assert not folds.folded(old, NOW)
    folds.set_all(True)
    assert (folds.folded(fresh, NOW), folds.folded(old, NOW)) == (True, True)


def test_the_session_of_a_chosen_sub_agent_does_not_fold_by_itself() -> None:
    old = session("old", ago=9000, agents={"a": AgentSummary("a")})
    assert not SessionFolds().folded(old, NOW, Selection("old", "a"))
    assert SessionFolds().folded(old, NOW, Selection("old"))


def test_rows_are_made_again_only_for_what_changed_until_times_are_drawn_again() -> None:
    tree, later = SessionTree(), NOW + timedelta(seconds=40)
    one, two = session("one"), session("two")
    before = tree.rows([one, two], NOW, RowStyle(), chosen=None, reset=True)
    after = tree.rows([one, session("two", cost="3")], later, RowStyle(), chosen=None, reset=False)
    assert after[0] is before[0]
    assert "$3.00" in said(after[1].draw(0, 60, 0))
    assert tree.rows([one], later, RowStyle(compact=True), chosen=None, reset=False)[0].height == 1
    reset = tree.rows([one, two], NOW + timedelta(minutes=2), RowStyle(), chosen=None, reset=True)
    assert "idle 3m" in said(reset[0].draw(1, 60, 0))


def test_a_sub_agent_that_nobody_named_is_marked_as_inferred() -> None:
    agent = AgentSummary("inferred-1", agent_type="general-purpose", description="count files", inferred=True)
    line = said(next(agent_rows(session(agents={"inferred-1": agent}))).draw(0, 80, 0))
    assert "general-purpose · count files (inferred)" in line
