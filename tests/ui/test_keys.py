"""Keys: every action has a name, and the keys that its user wants."""

import inspect
from pathlib import Path

import pytest
from textual.binding import Binding

from candela_tui.config import UiSettings
from candela_tui.ui.keys.keymap import keymap, known_bindings, own_nodes
from tests.ui.scene import Scene, busy_morning, screen_text, shows, typed, until

MOVEMENTS = ("down", "up", "left", "right", "next", "previous", "first", "last", "top", "bottom", "page", "half")
ROOM_FOR_MEANING = 50
"""Columns of the help at 80 columns."""


def declared() -> list[tuple[str, Binding]]:
    """Every binding of ours, with the class that declares it."""
    return [
        (node.__qualname__, binding)
        for node in own_nodes()
        for binding in node.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding)
    ]


class TestEveryBinding:
    def test_has_a_name_for_config_toml_and_a_description(self) -> None:
        assert [
            f"{where}: {binding.key}" for where, binding in declared() if not (binding.id and binding.description)
        ] == []

    def test_says_in_a_sentence_what_it_does_unless_it_only_moves(self) -> None:
        silent = [
            f"{where}: {binding.id}"
            for where, binding in declared()
            if not binding.tooltip and not binding.description.lower().startswith(MOVEMENTS)
        ]
        assert silent == []

    def test_says_it_in_the_room_that_80_columns_have(self) -> None:
        assert [binding.tooltip for _, binding in declared() if len(binding.tooltip) > ROOM_FOR_MEANING] == []

    def test_has_a_name_of_its_own(self) -> None:
        said: dict[str | None, set[str]] = {}
        for _, binding in declared():
            said.setdefault(binding.id, set()).add(binding.description)
        assert {name: meanings for name, meanings in said.items() if len(meanings) > 1} == {}

    def test_is_named_for_its_area(self) -> None:
        assert [name for name in known_bindings() if name.count(".") != 1 or name != name.lower()] == []

    def test_calls_an_action_that_is_there(self) -> None:
        lost = []
        for node in own_nodes():
            for binding in node.__dict__.get("BINDINGS", ()):
                name = binding.action.partition("(")[0]
                if "." not in name and not callable(inspect.getattr_static(node, f"action_{name}", None)):
                    lost.append(f"{node.__qualname__}: {binding.action}")
        assert lost == []


class TestKeymap:
    def test_an_action_gets_the_keys_that_are_wanted_in_any_spelling(self) -> None:
        found = keymap({"app.keys": "f1, ~,dollar_sign", "dashboard.leave": "ctrl+q", "list.first": ""})
        assert found.mistakes == ()
        assert found.keys["app.keys"] == "f1,tilde,dollar_sign"
        assert found.keys["dashboard.leave"] == "ctrl+q"
        assert found.keys["list.first"].startswith("no_key")

    @pytest.mark.parametrize(
        ("action", "keys", "told"),
        [
            ("ap.keys", "x", "[ui.keys] 'ap.keys': no such action; did you mean 'app.keys'?"),
            ("zzzz", "x", "[ui.keys] 'zzzz': no such action; the help (?) lists the names"),
            ("app.keys", "f1,slahs", "[ui.keys] 'app.keys': no such key: 'slahs'; did you mean 'slash'?"),
            ("app.keys", "ctrl+entr", "[ui.keys] 'app.keys': no such key: 'ctrl+entr'; did you mean 'ctrl+enter'?"),
            ("app.keys", "shift+g", "[ui.keys] 'app.keys': no such key: 'shift+g'; write 'G'"),
            ("app.keys", "cmd+x", "[ui.keys] 'app.keys': no such key: 'cmd+x'"),
        ],
    )
    def test_what_is_not_there_is_told_with_what_was_probably_meant(self, action: str, keys: str, told: str) -> None:
        found = keymap({action: keys})
        assert found.mistakes == (told,)
        assert found.keys == {}

    def test_an_action_that_loses_its_key_to_another_is_told(self) -> None:
        found = keymap({"dashboard.zoom": "q"})
        assert found.clashes == ("[ui.keys] 'q' is now bound to 'dashboard.zoom'; 'dashboard.leave' has lost it",)

    def test_an_action_of_the_screen_loses_its_key_to_one_of_the_focused_pane(self) -> None:
        found = keymap({"dashboard.leave": "z"})
        assert found.clashes == ("[ui.keys] 'z' is now bound to 'dashboard.zoom'; 'dashboard.leave' has lost it",)

    def test_two_actions_may_change_their_keys(self) -> None:
        assert keymap({"dashboard.zoom": "q", "dashboard.leave": "z"}).clashes == ()

    def test_an_action_with_several_keys_is_no_clash_with_itself(self) -> None:
        assert keymap({"list.down": "n", "list.up": "p"}).clashes == ()


