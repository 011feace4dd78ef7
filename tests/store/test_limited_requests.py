"""The requests that count in a subscription's windows, as the store reads them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from candela_tui.analysis.limit_history import LimitedRequest
from candela_tui.exchange import Exchange, Imported, Marks
from candela_tui.store.history import ExchangeQuery
from candela_tui.store.reader import StoreReader
from tests.analysis.test_limit_history import STATED
from tests.reports.exchanges import exchange
from tests.store.recording import writing


def stored(path: Path, *exchanges: Exchange) -> StoreReader:
    with writing(path) as (writer, _):
        for each in exchanges:
            writer.begin(each, b"{}")
            writer.end(each, [], [])
    return StoreReader(path)


def test_they_are_those_of_the_exchanges(tmp_path: Path) -> None:
    variants: list[dict[str, Any]] = [
        {"rate_limits": STATED},
        {"rate_limits": STATED, "cost": None, "usage": None, "marks": Marks()},
        {"rate_limits": STATED, "cost": None, "unpriced_model": "claude-new-9", "agent_id": "a1", "session_id": None},
        {"rate_limits": (("anthropic-ratelimit-tokens-limit", "5"),)},
        {"subscription": True, "model_used": None},
        {"subscription": True, "imported": Imported.TRANSCRIPT},
        {},
    ]
    reader = stored(tmp_path / "candela.db", *(exchange(number, **each) for number, each in enumerate(variants)))
    expected = [limited for each in reader.exchanges() if (limited := LimitedRequest.of(each)) is not None]
    assert reader.limited_requests(ExchangeQuery()) == expected
    assert len(expected) == 4


def test_a_time_span_selects_them(tmp_path: Path) -> None:
    first, second = (replace(exchange(number), subscription=True) for number in (1, 2))
    reader = stored(tmp_path / "candela.db", first, second)
    (found,) = reader.limited_requests(ExchangeQuery(since=second.started_at))
    assert found == LimitedRequest.of(second)
