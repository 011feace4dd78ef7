"""Derive readable colours for any theme from the theme's own colours.

Contrast is WCAG's ratio of relative luminances. WCAG asks for 4.5 for text (level AA) and 3 for large text. Every text
style has at least 4.5 on every background that rows have; only lines that are drawn and not read have less.
"""

from collections.abc import Iterable, Mapping

from textual.color import Color

_TEXT = 4.5
_DIM = 5.3
"""More than WCAG asks, so that dim text differs from faint text."""
_RULE = 1.9
_CURSOR = 1.28
"""The highest contrast of the cursor's row to the background: text on the row loses as much contrast as the row
gains."""
_STEPS = 40
_WHITE, _BLACK = Color(255, 255, 255), Color(0, 0, 0)


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours, from 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def derived_colours(variables: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    """Return candela's own stylesheet variables, derived from those that Textual generates for a theme."""
    background, surface, foreground, primary = (
        Color.parse(variables[name]) for name in ("background", "surface", "foreground", "primary")
    )
    strongest = _WHITE if dark else _BLACK
    cursor = _own(variables, "cursor-row") or _ground(background, primary, foreground, 0.24)
    blurred = _own(variables, "cursor-row-blurred") or _ground(background, foreground, foreground, 0.1)
    grounds = (background, surface, cursor, blurred)

    def readable(start: Color, towards: Color, ratio: float = _TEXT) -> str:
        return _reaching(start, towards, grounds, ratio).hex

    def coloured(name: str) -> str:
        return readable(Color.parse(variables[name]), strongest)

    text = _reaching(foreground, strongest, grounds, _TEXT)
    return {
        "fg-text": text.hex,
        "fg-bright": strongest.hex,
        "fg-dim": readable(foreground.blend(background, 0.45), text, _DIM),
        "fg-faint": readable(foreground.blend(background, 0.75), text),
        "fg-rule": readable(foreground.blend(background, 0.75), foreground, _RULE),
        "fg-thinking": readable(Color.parse(variables["secondary"]).blend(foreground, 0.5), strongest),
        "fg-accent": coloured("accent"),
        "fg-good": coloured("success"),
        "fg-bad": coloured("error"),
        "fg-warn": coloured("warning"),
        "fg-link": coloured("secondary"),
        "hit-background": background.blend(Color.parse(variables["accent"]), 0.35).hex,
        "hit-foreground": strongest.hex,
        "hit-here-foreground": background.hex,
        "hit-here-style": "bold",
        "cursor-row": cursor.hex,
        "cursor-row-blurred": blurred.hex,
        "border-idle": readable(foreground.blend(background, 0.8), foreground, 1.5),
        "fg-dim-style": "none",
        "cursor-row-style": "none",
        "cursor-row-blurred-style": "none",
    }


ANSI_COLOURS = {
    "fg-text": "ansi_default",
    "fg-bright": "ansi_default",
    "fg-dim": "ansi_default",
    "fg-faint": "ansi_default",
    "fg-rule": "ansi_default",
    "fg-thinking": "ansi_default",
    "fg-accent": "ansi_magenta",
    "fg-good": "ansi_green",
    "fg-bad": "ansi_red",
    "fg-warn": "ansi_yellow",
    "fg-link": "ansi_blue",
    "hit-background": "ansi_yellow",
    "hit-foreground": "ansi_black",
    "hit-here-foreground": "ansi_black",
    "cursor-row": "ansi_default",
    "cursor-row-blurred": "ansi_default",
    "border-idle": "ansi_bright_black",
}
"""For themes that use the terminal's own colours. Which of them are readable on its background is unknown, so all grey
text has the default colour and is only dimmed."""

ATTRIBUTES = {
    "fg-dim-style": "dim",
    "hit-here-style": "bold reverse",
    "cursor-row-style": "reverse",
    "cursor-row-blurred-style": "underline",
}
"""Text attributes that set rows and styles apart if colours can't."""


def _own(variables: Mapping[str, str], name: str) -> Color | None:
    """Return a colour that the theme itself sets, or None."""
    return Color.parse(variables[name]) if name in variables else None


def _reaching(start: Color, towards: Color, grounds: Iterable[Color], ratio: float) -> Color:
    """Return the first colour on the way that has this contrast to all grounds, or the end of the way if none has."""
    for step in range(_STEPS + 1):
        color = start.blend(towards, step / _STEPS)
        if all(contrast(color, ground) >= ratio for ground in grounds):
            return color
    return towards


def _ground(background: Color, tint: Color, text: Color, most: float) -> Color:
    """Return the background with as much of a tint as leaves the text on it readable."""
    for step in range(_STEPS):
        ground = background.blend(tint, most * (1 - step / _STEPS))
        readable = contrast(text, ground) >= min(_TEXT, contrast(text, background) * 0.8)
        if readable and contrast(ground, background) <= _CURSOR:
            return ground
    return background
