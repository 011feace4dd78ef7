"""What budgets would have done about what is recorded."""

from datetime import timedelta
from pathlib import Path

from candela_tui.config import RulesSettings
from candela_tui.protocol.usage import Usage
from candela_tui.rules.trial import Trial
from candela_tui.store.reader import StoreReader
from tests.rules.budgets.making import cost_of
from tests.store.recording import STARTED, exchange, store_whole, writing


def test_each_request_is_judged_at_its_own_time(tmp_path: Path) -> None:
    hours = (0, 1, 2, 3, 30, 31)
    with writing(tmp_path / "candela.db") as (writer, _):
        for number, hour in enumerate(hours):
            store_whole(
                writer,
                exchange(
                    number,
                    started_at=STARTED + timedelta(hours=hour),
                    usage=Usage(input_tokens=1000, output_tokens=1),
                    cost=cost_of(1),
                ),
            )
    settings = RulesSettings.model_validate(
        {"timezone": "UTC", "budgets": [{"name": "day", "window": "day", "limit_usd": 2, "match": "model:opus"}]}
    )
    found = list(Trial(settings, StoreReader(tmp_path / "candela.db")).actions(None))
    assert [(each.started_at, action.rule, action.action) for each, action in found] == [
        (STARTED + timedelta(hours=2), "day", "refuse"),
        (STARTED + timedelta(hours=3), "day", "refuse"),
    ]
    assert found[0][1].words == "$2.00 of $2.00 spent, about $1.00 for this request"
