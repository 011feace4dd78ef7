"""The arguments of a tool call."""

from collections.abc import Callable, Iterator

import msgspec

from candela_tui.protocol.raw_json import decode_json
from candela_tui.text import amounts
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.style.styled_text import Piece
from candela_tui.ui.widgets.text_view.folding.content import LinesUnit, Unit
from candela_tui.ui.widgets.text_view.folding.json_content import JsonContent
from candela_tui.ui.widgets.text_view.folding.text_content import TextContent
from candela_tui.ui.widgets.text_view.json_string import beginning, decoded

_SHORT = 400
_BRIEF = 80


class ArgumentsContent:
    """Each argument by name: text as plain text, nested values as JSON. ``outcome`` returns the result in a word or
    two."""

    def __init__(self, members: dict[str, msgspec.Raw], size: int, outcome: Callable[[], str]) -> None:
        self._members = members
        self._size = size
        self._outcome = outcome

    def units(self, width: int) -> Iterator[Unit | None]:
        """Yield the units of each argument in turn."""
        for name, raw in self._members.items():
            yield from _argument(terminal_safe(name), bytes(raw), width)

    def count(self) -> Iterator[None]:
        """Nothing to count: the size is known."""
        return iter(())

    def amount(self) -> str:
        """Return the call's outcome, which says more than the size of its arguments."""
        return self._outcome()

    def more(self, lines: int) -> str:
        """Return how much is hidden, in bytes."""
        return f"more of {amounts.size(self._size)}"

    def brief(self, room: int) -> str:
        """Return the arguments in one line: ``path=/src/a.py limit=20``."""
        parts: list[str] = []
        for name, raw in self._members.items():
            parts.append(f"{name}={_value(bytes(raw))}")
            room -= len(parts[-1])
            if room < 0:
                break
        return terminal_safe(" ".join(parts))


def _argument(name: str, value: bytes, width: int) -> Iterator[Unit | None]:
    label: Piece = (f"{name}: ", "link")
    if value[:1] == b'"':
        if len(value) <= _SHORT and b"\\n" not in value:
            text = terminal_safe(decoded(value, 1, len(value) - 1))
            if len(name) + 2 + 2 * len(text) <= width or (text.isascii() and len(name) + 2 + len(text) <= width):
                yield LinesUnit((label, (text, "text")))
                return
        yield LinesUnit(((f"{name}:", "link"),))
        yield from TextContent(value, indent=2).units(width)
    elif value[:1] in (b"{", b"[") and len(value) > 2:
        yield LinesUnit(((f"{name}:", "link"),))
        yield from JsonContent(value, indent=2).units(width)
    else:
        yield LinesUnit((label, (terminal_safe(value.decode("utf-8", "replace")), "accent")))


def _value(value: bytes) -> str:
    if value[:1] == b'"':
        stop = beginning(value, 1, len(value) - 1, 4 * _BRIEF)
        text = " ".join(decoded(value, 1, stop).split())
        return text if len(text) <= _BRIEF else f"{text[: _BRIEF - 1]}…"
    if value[:1] in (b"{", b"[") and len(value) > 40:
        items = decode_json(value) if len(value) < 4096 else None
        return f"[{len(items)}]" if isinstance(items, list) else "{…}" if value[:1] == b"{" else "[…]"
    return value.decode("utf-8", "replace")
