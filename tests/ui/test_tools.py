"""The tools of a request, as a table that unfolds."""

from typing import Any

from candela_tui.ui.screens.request.pages.tools import ToolsPage
from tests.ui.conversation import body_of, laid_out, texts, user
from tests.ui.scene import Scene, screen_text, shows, until


def tool(name: str, description: str = "", **fields: Any) -> dict[str, Any]:
    return {"name": name, "description": description, "input_schema": {"type": "object"}, **fields}


TOOLS = [
    tool("Read", "Reads a file.\nCarefully."),
    tool("Bash", "Runs a command. " * 40, cache_control={"type": "ephemeral"}),
    tool("Agent", "Asks another."),
]
BODY = body_of(user("hi"), tools=TOOLS)


def test_each_tool_says_its_size_share_and_estimated_tokens() -> None:
    lines = texts(laid_out(BODY, page=ToolsPage))
    assert any(line.startswith("   3 tools   ") and "tokens, estimated" in line for line in lines)
    row = next(line for line in lines if "Bash" in line)
    size, unit, share, tokens = row.split()[2:6]
    assert unit == "B"
    assert share.endswith("%")
    assert tokens.startswith("~")
    assert int(size) / 4 < int(tokens[1:]) < int(size) / 2


def test_tools_that_are_no_tools_are_shown_as_they_are() -> None:
    lines = laid_out(
        body_of(user("hi"), tools=[1, {"name": 2}, {"type": "web_search"}]), page=ToolsPage, detail={"tools": 2}
    )
    shown = "\n".join(texts(lines))
    assert '"name": 2' in shown
    assert '"type": "web_search"' in shown


def _names(pilot: Any) -> list[str]:
    return [line.split()[1] for line in screen_text(pilot).splitlines() if line.startswith((" ▸ ", " ▾ "))]


async def test_tools_are_listed_by_size_name_or_the_requests_order(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "4")
        await shows(pilot, "3 tools", "size▾")
        assert _names(pilot) == ["Bash", "Read", "Agent"]
        await pilot.press("o")
        await until(pilot, lambda: _names(pilot) == ["Agent", "Bash", "Read"])
        await pilot.press("O")
        await until(pilot, lambda: _names(pilot) == ["Read", "Bash", "Agent"])
        await pilot.press("o")
        await shows(pilot, "in the request's order")
        assert _names(pilot) == ["Read", "Bash", "Agent"]


async def test_a_tool_unfolds_and_stays_unfolded_in_another_order(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "4")
        screen = await shows(pilot, "3 tools", "◇ cache breakpoint, 5m")
        assert '"type": "object"' not in screen
        await pilot.press("space")
        await shows(pilot, "Runs a command.", '"type": "object"')
        await pilot.press("o")
        await shows(pilot, "▾ Bash", "▸ Read", '"type": "object"')
