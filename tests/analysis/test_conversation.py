"""With which request another is compared."""

from candela_tui.analysis.conversation import same_conversation
from candela_tui.exchange import Outcome
from candela_tui.protocol.kind import Kind
from tests.analysis.exchanges import exchange

MAIN = {"kind": Kind.MESSAGES, "cache_ttls": ("5m",)}


def test_the_conversation_of_a_request_is_that_of_its_agent_without_the_clients_side_requests():
    requests = [
        exchange(1, **MAIN),
        exchange(2, agent_id="a", **MAIN),
        exchange(3, kind=Kind.TITLE),
        exchange(4, kind=Kind.MESSAGES),
        exchange(5, **MAIN),
    ]
    assert [each.id for each in same_conversation(requests, requests[4])] == ["00001", "00005"]
    assert [each.id for each in same_conversation(requests, requests[1])] == ["00002"]
    assert [each.id for each in same_conversation(requests, requests[3])] == ["00004"]


def test_a_call_with_several_tries_is_one_request_of_the_conversation():
    failed = {"outcome": Outcome.ERROR, **MAIN}
    requests = [
        exchange(1, **failed),
        exchange(2, retry=1, **MAIN),
        exchange(3, **failed),
        exchange(4, retry=1, **MAIN),
    ]
    assert [each.id for each in same_conversation(requests, requests[3])] == ["00002", "00004"]
    assert [each.id for each in same_conversation(requests, requests[2])] == ["00002", "00003"]
