"""How much is shown of each kind of block, as the user likes it."""

from collections.abc import Mapping

from candela_tui.ui.ink import Line, Piece
from candela_tui.ui.lines.folds import Level
from candela_tui.ui.lines.units import Layout
from candela_tui.ui.preferences import Preferences

_WORDS = {Level.ONE: "one line", Level.FEW: "few", Level.ALL: "all"}
_SHORT = {Level.ONE: "one", Level.FEW: "few", Level.ALL: "all"}


class Levels:
    """The levels of the kinds that a page has; what is changed is remembered."""

    def __init__(self, preferences: Preferences, defaults: Mapping[str, Level]) -> None:
        self._preferences = preferences
        self._defaults = defaults
        self.chosen: str | None = None
        """The kind that ``shift`` is for; None: for all."""
        self._first: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """In the order that they are listed in."""
        return tuple(self._defaults)

    def of(self, kind: str) -> Level:
        """The level of a kind."""
        remembered = self._preferences.now.detail.get(kind)
        if remembered is None:
            return self._defaults.get(kind, Level.ALL)
        return Level(max(Level.ONE, min(Level.ALL, remembered)))

    def shift(self, step: int) -> tuple[str, ...]:
        """Show more or less; return the kinds that this is about."""
        kinds = (self.chosen,) if self.chosen is not None else self.kinds
        return self._change({kind: Level(max(Level.ONE, min(Level.ALL, self.of(kind) + step))) for kind in kinds})

    def turn(self, kind: str) -> tuple[str, ...]:
        """Show more of a kind, or least after most."""
        return self._change({kind: Level((self.of(kind) + 1) % len(Level))})

    def choose(self, current: str | None) -> None:
        """Choose the next kind: first that of the current block, after the last all of them."""
        if self.chosen is None:
            self.chosen = self._first = current if current in self.kinds else self.kinds[0]
            return
        following = self.kinds[(self.kinds.index(self.chosen) + 1) % len(self.kinds)]
        self.chosen = None if following == self._first else following

    def _change(self, levels: dict[str, Level]) -> tuple[str, ...]:
        self._preferences.change(detail=self._preferences.now.detail | {kind: int(at) for kind, at in levels.items()})
        return tuple(levels)

    def line(self, width: int) -> Line:
        """All kinds with their levels, and the keys that change them."""
        pieces = [piece for kind in self._parts(width) for piece in kind]
        room = width - sum(len(text) for text, _ in pieces) - len(self._hint)
        return (*pieces, (" " * room, "faint"), (self._hint, "faint")) if room >= 2 else tuple(pieces)

    @property
    def _hint(self) -> str:
        return "+ − this kind   L next" if self.chosen else "+ − all kinds   L each"

    def kind_at(self, cell: int, width: int) -> str | None:
        """The kind whose words are at a cell of the line."""
        for kind, pieces in zip(self.kinds, self._parts(width), strict=True):
            cell -= sum(len(text) for text, _ in pieces)
            if cell < 0:
                return kind
        return None

    def _parts(self, width: int) -> list[list[Piece]]:
        parts: list[list[Piece]] = []
        hint = len(self._hint) + 2
        for words, between, more in ((_WORDS, " · ", hint), (_SHORT, "  ", hint), (_SHORT, "  ", 0), (_SHORT, " ", 0)):
            parts = [
                [
                    (between if place else "", "faint"),
                    (f"{kind} ", "hit-here" if kind == self.chosen else "dim"),
                    (words[self.of(kind)], "hit-here" if kind == self.chosen else "accent"),
                ]
                for place, kind in enumerate(self.kinds)
            ]
            if sum(len(text) for part in parts for text, _ in part) + more <= width:
                break
        return parts


class LevelsUnit:
    """The line that says and changes the levels."""

    goes_on = False

    def __init__(self, levels: Levels) -> None:
        self._levels = levels

    def text(self) -> str:
        """Not to be found or copied: it is not the request's."""
        return ""

    def height(self, width: int) -> int:
        """One line."""
        return 1

    def layout(self, width: int) -> Layout:
        """As the levels are now."""
        return Layout("", [(0, 0)], [self._levels.line(width)])
