"""The recipe of docs/rules.md does what it says."""

import re
import tomllib
from pathlib import Path

from tests.faults.places import DIRECT
from tests.faults.setting import setting
from tests.standin import error

DOCUMENT = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")


async def test_bedrock_when_anthropic_is_down(tmp_path: Path) -> None:
    found = re.search(r"^Bedrock when Anthropic is down:\n\n```toml\n(.*?)^```", DOCUMENT, re.M | re.S)
    assert found is not None
    async with setting(tmp_path, more=tomllib.loads(found[1])) as here:
        here.anthropic.answer(error(529, "Overloaded"))
        down, exchange = await here.asked(DIRECT, DIRECT.request())
        assert (down.status, b"message_stop" in down.body, exchange.provider) == (200, True, "bedrock")
        up, exchange = await here.asked(DIRECT, DIRECT.request())
        assert (up.status, exchange.provider) == (200, "anthropic")
