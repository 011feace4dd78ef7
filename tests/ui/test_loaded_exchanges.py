"""What the dashboard knows, and its sums."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.sessions import summarize
from candela_tui.ledger.totals import Totals
from candela_tui.protocol.kind import Kind
from candela_tui.ui.state.loaded_exchanges import LoadedExchanges
from tests.ui.scene import LIVE, Scene


def _loaded(scene: Scene) -> LoadedExchanges:
    return scene.app.sources.loaded


def test_what_the_feed_said_outranks_the_store(scene: Scene) -> None:
    loaded = _loaded(scene)
    exchange = scene.make(usage=(1, 2, 3, 4, 5))
    loaded.merge([exchange], from_feed=True)
    stale = scene.make(id=exchange.id, **LIVE)
    assert loaded.merge([stale], from_feed=False).exchanges == ()
    assert loaded.exchange(exchange.id) is exchange


def test_today_counts_each_exchange_once_however_often_it_was_reported(scene: Scene) -> None:
    loaded = _loaded(scene)
    live = scene.make(id="1", **LIVE)
    ended = scene.make(id="1", usage=(100, 0, 0, 0, 10))
    loaded.merge([live], from_feed=True)
    assert (loaded.today().requests, loaded.today().live) == (1, 1)
    loaded.merge([ended], from_feed=True)
    loaded.merge([ended], from_feed=True)
    assert (loaded.today().requests, loaded.today().live, loaded.today().input_tokens) == (1, 0, 100)
    assert loaded.today().cost_usd == (ended.cost.total if ended.cost else None)


def test_today_starts_at_zero_at_midnight(scene: Scene) -> None:
    loaded = _loaded(scene)
    loaded.merge([scene.make(usage=(100, 0, 0, 0, 10))], from_feed=True)
    assert loaded.today().requests == 1
    scene.now += timedelta(days=1)
    assert loaded.today().requests == 0


def test_probes_alone_are_no_session(scene: Scene) -> None:
    loaded = _loaded(scene)
    loaded.merge([scene.make(session_id=None, kind=Kind.PROBE, method="HEAD")], from_feed=True)
    assert loaded.empty
    assert loaded.sessions() == []
    loaded.merge([scene.make(session_id=None)], from_feed=True)
    assert [session.session_id for session in loaded.sessions()] == [None]


def test_an_exchange_that_turns_out_to_be_of_a_session_moves_there(scene: Scene) -> None:
    loaded = _loaded(scene)
    loaded.merge([scene.make(id="1", session_id=None, outcome=Outcome.LIVE)], from_feed=True)
    loaded.merge([scene.make(id="1", session_id="s")], from_feed=True)
    assert loaded.requests(None) == []
    assert [exchange.id for exchange in loaded.requests("s")] == ["1"]
    assert [session.session_id for session in loaded.sessions()] == ["s"]


def test_a_request_without_a_session_that_finds_one_leaves_nothing_behind(scene: Scene) -> None:
    loaded = _loaded(scene)
    ended = scene.make(id="1", session_id=None, usage=(100, 0, 0, 0, 10))
    loaded.merge([ended], from_feed=True)
    assert loaded.today().requests == 1
    loaded.merge([replace(ended, session_id="s")], from_feed=True)
    assert loaded.today().requests == 1
    assert [session.session_id for session in loaded.sessions()] == ["s"]


def test_what_ends_before_midnight_is_not_of_today(scene: Scene) -> None:
    loaded = _loaded(scene)
    yesterday = scene.now - timedelta(days=1)
    loaded.merge([scene.make(id="1", usage=(1, 0, 0, 0, 1)), scene.make(id="0", started_at=yesterday)], from_feed=True)
    assert loaded.today().requests == 1
    loaded.merge([scene.make(id="01", started_at=yesterday)], from_feed=True)
    assert loaded.today().requests == 1


def test_an_ended_request_that_is_told_otherwise_is_counted_as_told_last(scene: Scene) -> None:
    loaded = _loaded(scene)
    first, second = scene.make(id="1", usage=(100, 0, 0, 0, 10)), scene.make(id="1", usage=(300, 0, 0, 0, 10))
    loaded.merge([first], from_feed=False)
    assert (loaded.today().input_tokens, loaded.session(first.session_id).totals.input_tokens) == (100, 100)
    loaded.merge([second], from_feed=True)
    assert (loaded.today().input_tokens, loaded.session(first.session_id).totals.input_tokens) == (300, 300)


_Told = tuple[int, str | None, str | None, Outcome, int, bool]
_changes = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.sampled_from(["s", "t", None]),
        st.sampled_from([None, "a", "b"]),
        st.sampled_from([Outcome.LIVE, Outcome.OK, Outcome.ERROR]),
        st.integers(0, 1000),
        st.booleans(),
    )
)


@given(_changes)
def test_sums_kept_change_by_change_are_the_sums_of_all(
    changes: list[_Told],
) -> None:
    with TemporaryDirectory() as directory:
        scene = Scene(Path(directory))
        loaded = _loaded(scene)
        newest: dict[str, Exchange] = {}
        for number, session_id, agent_id, outcome, tokens, look in changes:
            facts = LIVE if outcome is Outcome.LIVE else {"usage": (tokens, 0, 0, 0, 1), "outcome": outcome}
            made = scene.make(id=f"{number:03}", session_id=session_id, agent_id=agent_id, **facts)
            newest[made.id] = made
            loaded.merge([made], from_feed=True)
            if look:
                loaded.sessions()
                loaded.totals()
                loaded.today()
        everything = Totals()
        for exchange in newest.values():
            everything.add(exchange)
        assert loaded.today() == everything
        assert loaded.totals() == everything
        assert [each.id for each in loaded.everything()] == sorted(newest)
        by_session: dict[str | None, list[Exchange]] = {}
        for exchange in newest.values():
            by_session.setdefault(exchange.session_id, []).append(exchange)
        assert {session.session_id: session for session in loaded.sessions()} == {
            session_id: summarize(session_id, exchanges) for session_id, exchanges in by_session.items()
        }


def test_the_sums_of_many_sessions_follow_each_change(scene: Scene) -> None:
    loaded = _loaded(scene)
    loaded.merge([scene.make(session_id=f"s{number}") for number in range(101)], from_feed=True)
    assert loaded.totals().requests == 101
    loaded.merge([scene.make(session_id="s1"), scene.make(session_id=None, kind=Kind.PROBE)], from_feed=True)
    assert loaded.totals().requests == 102


def test_an_answer_that_only_asks_to_wait_leaves_the_limits_that_are_known(scene: Scene) -> None:
    loaded = _loaded(scene)
    told = scene.make(id="1", rate_limits=(("anthropic-ratelimit-unified-5h-utilization", "0.42"),))
    refused = scene.make(id="2", rate_limits=(("retry-after", "7"),))
    loaded.merge([told, refused], from_feed=True)
    assert loaded.limiting is told


def test_what_was_removed_leaves_lists_and_sums_and_does_not_come_back(scene: Scene) -> None:
    loaded = _loaded(scene)
    some: list[Exchange] = [
        scene.make(ago=100 - number, session_id=f"s{number % 2}", usage=(number + 1, 0, 0, 0, 1)) for number in range(6)
    ]
    unnamed = scene.make(session_id=None, usage=(100, 0, 0, 0, 1))
    loaded.merge([*some, unnamed], from_feed=True)
    loaded.sessions()
    gone = [some[0], some[2], some[4], some[1], unnamed]
    change = loaded.remove([*(each.id for each in gone), "never loaded"])
    assert change.removed == {each.id for each in gone}
    assert change.sessions == {"s0", "s1", None}
    # A page of the store may have been read before they were removed.
    loaded.merge(gone, from_feed=False)
    kept = [some[3], some[5]]
    assert loaded.everything() == kept
    assert [session.session_id for session in loaded.sessions()] == ["s1"]
    assert loaded.session("s1") == summarize("s1", kept)
    assert loaded.requests("s0") == []
    assert loaded.today() == loaded.totals() == Ledger.of(kept).totals
    loaded.remove([each.id for each in kept])
    assert loaded.empty
    assert loaded.newest is None
