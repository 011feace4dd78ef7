"""The Turn tab: the agents of a turn, what ran beside what, and what the turn waited for."""

from datetime import timedelta
from typing import Any

from rich.cells import cell_len

from candela_tui.exchange import Delegation, Exchange, Marks, Outcome, ToolDuration
from candela_tui.ledger.sessions import summarize
from candela_tui.protocol.kind import Kind
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.pages.page import ShownRequest, ShownSession
from candela_tui.ui.screens.request.pages.turn import TurnPage
from candela_tui.ui.state.exchange_bodies import ExchangeBodies
from tests.analysis.exchanges import START, cost, exchange
from tests.ui.scene import Scene, shows


def asked(number: int, start: float, end: float, **known: Any) -> Exchange:
    facts = {
        "kind": Kind.MESSAGES,
        "model": "claude-opus-4-8",
        "started_at": START + timedelta(seconds=start),
        "marks": Marks(end=(end - start) * 1000),
        "stop_reason": "end_turn",
        "asked": str(number),
        "prompt_id": "p1",
    }
    return exchange(number, **{**facts, **known})


def day() -> list[Exchange]:
    calls = {"stop_reason": "tool_use", "tools_called": ("Agent",)}
    return [
        asked(1, 0, 1, delegations=(Delegation("count", "Explore", "Count \x1b[31mfish"),), cost=cost("0.25"), **calls),
        asked(2, 2, 5, agent_id="a1", task="count"),
        asked(3, 6, 8, tool_durations=(ToolDuration("Agent", 4500),)),
        asked(4, 60, 61, prompt_id="p2"),
    ]


class _NoBodies(ExchangeBodies):
    """The tab needs none."""

    def __init__(self) -> None:
        pass


class Session:
    """The requests of a session as the dashboard has them loaded, at a time that the test sets."""

    def __init__(self, requests: list[Exchange]) -> None:
        self.requests = requests
        self.now = START + timedelta(seconds=70)

    def page(self, place: int, width: int) -> TurnPage:
        session = ShownSession(lambda: self.requests, lambda: summarize("s1", self.requests))
        clock = Clock(lambda: self.now)
        return TurnPage(ShownRequest(self.requests[place], _NoBodies(), clock, session=session), width)


async def text_of(page: TurnPage) -> list[str]:
    for _ in await page.open():
        pass
    return [page.lines.text(number).rstrip() for number in range(len(page.lines))]


async def test_it_shows_the_agents_the_lanes_and_the_waterfall() -> None:
    lines = await text_of(Session(day()).page(1, 120))
    told = [" ".join(line.split()) for line in lines]
    assert told[1] == "Turn 1 3 requests 2 agents $0.25"
    assert told[4] == "critical path model 6.0s, sub-agents 1.5s, waiting 0.5s"
    assert told[5] == "prompt p1"
    assert "main opus-4-8 2 $0.25 – – 8.0s 3.0s" in told
    assert "└ Explore · Count ␛[31mfish opus-4-8 1 – – – 3.0s 3.0s" in told
    waterfall = told[told.index("Waterfall ● on the critical path ~ inferred") + 2 :]
    assert [line.replace("┊", "").split("█")[0].strip() for line in waterfall] == [
        "● main model 0.000 s 1.000 s",
        "● main waiting ~ 1.000 s 0.500 s",
        "● main sub-agents Agent 1.500 s 4.500 s",
        "● Explore model 2.000 s 3.000 s",
        "● main model 6.000 s 2.000 s",
    ]
    assert [line.endswith("←") for line in waterfall] == [False, False, False, True, False]


async def test_every_line_fits_on_screens_of_any_width() -> None:
    for width in (72, 80, 110, 240):
        lines = await text_of(Session(day()).page(0, width))
        assert max(map(cell_len, lines)) <= width


async def test_a_turn_without_a_statement_says_that_it_is_inferred() -> None:
    lines = await text_of(Session([asked(1, 0, 1, prompt_id=None)]).page(0, 100))
    told = "prompt inferred: begins after the answer that ended the turn before it"
    assert told in [" ".join(line.split()) for line in lines]


async def test_it_is_written_again_when_a_request_changes_and_each_second_while_it_is_live() -> None:
    live = asked(2, 2, 5, agent_id="a1", outcome=Outcome.LIVE, marks=Marks())
    session = Session([day()[0], live])
    page = session.page(0, 100)
    await text_of(page)
    assert await page.more() is None
    session.now += timedelta(seconds=1)
    again = await page.more()
    assert again is not None
    for _ in again:
        pass
    session.requests = [day()[0], asked(2, 2, 5, agent_id="a1")]
    again = await page.more()
    assert again is not None
    for _ in again:
        pass
    session.now += timedelta(seconds=5)
    assert await page.more() is None


async def test_its_key_opens_it(scene: Scene) -> None:
    scene.request()
    async with scene.opened((120, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "t")
        await shows(pilot, "Turn 1", "critical path", "Waterfall")
