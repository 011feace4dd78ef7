"""The dashboard's own themes: candela-dark, candela-light, and both again in colours that stay distinct with any kind
of colour blindness."""

from textual.theme import BUILTIN_THEMES, Theme

from candela_tui.ui.style.contrast import ANSI_COLOURS, ATTRIBUTES, derived_colours

CANDELA_DARK = Theme(
    name="candela-dark",
    primary="#f2b45c",
    secondary="#7fa8f0",
    accent="#f2b45c",
    warning="#e8a34a",
    error="#f0737b",
    success="#8cc98a",
    foreground="#d9dce3",
    background="#10121a",
    surface="#151823",
    panel="#1d2130",
    dark=True,
    variables={
        "fg-bright": "#ffffff",
        "cursor-row": "#242940",
        "cursor-row-blurred": "#1d2130",
        "border-idle": "#343a50",
        "footer-key-foreground": "#f2b45c",
        "footer-background": "#151823",
        "scrollbar": "#343a50",
        "scrollbar-background": "#10121a",
        "scrollbar-corner-color": "#10121a",
    },
)

CANDELA_LIGHT = Theme(
    name="candela-light",
    primary="#9a5200",
    secondary="#1f55ab",
    accent="#9a5200",
    warning="#8f5a00",
    error="#b3261e",
    success="#2b7030",
    foreground="#2a2824",
    background="#fbf8f2",
    surface="#f5f0e6",
    panel="#ebe4d6",
    dark=False,
    variables={
        "fg-bright": "#000000",
        "cursor-row": "#f0dfbd",
        "cursor-row-blurred": "#ece5d8",
        "border-idle": "#cfc6b4",
        "footer-key-foreground": "#9a5200",
        "footer-background": "#f5f0e6",
        "scrollbar": "#cfc6b4",
        "scrollbar-background": "#fbf8f2",
        "scrollbar-corner-color": "#fbf8f2",
    },
)

# Okabe and Ito's palette (https://jfly.uni-koeln.de/color/): sky blue is good, vermillion bad, yellow a warning.
CANDELA_CLEAR_DARK = Theme(
    name="candela-clear-dark",
    primary="#e69f00",
    secondary="#cc79a7",
    accent="#e69f00",
    warning="#f0e442",
    error="#e8702a",
    success="#56b4e9",
    foreground="#e2e4ea",
    background="#0e1016",
    surface="#13161f",
    panel="#1c202d",
    dark=True,
    variables={
        **CANDELA_DARK.variables,
        "footer-key-foreground": "#e69f00",
        "footer-background": "#13161f",
        "scrollbar-background": "#0e1016",
        "scrollbar-corner-color": "#0e1016",
    },
)

# The hues of the same palette that are dark enough for a light background, or can be made so: blue, vermillion, reddish
# purple.
CANDELA_CLEAR_LIGHT = Theme(
    name="candela-clear-light",
    primary="#8a5500",
    secondary="#00664c",
    accent="#8a5500",
    warning="#8a3a6a",
    error="#b04000",
    success="#0072b2",
    foreground="#1e1e1e",
    background="#ffffff",
    surface="#f4f4f2",
    panel="#e8e8e4",
    dark=False,
    variables={
        **CANDELA_LIGHT.variables,
        "cursor-row": "#f7e2b4",
        "cursor-row-blurred": "#ebebe8",
        "border-idle": "#c4c4c0",
        "footer-key-foreground": "#8a5500",
        "footer-background": "#f4f4f2",
        "scrollbar": "#c4c4c0",
        "scrollbar-background": "#ffffff",
        "scrollbar-corner-color": "#ffffff",
    },
)

THEMES = (CANDELA_DARK, CANDELA_LIGHT, CANDELA_CLEAR_DARK, CANDELA_CLEAR_LIGHT)


def theme_names() -> list[str]:
    """Return the names of all themes, Textual's included."""
    return sorted({*BUILTIN_THEMES, *(theme.name for theme in THEMES)})


def theme_variables(theme: Theme, *, no_color: bool = False) -> dict[str, str]:
    """Return candela's own stylesheet variables for a theme. What the theme itself sets takes precedence."""
    if theme.ansi:
        return {**ANSI_COLOURS, **ATTRIBUTES}
    text_styles = derived_colours({**theme.to_color_system().generate(), **theme.variables}, dark=theme.dark)
    return {**text_styles, **ATTRIBUTES} if no_color else text_styles
