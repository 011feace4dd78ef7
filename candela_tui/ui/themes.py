"""The dashboard's own themes: candlelight on ink, and ink on paper."""

from textual.theme import Theme

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
        "ink-dim": "#828aa0",
        "ink-faint": "#4a5168",
        "ink-bright": "#ffffff",
        "ink-thinking": "#8f86ad",
        "cursor-row": "#2b3046",
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
        "ink-dim": "#6d675c",
        "ink-faint": "#b5ac9a",
        "ink-bright": "#000000",
        "ink-thinking": "#6f5f94",
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

THEMES = (CANDELA_DARK, CANDELA_LIGHT)
