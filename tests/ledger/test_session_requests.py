"""The requests of a session with what the whole session says about them."""

from candela_tui.exchange import Delegation
from candela_tui.ledger.session_requests import requests_by_session, session_requests
from tests.reports.exchanges import SESSION, exchange


def test_what_is_left_out_still_says_what_an_agent_is() -> None:
    delegating = exchange(1, delegations=(Delegation("Count", "Explore", "Count files"),))
    read = session_requests(
        SESSION, [exchange(2, agent_id="a1", task="Count"), delegating], lambda one: one.id != "0198-0001"
    )
    assert [each.id for each in read.exchanges] == ["0198-0002"]
    assert read.contexts["0198-0002"].agent_type == "Explore"
    assert read.session.totals.requests == 2


def test_the_earliest_session_comes_first_and_its_requests_in_order() -> None:
    found = requests_by_session([exchange(3), exchange(2, session_id=None), exchange(1)])
    assert [(each.session.session_id, [one.id for one in each.exchanges]) for each in found] == [
        (SESSION, ["0198-0001", "0198-0003"]),
        (None, ["0198-0002"]),
    ]
