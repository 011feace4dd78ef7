"""The settings screen."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.config import UiSettings, known_settings, origin_of
from candela_tui.ui.screens.settings.setting_row import SettingRow
from candela_tui.ui.state.preferences import Preferences
from tests.proxy.running import RunningProxy
from tests.standin import Provider
from tests.ui.scene import Scene, screen_text, shows, typed, until


async def go_to(pilot: Any, name: str) -> None:
    """Put the cursor on a setting."""
    await pilot.press("comma")
    await shows(pilot, "proxy.port")
    place = [setting.name for setting in known_settings()].index(name)
    await pilot.press("g", *["j"] * place)


def written(scene: Scene) -> Any:
    return tomllib.loads(scene.config.read_text()) if scene.config.exists() else {}


async def test_every_setting_is_shown_with_its_value_meaning_default_and_origin(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDELA_PROXY__MAX_BODY_MB", "16")
    scene.config.write_text("[ui.attention]\nhow = 'bell'\n")
    async with scene.opened((120, 130)) as pilot:
        await go_to(pilot, "proxy.max_body_mb")
        screen = await shows(pilot, "The largest request body", "default 64", "CANDELA_PROXY__MAX_BODY_MB", "restart")
        assert all(setting.name in screen for setting in known_settings())
        # Without the scroll bar at the end of a line.
        lines = {words[0]: words[:3] for words in map(str.split, screen.splitlines()) if len(words) > 2}
        assert "environment" in lines["proxy.max_body_mb"]
        assert "16" in lines["proxy.max_body_mb"]
        assert "config.toml" in lines["ui.attention.how"]
        assert "default" in lines["proxy.port"]


async def test_what_overrides_a_setting_is_read_to_its_end_on_a_small_terminal(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANDELA_PROXY__PORT", "9000")
    async with scene.opened((80, 24)) as pilot:
        await go_to(pilot, "proxy.port")
        screen = await shows(pilot, "variable CANDELA_PROXY__PORT", "Takes effect after a restart.")
        assert "takes precedence over the file" in " ".join(screen.split())


async def test_a_variable_of_the_clouds_own_tools_is_shown_where_it_holds(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    scene.config.write_text("[vertex]\nregion = 'us-east5'\n")
    monkeypatch.setenv("CLOUD_ML_REGION", "global")
    async with scene.opened((120, 40)) as pilot:
        await go_to(pilot, "aws.region")
        screen = await shows(pilot, "not set: eu-west-1 from AWS_REGION is used")
        # Without the scroll bar at the end of a line.
        lines = {words[0]: words[:3] for words in map(str.split, screen.splitlines()) if len(words) > 2}
        assert lines["aws.region"] == ["aws.region", "eu-west-1", "environment"]
        assert lines["vertex.region"] == ["vertex.region", '"us-east5"', "config.toml"]


def test_header_fields_for_a_collector_are_shown_without_their_values() -> None:
    setting = next(one for one in known_settings() if one.name == "telemetry.headers")
    row = SettingRow(setting, {"x-team": "of-the-team"}, origin_of(setting.key, {}, {}))
    assert row.text == '{ x-team = "[redacted]" }'


async def test_a_value_is_edited_and_written_with_the_comments_of_the_file_kept(scene: Scene) -> None:
    scene.config.write_text("# mine\n[proxy]\nport = 9000  # why\n")
    async with scene.opened() as pilot:
        await go_to(pilot, "proxy.port")
        await shows(pilot, "9000")
        await pilot.press("enter", "ctrl+u", *"9100", "enter")
        await shows(pilot, "Saved proxy.port. Takes effect after a restart")
    assert scene.config.read_text() == "# mine\n[proxy]\nport = 9100  # why\n"


async def test_a_mistake_is_told_in_the_words_of_config_check_and_not_written(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await go_to(pilot, "proxy.port")
        await pilot.press("enter", "ctrl+u")
        await typed(pilot, "99999")
        await pilot.press("enter")
        await shows(pilot, "proxy.port: expected at most 65535; found 99999")
        assert written(scene) == {}
        await pilot.press("escape")
        await until(pilot, lambda: "expected at most" not in screen_text(pilot))


async def test_a_file_that_can_not_be_written_is_told(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await go_to(pilot, "ui.reduced_motion")
        scene.config.mkdir()
        await pilot.press("space")
        await shows(pilot, "can't be read: Is a directory")


async def test_a_switch_and_a_choice_go_on_with_space_and_hold_at_once(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await go_to(pilot, "ui.reduced_motion")
        await pilot.press("space")
        await until(pilot, lambda: scene.app.animation_level == "none")
        await pilot.press("k", "space")
        await until(pilot, lambda: scene.app.sources.chosen.density == "standard")
        assert written(scene) == {"ui": {"reduced_motion": True, "density": "standard"}}


async def test_a_default_is_had_again(scene: Scene) -> None:
    scene.config.write_text("[ui]\ndensity = 'compact'\n")
    async with scene.opened() as pilot:
        await go_to(pilot, "ui.density")
        await shows(pilot, '"compact"')
        await pilot.press("backspace")
        await until(pilot, lambda: written(scene) == {"ui": {}})


async def enter(pilot: Any, text: str) -> None:
    """Replace the value of the setting with the cursor."""
    await pilot.press("enter", "ctrl+u")
    await typed(pilot, text)
    await pilot.press("enter")


async def test_keys_hold_at_once_and_what_is_wrong_with_them_is_not_saved(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await go_to(pilot, "ui.keys")
        await enter(pilot, '{ "app.kez" = "x" }')
        await shows(pilot, "did you mean 'app.keys'?")
        assert written(scene) == {}
        await pilot.press("ctrl+u")
        await typed(pilot, '{ "app.keys" = "f5" }')
        await pilot.press("enter")
        await shows(pilot, "f5 Keys")


async def test_digits_are_text_and_an_empty_text_is_unset(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await go_to(pilot, "vertex.project")
        await enter(pilot, "12345")
        await until(pilot, lambda: written(scene) == {"vertex": {"project": "12345"}})
        await shows(pilot, "Saved vertex.project")
        await enter(pilot, "")
        await until(pilot, lambda: written(scene) == {"vertex": {"project": ""}})


async def test_a_value_that_is_opened_and_left_as_it_was_stays_the_same(scene: Scene) -> None:
    scene.config.write_text('[pricing.models."a.b"]\ninput = 0.10\noutput = 1\n')
    async with scene.opened() as pilot:
        await go_to(pilot, "pricing.models")
        await shows(pilot, '{ "a.b" = { input = 0.10, output = 1 } }')
        await pilot.press("enter", "enter")
        await shows(pilot, "Saved pricing.models")
        assert written(scene) == {"pricing": {"models": {"a.b": {"input": 0.1, "output": 1}}}}


@pytest.mark.parametrize(("answer", "saved"), [("n", {}), ("enter", {}), ("y", {"proxy": {"allow": "any-local"}})])
async def test_opening_the_proxy_to_other_users_asks_first(scene: Scene, answer: str, saved: dict[str, Any]) -> None:
    async with scene.opened() as pilot:
        await go_to(pilot, "proxy.allow")
        await shows(pilot, "⏎ Change")
        await pilot.press("enter")
        await shows(pilot, "Open the proxy to other users of this machine?")
        await pilot.press(answer)
        await until(pilot, lambda: "Open the proxy to other users" not in screen_text(pilot))
        await until(pilot, lambda: written(scene) == saved)


async def test_the_proxy_is_closed_to_other_users_without_a_question(scene: Scene) -> None:
    scene.config.write_text("[proxy]\nallow = 'any-local'\n")
    async with scene.opened() as pilot:
        await go_to(pilot, "proxy.allow")
        await shows(pilot, '"any-local"')
        await pilot.press("enter")
        await until(pilot, lambda: written(scene) == {"proxy": {"allow": "same-user"}})


async def test_a_theme_that_is_set_here_replaces_the_one_that_was_remembered(tmp_path: Path) -> None:
    preferences = Preferences(tmp_path / "dashboard.json")
    preferences.change(theme="nord")
    scene = Scene(tmp_path, preferences=preferences)
    async with scene.opened() as pilot:
        assert scene.app.theme == "nord"
        await go_to(pilot, "ui.theme")
        await pilot.press("enter")
        await shows(pilot, "⏎ use")
        await pilot.press("end", "enter")
        await until(pilot, lambda: written(scene) == {"ui": {"theme": "tokyo-night"}})
        await until(pilot, lambda: scene.app.theme == "tokyo-night")
        assert preferences.now.theme is None


async def test_a_variable_that_wins_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDELA_UI__DENSITY", "compact")
    async with scene.opened() as pilot:
        await go_to(pilot, "ui.density")
        await pilot.press("space")
        await shows(pilot, "CANDELA_UI__DENSITY is set and takes")
        assert scene.app.sources.chosen.density == "compact"


async def test_a_file_with_a_mistake_is_told(scene: Scene) -> None:
    scene.config.write_text("[proxy]\nprot = 1\n")
    async with scene.opened() as pilot:
        await pilot.press("comma")
        await shows(pilot, "did you mean proxy.port?")


async def test_reduced_motion_holds_from_the_start(tmp_path: Path) -> None:
    scene = Scene(tmp_path, settings=UiSettings(reduced_motion=True))
    async with scene.opened() as pilot:
        await shows(pilot, "Waiting")
        assert scene.app.animation_level == "none"


async def test_a_rule_that_is_set_here_is_in_force_at_once(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        scene = Scene(tmp_path, control=Control(Client(LocalServer(proxy.port, proxy.paths.token)), lambda _: None))
        assert scene.config == proxy.paths.config
        async with scene.opened((120, 40)) as pilot:
            await go_to(pilot, "rules.models.deny")
            await shows(pilot, "Takes effect at once")
            await pilot.press("enter", "ctrl+u")
            await typed(pilot, '["claude-opus-*"]')
            await pilot.press("enter")
            await proxy.noticed("Requests from now on follow [rules] models.")
            assert not proxy.proxy.live
    assert written(scene) == {"rules": {"models": {"deny": ["claude-opus-*"]}}}
