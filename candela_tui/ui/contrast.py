"""Inks that can be read, for any theme: derived from the theme's own colours.

Contrast is WCAG's ratio of relative luminances: 4.5 is what it asks of text (level AA), 3 of large text. Every ink of
text has it on every ground that rows have; only lines that are drawn, not read, have less.
"""

from collections.abc import Iterable, Mapping

from textual.color import Color

_TEXT = 4.5
_DIM = 5.3
"""More than is asked, so that what is dim is told from what is faint."""
_RULE = 1.9
_CURSOR = 1.28
"""At most, of a row with the cursor to the background: what is read on the row loses as much."""
_STEPS = 40
_WHITE, _BLACK = Color(255, 255, 255), Color(0, 0, 0)


def contrast(one: Color, other: Color) -> float:
    """1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def derived_inks(variables: Mapping[str, str], *, dark: bool) -> dict[str, str]:
    """The variables that candela's stylesheets use beside Textual's, from those that Textual generates of a theme."""
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
        "ink-text": text.hex,
        "ink-bright": strongest.hex,
        "ink-dim": readable(foreground.blend(background, 0.45), text, _DIM),
        "ink-faint": readable(foreground.blend(background, 0.75), text),
        "ink-rule": readable(foreground.blend(background, 0.75), foreground, _RULE),
        "ink-thinking": readable(Color.parse(variables["secondary"]).blend(foreground, 0.5), strongest),
        "ink-accent": coloured("accent"),
        "ink-good": coloured("success"),
        "ink-bad": coloured("error"),
        "ink-warn": coloured("warning"),
        "ink-link": coloured("secondary"),
        "hit-background": background.blend(Color.parse(variables["accent"]), 0.35).hex,
        "hit-foreground": strongest.hex,
        "hit-here-foreground": background.hex,
        "hit-here-style": "bold",
        "cursor-row": cursor.hex,
        "cursor-row-blurred": blurred.hex,
        "border-idle": readable(foreground.blend(background, 0.8), foreground, 1.5),
        "ink-dim-style": "none",
        "cursor-row-style": "none",
        "cursor-row-blurred-style": "none",
    }


ANSI_INKS = {
    "ink-text": "ansi_default",
    "ink-bright": "ansi_default",
    "ink-dim": "ansi_default",
    "ink-faint": "ansi_default",
    "ink-rule": "ansi_default",
    "ink-thinking": "ansi_default",
    "ink-accent": "ansi_magenta",
    "ink-good": "ansi_green",
    "ink-bad": "ansi_red",
    "ink-warn": "ansi_yellow",
    "ink-link": "ansi_blue",
    "hit-background": "ansi_yellow",
    "hit-foreground": "ansi_black",
    "hit-here-foreground": "ansi_black",
    "cursor-row": "ansi_default",
    "cursor-row-blurred": "ansi_default",
    "border-idle": "ansi_bright_black",
}
"""Where the terminal's own colours are used: which of them can be read on its background, nobody knows but dimming."""

ATTRIBUTES = {
    "ink-dim-style": "dim",
    "hit-here-style": "bold reverse",
    "cursor-row-style": "reverse",
    "cursor-row-blurred-style": "underline",
}
"""What tells rows and inks apart where colours can't."""


def _own(variables: Mapping[str, str], name: str) -> Color | None:
    """What a theme itself says."""
    return Color.parse(variables[name]) if name in variables else None


def _reaching(start: Color, towards: Color, grounds: Iterable[Color], ratio: float) -> Color:
    """The first colour on the way that has that contrast to all grounds; the end of the way where none has."""
    for step in range(_STEPS + 1):
        color = start.blend(towards, step / _STEPS)
        if all(contrast(color, ground) >= ratio for ground in grounds):
            return color
    return towards


def _ground(background: Color, tint: Color, text: Color, most: float) -> Color:
    """The background with a tint, as much of it as leaves text on it readable."""
    for step in range(_STEPS):
        ground = background.blend(tint, most * (1 - step / _STEPS))
        readable = contrast(text, ground) >= min(_TEXT, contrast(text, background) * 0.8)
        if readable and contrast(ground, background) <= _CURSOR:
            return ground
    return background
