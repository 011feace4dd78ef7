"""The user's choice of how much is shown of each kind of block."""

from collections.abc import Mapping

from candela_tui.ui.state.preferences import Preferences
from candela_tui.ui.style.styled_text import Line, Piece
from candela_tui.ui.widgets.text_view.folding.content import UnitLayout
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel

_WORDS = {DetailLevel.ONE: "one line", DetailLevel.FEW: "few", DetailLevel.ALL: "all"}
_SHORT = {DetailLevel.ONE: "one", DetailLevel.FEW: "few", DetailLevel.ALL: "all"}


class DetailLevels:
    """The levels of detail of a page's kinds of blocks. Changes are remembered."""

    def __init__(self, preferences: Preferences, defaults: Mapping[str, DetailLevel]) -> None:
        self._preferences = preferences
        self._defaults = defaults
        self.chosen: str | None = None
        """The kind that ``shift`` changes; None for all kinds."""
        self._first: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds, in the order of the line."""
        return tuple(self._defaults)

    def of(self, kind: str) -> DetailLevel:
        """Return the level of a kind."""
        remembered = self._preferences.now.detail.get(kind)
        if remembered is None:
            return self._defaults.get(kind, DetailLevel.ALL)
        return DetailLevel(max(DetailLevel.ONE, min(DetailLevel.ALL, remembered)))

    def shift(self, step: int) -> tuple[str, ...]:
        """Raise or lower the levels. Return the kinds that this changes."""
        kinds = (self.chosen,) if self.chosen is not None else self.kinds
        return self._change(
            {kind: DetailLevel(max(DetailLevel.ONE, min(DetailLevel.ALL, self.of(kind) + step))) for kind in kinds}
        )

    def turn(self, kind: str) -> tuple[str, ...]:
        """Raise the level of a kind, from the highest back to the lowest. Return the kind."""
        return self._change({kind: DetailLevel((self.of(kind) + 1) % len(DetailLevel))})

    def choose(self, current: str | None) -> None:
        """Choose the next kind, beginning with the current block's. After the last kind, choose all."""
        if self.chosen is None:
            self.chosen = self._first = current if current in self.kinds else self.kinds[0]
            return
        following = self.kinds[(self.kinds.index(self.chosen) + 1) % len(self.kinds)]
        self.chosen = None if following == self._first else following

    def _change(self, levels: dict[str, DetailLevel]) -> tuple[str, ...]:
        self._preferences.change(detail=self._preferences.now.detail | {kind: int(at) for kind, at in levels.items()})
        return tuple(levels)

    def line(self, width: int) -> Line:
        """Return a line with all kinds, their levels, and the keys that change them."""
        pieces = [piece for kind in self._parts(width) for piece in kind]
        room = width - sum(len(text) for text, _ in pieces) - len(self._hint)
        return (*pieces, (" " * room, "faint"), (self._hint, "faint")) if room >= 2 else tuple(pieces)

    @property
    def _hint(self) -> str:
        return "+ − this kind   L next" if self.chosen else "+ − all kinds   L each"

    def kind_at(self, cell: int, width: int) -> str | None:
        """Return the kind that is at a cell of the line, or None."""
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


class DetailLevelsUnit:
    """The line that shows the levels, and changes them on a click."""

    goes_on = False

    def __init__(self, levels: DetailLevels) -> None:
        self._levels = levels

    def text(self) -> str:
        """Return nothing: the line is not part of the request, so it is neither found nor copied."""
        return ""

    def height(self, width: int) -> int:
        """Return 1: it is one line."""
        return 1

    def layout(self, width: int) -> UnitLayout:
        """Return the line with the current levels."""
        return UnitLayout("", [(0, 0)], [self._levels.line(width)])
