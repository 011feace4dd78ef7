"""The footer: the keys that work here."""

from textual import events
from textual.screen import Screen

from candela_tui.ui.keys.actions import Action, actions_of
from candela_tui.ui.style.styled_text import Line, Piece, cells_of
from candela_tui.ui.widgets.one_line import OneLine

_ALWAYS = "app.keys"
"""Always shown: this key shows all the others."""


class KeyFooter(OneLine):
    """Shows the keys of the focused pane, then of the screen, as many as fit. Clicking a key does what pressing it
    does."""

    DEFAULT_CSS = """
    KeyFooter {
        dock: bottom;
        padding: 0 1;
        background: $surface;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._actions: list[Action] = []
        self._places: list[tuple[int, int, Action]] = []

    def on_mount(self) -> None:
        """Update whenever the focus or the bindings change."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and self.is_attached:
            by_call: dict[str, Action] = {}
            for action in actions_of(screen):
                if action.shown and action.enabled:
                    by_call.setdefault(action.call, action)
            self._actions = list(by_call.values())
            self.update()

    def compose_line(self, width: int) -> Line:
        """Return as many keys as fit, and always the key of the help."""
        always = [action for action in self._actions if action.id == _ALWAYS]
        others = [action for action in self._actions if action.id != _ALWAYS]
        room = width - sum(cells_of(_label(action)) for action in always)
        pieces: list[Piece] = []
        self._places = []
        at = 0
        for action in [*others, *always]:
            label = _label(action)
            cells = cells_of(label)
            if action not in always:
                if cells > room:
                    continue
                room -= cells
            pieces += label
            self._places.append((at, at + cells, action))
            at += cells
        return tuple(pieces)

    def _action_at(self, x: int) -> Action | None:
        return next((action for start, end, action in self._places if start <= x < end), None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show in the tooltip what the key under the mouse does."""
        action = self._action_at(event.x - self.gutter.left)
        meaning = action.meaning if action else None
        if meaning != self.tooltip:
            self.tooltip = meaning

    async def on_click(self, event: events.Click) -> None:
        """Run the clicked key's action."""
        action = self._action_at(event.x - self.gutter.left)
        if action is not None:
            await self.app.run_action(action.call, action.node)


def _label(action: Action) -> list[Piece]:
    return [(action.key_display, "heading"), (f" {action.name}  ", "dim")]
