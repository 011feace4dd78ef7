"""What the dashboard knows, and its sums."""

from datetime import timedelta

from candela_tui.exchange import Outcome
from candela_tui.protocol.request import Kind
from candela_tui.ui.ledger import Ledger
from tests.ui.scene import LIVE, Scene


def _ledger(scene: Scene) -> Ledger:
    return scene.app.sources.ledger


def test_what_the_feed_said_outranks_the_store(scene: Scene) -> None:
    ledger = _ledger(scene)
    exchange = scene.make(usage=(1, 2, 3, 4, 5))
    ledger.merge([exchange], from_feed=True)
    stale = scene.make(id=exchange.id, **LIVE)
    assert ledger.merge([stale], from_feed=False).exchanges == ()
    assert ledger.exchange(exchange.id) is exchange


def test_today_counts_each_exchange_once_however_often_it_was_reported(scene: Scene) -> None:
    ledger = _ledger(scene)
    live = scene.make(id="1", **LIVE)
    ended = scene.make(id="1", usage=(100, 0, 0, 0, 10))
    ledger.merge([live], from_feed=True)
    assert (ledger.today().requests, ledger.today().live) == (1, 1)
    ledger.merge([ended], from_feed=True)
    ledger.merge([ended], from_feed=True)
    assert (ledger.today().requests, ledger.today().live, ledger.today().input_tokens) == (1, 0, 100)
    assert ledger.today().cost_usd == (ended.cost.total if ended.cost else None)


def test_today_begins_anew_at_midnight(scene: Scene) -> None:
    ledger = _ledger(scene)
    ledger.merge([scene.make(usage=(100, 0, 0, 0, 10))], from_feed=True)
    assert ledger.today().requests == 1
    scene.now += timedelta(days=1)
    assert ledger.today().requests == 0


def test_probes_alone_are_no_session(scene: Scene) -> None:
    ledger = _ledger(scene)
    ledger.merge([scene.make(session_id=None, kind=Kind.PROBE, method="HEAD")], from_feed=True)
    assert ledger.empty
    assert ledger.sessions() == []
    ledger.merge([scene.make(session_id=None)], from_feed=True)
    assert [session.session_id for session in ledger.sessions()] == [None]


def test_an_exchange_that_turns_out_to_be_of_a_session_moves_there(scene: Scene) -> None:
    ledger = _ledger(scene)
    ledger.merge([scene.make(id="1", session_id=None, outcome=Outcome.LIVE)], from_feed=True)
    ledger.merge([scene.make(id="1", session_id="s")], from_feed=True)
    assert ledger.requests(None) == []
    assert [exchange.id for exchange in ledger.requests("s")] == ["1"]
    assert [session.session_id for session in ledger.sessions()] == ["s"]
