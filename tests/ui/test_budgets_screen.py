"""The screen of budgets and rules (b), and what the dashboard says of budgets elsewhere."""

import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from textual.pilot import Pilot

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.config import AttentionSettings
from candela_tui.rules.budgets.state import BudgetStanding
from candela_tui.ui.notifications.attention import Attention
from candela_tui.ui.screens.dashboard.header.header_line import HeaderFacts, header_line
from candela_tui.ui.screens.dashboard.sessions.session_rows import SessionRow
from candela_tui.ui.screens.dashboard.sessions.session_tree import budget_of
from candela_tui.ui.style.budgets import most_urgent
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider, message, text
from tests.standin.answers import usage
from tests.ui.budget_states import MY_DAY, OF_SESSION, RULES, TOKENS, still
from tests.ui.scene import NOW, Scene, screen_text, shows, typed, until
from tests.ui.test_session_rows import said, session


@pytest.fixture
async def proxy(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """A proxy, each of whose answers costs $1."""
    provider.respond = lambda _: message(text("Hi"), usage=usage(100_000), output_tokens=20_000)
    async with RunningProxy(provider.url, tmp_path / "data") as running:
        yield running


def shown_of(proxy: RunningProxy, directory: Path) -> Scene:
    return Scene(directory, control=Control(Client(LocalServer(proxy.port, proxy.paths.token)), lambda _: None))


async def status(proxy: RunningProxy) -> int:
    before = len([each for each in proxy._latest.values() if not each.live])
    async with aiohttp.ClientSession() as client, client.post(f"{proxy.url}/v1/messages", data=BODY) as answer:
        await answer.read()
    await proxy.ended(before + 1)
    return answer.status


def written(proxy: RunningProxy) -> Any:
    return tomllib.loads(proxy.paths.config.read_text())["rules"]


async def fill_in(pilot: Pilot[Any], value: str) -> None:
    await pilot.press("enter", "ctrl+u")
    await typed(pilot, value)
    await pilot.press("enter")


async def test_a_budget_is_added_overridden_changed_and_removed(proxy: RunningProxy, tmp_path: Path) -> None:
    scene = shown_of(proxy, tmp_path)
    async with scene.opened((100, 30)) as pilot:
        await pilot.press("b")
        await shows(pilot, "No budget and no rule", str(proxy.paths.config)[:40])
        await pilot.press("n")
        await shows(pilot, "A rule about")
        await pilot.press("enter")
        await shows(pilot, "New [[rules.budgets]]")
        await pilot.press("w")
        await shows(pilot, "name is missing")
        await fill_in(pilot, "my month")
        await pilot.press(*["j"] * 5)
        await fill_in(pilot, "1")
        await pilot.press("w")
        await shows(pilot, "my month", "$0 of $1.00", "month, resets in")
        assert written(proxy) == {"budgets": [{"name": "my month", "limit_usd": 1}]}

        assert [await status(proxy) for _ in range(2)] == [200, 402]
        await shows(pilot, "100%", "blocked", "Requests are refused")

        await pilot.press("o")
        await shows(pilot, "Let requests pass my month?")
        await pilot.press("enter", "enter")
        await shows(pilot, "Say why")
        await typed(pilot, "release night")
        await pilot.press("enter")
        await shows(pilot, "overridden", ": release night")
        assert await status(proxy) == 200
        await pilot.press("O")
        await shows(pilot, "blocked")
        assert await status(proxy) == 402

        await pilot.press("enter")
        await shows(pilot, "[[rules.budgets]]", '"my month"')
        await pilot.press(*["j"] * 5)
        await fill_in(pilot, "50")
        await pilot.press("w")
        await shows(pilot, "of $50.00")
        assert await status(proxy) == 200

        await pilot.press("d")
        await shows(pilot, "Remove my month?")
        await pilot.press("y")
        await shows(pilot, "No budget and no rule")
        assert proxy.paths.config.read_text().strip() == ""


async def test_a_rule_about_tools_is_written_with_its_choices_and_lists(proxy: RunningProxy, tmp_path: Path) -> None:
    proxy.paths.config.write_text("# mine\n[proxy]\nport = 1234 # why\n")
    scene = shown_of(proxy, tmp_path)
    async with scene.opened((100, 30)) as pilot:
        await pilot.press("b")
        await shows(pilot, "No budget and no rule")
        await pilot.press("n")
        await shows(pilot, "tools")
        options = [line.split()[1:3] for line in screen_text(pilot).splitlines() if "tools" in line]
        await pilot.press(next(words[0] for words in options if words[-1] == "tools"))
        await shows(pilot, "New [[rules.tools]]")
        await fill_in(pilot, "no pushes")
        await pilot.press("j")
        await fill_in(pilot, "Bash(git push")
        await pilot.press("w")
        await shows(pilot, "'Bash(git push' can't be used")
        await fill_in(pilot, "Bash(git push *)")
        await pilot.press("j", "j", "j", "space", "j", "space", "w")
        await shows(pilot, 'deny = ["Bash(git push *)"]')
        rule = {"name": "no pushes", "deny": ["Bash(git push *)"], "action": "answer", "dry_run": True}
        assert written(proxy) == {"tools": [rule]}
        assert proxy.paths.config.read_text().startswith("# mine\n[proxy]\nport = 1234 # why\n\n[[rules.tools]]\n")
        await pilot.press("enter")
        await shows(pilot, "[[rules.tools]]")
        await pilot.press(*["j"] * 4, "backspace", "j", "backspace", "w")
        await until(pilot, lambda: written(proxy) == {"tools": [{"name": "no pushes", "deny": ["Bash(git push *)"]}]})


async def test_a_mistake_in_the_file_is_said_and_the_budgets_stay(proxy: RunningProxy, tmp_path: Path) -> None:
    scene = shown_of(proxy, tmp_path)
    proxy.paths.config.write_text('[[rules.budgets]]\nname = "my day"\nlimit_usd = 5\n')
    async with scene.opened((120, 30)) as pilot:
        await pilot.press("b")
        await shows(pilot, "my day", "of $5.00")
        proxy.paths.config.write_text('[[rules.budgets]]\nname = "my day"\nlimit_usd = "five"\n')
        await shows(pilot, "⚠ rules.budgets.0.limit_usd: expected a number", "of $5.00")


async def test_without_a_proxy_the_rules_are_shown_as_they_are_written(scene: Scene) -> None:
    scene.config.write_text(RULES)
    async with scene.opened((120, 30)) as pilot:
        await pilot.press("b")
        await shows(pilot, "my day", "limit_usd = 20", "no pushes", "This dashboard does not reach the proxy")


async def test_of_a_server_on_another_machine_it_shows_budgets_and_offers_no_change(tmp_path: Path) -> None:
    server = "https://candela.example"
    async with Scene(tmp_path, server=server, control=still(None)).opened((100, 30)) as pilot:
        await pilot.press("b")
        await shows(pilot, "None that you may see", f"Rules of {server} are written on its own machine.")
        assert "n New" not in screen_text(pilot)
    async with Scene(tmp_path, server=server, control=still(None, MY_DAY)).opened((100, 30)) as pilot:
        await pilot.press("b")
        await shows(pilot, "my day", "o Override")
        assert [key for key in ("n New", "⏎ Change", "d Remove") if key in screen_text(pilot)] == []


def test_the_header_has_the_budget_that_is_most_urgent() -> None:
    assert most_urgent([replace(MY_DAY, state=BudgetStanding.OK)]) is None
    urgent = most_urgent([MY_DAY, TOKENS, OF_SESSION])
    assert urgent is OF_SESSION
    facts = HeaderFacts("127.0.0.1:8181", "anthropic-direct", NOW, budget=urgent)  # type: ignore[arg-type]
    assert "budget each session blocked" in said(header_line(facts, 160).pieces)
    assert "budget blocked" in said(header_line(facts, 50).pieces)
    warned = replace(facts, budget=MY_DAY)
    assert "budget my day 84%" in said(header_line(warned, 160).pieces)


async def test_the_dashboard_learns_of_a_budget_when_it_changes(proxy: RunningProxy, tmp_path: Path) -> None:
    scene = Scene(
        tmp_path, control=Control(Client(LocalServer(proxy.port, proxy.paths.token)), lambda _: None), feed=proxy.feed
    )
    async with scene.opened((140, 30)) as pilot:
        proxy.paths.config.write_text('[[rules.budgets]]\nname = "my day"\nlimit_usd = 1\n')
        await proxy.noticed("Requests from now on follow [rules] budgets")
        assert await status(proxy) == 200
        await shows(pilot, "budget my day blocked")
        await pilot.press("b")
        await shows(pilot, "Budgets and rules", "$1.00 of $1.00")


def test_a_session_has_the_budgets_that_are_for_it() -> None:
    mine = session("7c1d4f0e-session")
    assert budget_of(mine, [MY_DAY, OF_SESSION]) is OF_SESSION
    assert budget_of(session("other"), [MY_DAY, OF_SESSION]) is None
    project = replace(OF_SESSION, scope="project", target="/src/api", state=BudgetStanding.WARNED)
    assert budget_of(session("other"), [project]) is project
    branch = replace(project, scope="branch", target="/src/api:main")
    assert budget_of(session("other"), [branch]) is branch
    for compact in (False, True):
        row = SessionRow.of(mine, NOW, folded=False, compact=compact, budget=OF_SESSION)
        assert "budget blocked" in "\n".join(said(row.draw(line, 120, 0)) for line in range(row.height))


def test_a_budget_that_stands_worse_is_notified_once_unless_that_is_off() -> None:
    attention = Attention(AttentionSettings(how="bell"), NOW)
    fine = replace(MY_DAY, state=BudgetStanding.OK)
    assert attention.stand([fine, OF_SESSION]) == []
    assert attention.stand([MY_DAY, OF_SESSION]) == ["the budget my day is at 84%: $16.40 of $20.00 spent"]
    assert attention.stand([MY_DAY, OF_SESSION]) == []
    blocked = replace(MY_DAY, state=BudgetStanding.BLOCKED)
    at_95 = replace(MY_DAY, spent_usd=Decimal("19.00"), passed_mark=0.95)
    assert attention.stand([at_95]) == ["the budget my day is at 97%: $19.00 of $20.00 spent"]
    assert attention.stand([at_95]) == attention.stand([MY_DAY]) == []
    assert attention.stand([blocked]) == ["the budget my day refuses requests: $16.40 of $20.00 spent"]
    assert attention.stand([TOKENS]) == []
    quiet = Attention(AttentionSettings(how="bell", budgets=False), NOW)
    assert quiet.stand([fine]) == quiet.stand([blocked]) == []
