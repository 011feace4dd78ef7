"""The recipes for budgets in docs/rules.md hold."""

import tomllib
from pathlib import Path
from typing import Any

from candela_tui.config import Settings
from tests.proxy.running import RunningProxy
from tests.rules.budgets.test_relayed import ask, asking, dollar
from tests.standin import Provider

DOCUMENT = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()


def recipe(words: str) -> dict[str, Any]:
    """The TOML below the paragraph that begins so."""
    return tomllib.loads(DOCUMENT.partition(f"\n{words}")[2].partition("```toml\n")[2].partition("```")[0])


async def test_a_hard_cap_a_night(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar(times=9)
    sections = recipe("A hard cap a night")
    Settings.model_validate(sections)
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        statuses = [(await ask(proxy))[0] for _ in range(4)]
    assert statuses == [200, 200, 402, 402]
    assert [notice.partition(":")[0] for notice in proxy.notices] == [
        'The budget "night" is at 90%',
        'The budget "night" is reached',
    ]
    # The counts of the night before this start are there.
    async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
        assert (await ask(proxy, **asking(max_tokens=128_000)))[0] == 402


async def test_no_session_and_no_agent_costs_more(provider: Provider, tmp_path: Path) -> None:
    provider.respond = lambda _: dollar(times=5)
    async with RunningProxy(provider.url, tmp_path, sections=recipe("No session costs more than $5")) as proxy:
        sessions = ["s1", "s1", "s2", "s2"]
        statuses = [(await ask(proxy, **asking(session)))[0] for session in sessions]
    assert statuses == [200, 402, 200, 402]
