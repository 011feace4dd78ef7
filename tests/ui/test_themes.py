"""Themes: what they say can be read, by every eye and on every terminal."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.color import Color, rgb_to_lab
from textual.theme import BUILTIN_THEMES, Theme

from candela_tui.config import UiSettings
from candela_tui.ui.style.contrast import contrast, derived_colours
from candela_tui.ui.style.themes import CANDELA_CLEAR_DARK, CANDELA_CLEAR_LIGHT, CANDELA_DARK, THEMES, theme_variables
from tests.ui.scene import Scene, busy_morning, drawn, shows, typed, until

TRUE_COLOR = [theme for theme in (*BUILTIN_THEMES.values(), *THEMES) if not theme.ansi]
READ = ("text", "bright", "dim", "faint")
COLOURED = ("accent", "good", "bad", "warn", "link", "thinking")


def colours(theme: Theme) -> dict[str, Color]:
    generated = theme.to_color_system().generate()
    found = {**theme_variables(theme), **generated, **theme.variables}
    names = ("background", "surface", "cursor-row", "cursor-row-blurred")
    return {name: Color.parse(found[name]) for name in (*names, *(f"fg-{style}" for style in (*READ, *COLOURED)))}


@pytest.mark.parametrize("theme", TRUE_COLOR, ids=lambda theme: theme.name)
class TestContrast:
    def test_text_in_every_style_can_be_read_on_every_ground(self, theme: Theme) -> None:
        found = colours(theme)
        faded = [
            (style, ground)
            for ground in ("background", "surface", "cursor-row", "cursor-row-blurred")
            for style in (*READ, *COLOURED)
            if contrast(found[f"fg-{style}"], found[ground]) < 4.5
        ]
        assert faded == []

    def test_the_cursor_is_seen(self, theme: Theme) -> None:
        found = colours(theme)
        assert contrast(found["cursor-row"], found["background"]) >= 1.15
        assert contrast(found["cursor-row-blurred"], found["background"]) >= 1.08

    def test_what_is_dim_is_not_stronger_than_text_and_what_is_faint_not_stronger_than_dim(self, theme: Theme) -> None:
        found = colours(theme)
        strength = [contrast(found[name], found["background"]) for name in ("fg-faint", "fg-dim", "fg-text")]
        assert strength == sorted(strength)


@given(st.tuples(*[st.integers(0, 255)] * 3), st.booleans())
def test_any_colour_becomes_a_style_that_can_be_read(rgb: tuple[int, int, int], dark: bool) -> None:
    colour = Color(*rgb).hex
    theme = Theme("x", primary=colour, accent=colour, success=colour, error=colour, warning=colour, dark=dark)
    derived = derived_colours(theme.to_color_system().generate(), dark=dark)
    background = Color.parse(theme.to_color_system().generate()["background"])
    assert all(contrast(Color.parse(derived[f"fg-{style}"]), background) >= 4.5 for style in COLOURED)


# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
DEFICIENCIES = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def _seen(color: Color, matrix: tuple[tuple[float, ...], ...]) -> Color:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
    mixed = [min(1.0, max(0.0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in matrix]
    return Color(*(round(255 * (x * 12.92 if x <= 0.0031308 else 1.055 * x ** (1 / 2.4) - 0.055)) for x in mixed))


def _distance(one: Color, other: Color) -> float:
    """CIE76: 2.3 is a just noticeable difference."""
    return sum((a - b) ** 2 for a, b in zip(rgb_to_lab(one), rgb_to_lab(other), strict=True)) ** 0.5


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [CANDELA_CLEAR_DARK, CANDELA_CLEAR_LIGHT], ids=lambda theme: theme.name)
def test_the_clear_themes_are_told_apart_by_every_eye(theme: Theme, deficiency: str) -> None:
    found = colours(theme)
    states = [_seen(found[f"fg-{style}"], DEFICIENCIES[deficiency]) for style in ("good", "bad", "warn")]
    assert min(_distance(one, other) for one, other in combinations(states, 2)) > 18


class TestInTheDashboard:
    async def test_without_colours_the_hit_of_a_search_is_seen(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        scene = Scene(tmp_path)
        scene.request(body=b'{"model": "needle"}')
        async with scene.opened() as pilot:
            await shows(pilot, "11:59:00")
            await pilot.press("enter", "7", "slash")
            await typed(pilot, "needle")
            await pilot.press("enter")
            await until(pilot, lambda: "reverse" in _attributes(scene, "needle"))

    async def test_every_theme_can_be_worn(self, scene: Scene) -> None:
        busy_morning(scene)
        async with scene.opened() as pilot:
            await shows(pilot, "fix the flaky test")
            for name in sorted(scene.app.available_themes):
                scene.app.theme = name
                await pilot.pause()
            assert scene.app.is_running

    async def test_a_theme_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        scene = Scene(tmp_path, settings=UiSettings(theme="candle-dark"))
        async with scene.opened() as pilot:
            await shows(pilot, "There is no theme 'candle-dark'", "candela-dark?")
            assert scene.app.theme == CANDELA_DARK.name

    @pytest.mark.parametrize("theme", ["candela-dark", "ansi-light"])
    async def test_without_colours_the_cursor_and_the_focus_stay_visible(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str
    ) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        scene = Scene(tmp_path, settings=UiSettings(theme=theme))
        busy_morning(scene)
        async with scene.opened() as pilot:
            await shows(pilot, "Requests · fix the flaky test")
            await until(pilot, lambda: "reverse" in _attributes(scene, "~214"))
            assert "underline" in _attributes(scene, "fix the flaky test")
            await pilot.press("shift+tab")
            await until(pilot, lambda: "reverse" in _attributes(scene, "fix the flaky test"))
            assert "underline" in _attributes(scene, "~214")
            assert {colour for _, style in _segments(scene) for colour in _colours(style)} <= {"default"}


def _segments(scene: Scene) -> list[tuple[str, Any]]:
    """What goes to the terminal, after the filters."""
    app = scene.app
    return [
        (segment.text, segment.style)
        for strip in drawn(app.screen)
        for segment in strip.apply_filter(app._filters[-1], app.background_colors[0])
    ]


def _attributes(scene: Scene, text: str) -> set[str]:
    styles = [style for said, style in _segments(scene) if text in said and style is not None]
    return {name for style in styles for name in ("reverse", "underline", "bold", "dim") if getattr(style, name)}


def _colours(style: Any) -> list[str]:
    return [] if style is None else [colour.name for colour in (style.color, style.bgcolor) if colour is not None]