def settings(**keys: str) -> UiSettings:
    return UiSettings(keys={name.replace("__", "."): key for name, key in keys.items()})


class TestInTheDashboard:
    async def test_keys_of_ones_own_work_and_the_old_ones_do_not(self, tmp_path: Path) -> None:
        scene = Scene(tmp_path, settings=settings(app__keys="f1,f2"))
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting for the first request")
            await pilot.press("question_mark")
            await pilot.pause()
            assert "type to filter" not in screen_text(pilot)
            for key in ("f1", "f2"):
                await pilot.press(key)
                await shows(pilot, "type to filter")
                await pilot.press(*"here")
                await shows(pilot, "f1  f2")
                await pilot.press("escape")
                await pilot.press("escape")
                await until(pilot, lambda: "type to filter" not in screen_text(pilot))

    async def test_an_action_without_a_key_is_still_in_the_help_and_the_command_line(self, tmp_path: Path) -> None:
        scene = Scene(tmp_path, settings=settings(app__settings="", app__leave_at_once=""))
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting for the first request")
            await pilot.press("comma", "question_mark", *"app.")
            screen = await shows(pilot, "app.settings", "app.leave_at_once", "no key")
            assert screen.count("no key") == 2
            await pilot.press("escape", "escape", "colon")
            await typed(pilot, "app.settings")
            await pilot.press("enter")
            await shows(pilot, "proxy.port")

    async def test_a_mistake_is_a_warning_and_the_rest_holds(self, tmp_path: Path) -> None:
        scene = Scene(tmp_path, settings=settings(app__kyes="f1", app__settings="f2"))
        async with scene.opened() as pilot:
            await shows(pilot, "⚠ 1")
            assert ["did you mean 'app.keys'?" in notice.text for notice in scene.app.sources.notices] == [True]
            await pilot.press("f2")
            await shows(pilot, "proxy.port")

    async def test_a_mistake_is_told_once_whatever_else_is_set(self, tmp_path: Path) -> None:
        wrong = settings(app__kyes="f1")
        scene = Scene(tmp_path, settings=wrong)
        async with scene.opened() as pilot:
            await shows(pilot, "⚠ 1")
            scene.app.apply_settings(wrong.model_copy(update={"reduced_motion": True}))
            assert len(scene.app.sources.notices) == 1
            scene.app.apply_settings(settings(app__kyes="f1", app__settnigs="f2"))
            assert len(scene.app.sources.notices) == 2

    async def test_the_help_is_grouped_by_where_keys_work_and_is_filtered_by_typing(self, scene: Scene) -> None:
        busy_morning(scene)
        async with scene.opened((120, 70)) as pilot:
            await shows(pilot, "11:59:48")
            await pilot.press("question_mark", *"o")
            screen = await shows(pilot, "list.open", "dashboard.leave")
            assert screen.index("The pane with the focus") < screen.index("list.open")
            assert screen.index("list.open") < screen.index("This screen") < screen.index("dashboard.leave")
            await pilot.press("escape", "slash")
            await typed(pilot, "leave cut")
            await until(pilot, lambda: "dashboard.leave" not in screen_text(pilot))
            assert "app.leave_at_once" in screen_text(pilot)
            await pilot.press(*"zzz")
            await shows(pilot, "Nothing matches")

    async def test_the_footer_shows_the_keys_of_the_focused_pane_as_many_as_fit(self, scene: Scene) -> None:
        scene.request()
        async with scene.opened() as pilot:
            await shows(pilot, "⏎ Open", "/ Filter", "q Quit", "? Keys")
            await pilot.resize_terminal(60, 24)
            await until(pilot, lambda: "q Quit" not in screen_text(pilot))
            assert "⏎ Open" in screen_text(pilot)
            assert "? Keys" in screen_text(pilot)

    async def test_a_click_in_the_footer_does_what_the_key_does(self, scene: Scene) -> None:
        scene.request()
        async with scene.opened() as pilot:
            line = (await shows(pilot, "space Mark", "? Keys")).splitlines()[-1]
            await pilot.click(offset=(line.index("? Keys") + 2, 35))
            await shows(pilot, "type to filter")

    async def test_several_lines_of_a_notice_stay_lines(self, scene: Scene) -> None:
        async with scene.opened() as pilot:
            await shows(pilot, "Waiting")
            scene.app.notify("first\nsec\x1bond")
            screen = await shows(pilot, "first", "sec␛ond")
            assert "␊" not in screen
