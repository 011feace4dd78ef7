"""The command line: every action by its name, with completion."""

import pytest

from candela_tui.ui.keys.commands import Command, Commands
from tests.ui.scene import LIVE, Scene, busy_morning, screen_text, shows, typed, until


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def commands(done: list[str]) -> Commands:
    def command(name: str, meaning: str, *values: str) -> Command:
        return Command(name, meaning, lambda value: done.append(f"{name} {value}"), values)

    return Commands(
        [
            command("theme", "Change the theme", "nord", "gruvbox", "rose-pine"),
            command("filter", "Show some requests"),
            command("quit", "Quit candela"),
            command("dashboard.filter", "Show some requests"),
            command("dashboard.zoom", "One pane alone"),
        ]
    )


class TestCommands:
    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("f", ["filter"]),
            ("FIL", ["filter"]),
            ("dashboard.", ["dashboard.filter", "dashboard.zoom"]),
            ("candel", ["quit"]),
            ("theme n", ["theme nord", "theme rose-pine"]),
            ("theme gr", ["theme gruvbox"]),
            ("nosuch x", []),
            ("zzz", []),
        ],
    )
    def test_what_is_typed_is_completed_by_name_value_and_meaning(
        self, commands: Commands, typed: str, expected: list[str]
    ) -> None:
        assert [completion.text for completion in commands.completions(typed)] == expected

    @pytest.mark.parametrize(
        ("typed", "name", "value"),
        [
            ("theme nord", "theme", "nord"),
            ("  filter  status:error agent:a ", "filter", "status:error agent:a"),
            ("th nord", "theme", "nord"),
            ("dashboard.z", "dashboard.zoom", ""),
        ],
    )
    def test_a_command_is_found_by_its_name_or_a_beginning_that_only_it_has(
        self, commands: Commands, typed: str, name: str, value: str
    ) -> None:
        found = commands.find(typed)
        assert not isinstance(found, str)
        assert (found[0].name, found[1]) == (name, value)

    @pytest.mark.parametrize(
        ("typed", "told"),
        [
            ("thme nord", "There is no command 'thme'; did you mean 'theme'?"),
            ("dashboard.", "'dashboard.' may be dashboard.filter or dashboard.zoom"),
            ("zzzz", "There is no command 'zzzz'"),
        ],
    )
    def test_what_is_not_found_is_told(self, commands: Commands, typed: str, told: str) -> None:
        assert commands.find(typed) == told


class TestInTheDashboard:
    async def test_a_theme_is_worn_by_name_and_remembered(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            await pilot.press("colon")
            await typed(pilot, "theme gru")
            await pilot.press("tab", "enter")
            await until(pilot, lambda: scene.app.theme == "gruvbox")
            assert scene.app.sources.preferences.now.theme == "gruvbox"
            assert len(scene.app.screen_stack) == 1

    async def test_completions_are_shown_marked_and_taken(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            await pilot.press("colon")
            await typed(pilot, "density ")
            await shows(pilot, "density standard", "density compact")
            await pilot.press("down", "down", "down")
            await shows(pilot, "▸ density compact")
            await pilot.press("enter")
            await until(pilot, lambda: scene.app.sources.chosen.density == "compact")

    async def test_requests_are_filtered_and_ordered_wherever_the_focus_is(self, scene: Scene) -> None:
        busy_morning(scene)
        async with scene.opened() as pilot:
            await shows(pilot, "11:58:20")
            await pilot.press("1", "colon")
            await typed(pilot, "filter agent:main cost>0.1")
            await pilot.press("enter")
            await until(pilot, lambda: "11:58:20" not in screen_text(pilot))
            await shows(pilot, "11:55:00", "/agent:main cost>0.1")
            await pilot.press("colon")
            await typed(pilot, "filter")
            await pilot.press("enter")
            await shows(pilot, "11:58:20")
            await pilot.press("colon")
            await typed(pilot, "sort cost")
            await pilot.press("enter")
            await until(pilot, lambda: screen_text(pilot).index("11:58:20") < screen_text(pilot).index("11:56:40"))
            await pilot.press("colon")
            await typed(pilot, "sort colour")
            await pilot.press("enter")
            await until(pilot, lambda: any("no column 'colour'" in one.message for one in scene.app._notifications))

    async def test_a_filter_with_a_mistake_is_there_to_be_mended(self, scene: Scene) -> None:
        scene.request()
        async with scene.opened() as pilot:
            await shows(pilot, "11:59:00")
            await pilot.press("colon")
            await typed(pilot, "filter cost>much")
            await pilot.press("enter")
            await shows(pilot, "/ cost>much", "^")

    async def test_an_action_runs_by_its_name_where_the_focus_was(self, scene: Scene) -> None:
        scene.request(session_id="one")
        async with scene.opened() as pilot:
            await shows(pilot, "11:59:00")
            await pilot.press("colon")
            await typed(pilot, "list.open")
            await pilot.press("enter")
            await shows(pilot, "Overview")

    async def test_a_mistake_is_told_and_can_be_mended(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            await pilot.press("colon")
            await typed(pilot, "setings")
            await pilot.press("enter")
            await shows(pilot, "did you mean 'settings'?")
            await pilot.press("ctrl+u")
            await typed(pilot, "settings")
            await pilot.press("enter")
            await shows(pilot, "proxy.port")

    async def test_a_value_that_is_not_there_is_told(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            await pilot.press("colon")
            await typed(pilot, "theme gruvbx")
            await pilot.press("enter")
            await shows(pilot, "There is no theme 'gruvbx'; did you mean gruvbox?")

    async def test_quit_asks_while_something_is_live(self, scene: Scene) -> None:
        scene.request(**LIVE)
        async with scene.opened() as pilot:
            await shows(pilot, "1 live")
            await pilot.press("colon", *"quit", "enter")
            await shows(pilot, "Quit candela?")

    async def test_a_click_on_a_completion_runs_it_and_one_elsewhere_closes(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            await pilot.press("colon")
            await typed(pilot, "theme gru")
            line = next(
                number
                for number, text in enumerate((await shows(pilot, "theme gruvbox")).splitlines())
                if "theme gruvbox" in text and ":" not in text
            )
            await pilot.click(offset=(5, line))
            await until(pilot, lambda: scene.app.theme == "gruvbox")
            await pilot.press("colon")
            await until(pilot, lambda: len(scene.app.screen_stack) == 2)
            await pilot.click(offset=(5, 3))
            await until(pilot, lambda: len(scene.app.screen_stack) == 1)

    async def test_escape_and_an_empty_line_do_nothing(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            for key in ("escape", "enter"):
                await pilot.press("colon", *("x" if key == "escape" else ""))
                await until(pilot, lambda: len(scene.app.screen_stack) == 2)
                await pilot.press(key)
                await until(pilot, lambda: len(scene.app.screen_stack) == 1)
            assert "There is no" not in screen_text(pilot)

    async def test_themes_are_looked_at_before_one_is_chosen(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            await pilot.press("colon")
            await typed(pilot, "theme")
            await pilot.press("enter")
            await shows(pilot, "tokyo-night")
            await pilot.press("end")
            await until(pilot, lambda: scene.app.theme == "tokyo-night")
            await pilot.press("escape")
            await until(pilot, lambda: scene.app.theme == "candela-dark")
            assert scene.app.sources.preferences.now.theme is None
