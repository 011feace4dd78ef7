"""What requests cost is read without the rest of them, and is the same."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from candela_tui.exchange import Cost, Exchange, Outcome
from candela_tui.protocol.usage import Usage
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from tests.store.recording import STARTED, exchange, store_whole, writing

USAGE = Usage(1, 2, 3, 4, 5, web_searches=6, service_tier="priority", iterations=1)
COST = Cost(*(Decimal(number) / 1000 for number in range(1, 6)), at_least=True)


def essence(of: Exchange) -> Exchange:
    """What is read of an exchange, in an exchange with nothing else."""
    usage = of.usage and replace(of.usage, web_searches=None, service_tier=None)
    names = "id started_at method path route provider kind session_id agent_id agent_type request_class prompt_id model"
    more = "model_sent betas request_bytes retry key outcome unpriced_model unread imported pid"
    known = {name: getattr(of, name) for name in f"{names} {more}".split()}
    return Exchange(**known, usage=usage, cost=of.cost)


def test_it_is_what_the_whole_exchanges_say(tmp_path: Path) -> None:
    path = tmp_path / "candela.db"
    with writing(path) as (writer, _):
        store_whole(writer, exchange(1, usage=USAGE, cost=COST, agent_id="a", prompt_id="p", key="laptop", retry=2))
        store_whole(writer, exchange(2, betas=("one", "two"), unpriced_model="mine", request_class="main"))
        store_whole(writer, exchange(3, session_id=None))
        # Of a process that is gone.
        writer.begin(exchange(4, pid=2**22 + 1, usage=USAGE), b"{}")
        store_whole(writer, exchange(5, started_at=STARTED + timedelta(days=40)))
    reader = StoreReader(path)
    [found] = reader.each_cost()
    whole = list(reader.each())
    assert [each.outcome for each in found] == [*[Outcome.OK] * 3, Outcome.INTERRUPTED, Outcome.OK]
    assert [replace(each, unread=None) for each in found] == [replace(essence(each), unread=None) for each in whole]
    assert reader.costs_of({exchange(2).id, exchange(4).id, "gone"}) == [found[1], found[3]]
    [late] = reader.each_cost(ExchangeQuery(since=STARTED + timedelta(days=1)))
    assert [each.id for each in late] == [exchange(5).id]
