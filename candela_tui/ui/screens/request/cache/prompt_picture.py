"""A picture of the prompt: its parts as one bar, what of it was read, its marks, and where it first differs."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from candela_tui.analysis.prompt_blocks import Prompt
from candela_tui.text import amounts
from candela_tui.text.cells import shortened
from candela_tui.ui.style.styled_text import Line, Piece

_MARGIN = "   "
_READ, _KEPT, _WRITTEN, _INPUT = ("█", "good"), ("▒", "warn"), ("▓", "accent"), ("░", "faint")
_MARK, _END, _BREAK = "▲", "△", "✗"
_SNAPS = 0.1
"""The share of the prompt by which a read that is known in tokens may be off in bytes."""


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What to draw."""

    prompt: Prompt
    prompt_tokens: int
    read_tokens: int
    before: Prompt | None = None
    """The prompt of the request whose cache could be read."""
    where: str | None = None
    """The name of the first block that differs; None to draw none."""


def picture_lines(facts: PictureFacts, width: int) -> Iterator[Line]:
    """Yield the picture for a width in cells, and what its signs mean."""
    cells = max(20, width - 2 * len(_MARGIN))
    blocks = facts.prompt.blocks
    ends = facts.prompt.ends
    if not ends or not ends[-1]:
        return
    places = [min(bisect_right(ends, (cell + 0.5) * ends[-1] / cells), len(blocks) - 1) for cell in range(cells)]
    yield ((_MARGIN, "text"), (_names(facts.prompt, places), "dim"))
    looks = [look for look, _ in _looks(facts, ends, places)]
    pieces: list[Piece] = [(sign * len(list(same)), style) for (sign, style), same in groupby(looks)]
    yield ((_MARGIN, "text"), *pieces)
    yield ((_MARGIN, "text"), (_signs(facts, places), "text"))
    pointer = _pointer(facts, places)
    if pointer is not None:
        yield ((_MARGIN, "text"), (pointer, "bad"))
    yield from _legend(facts, set(looks))


def _looks(facts: PictureFacts, ends: list[int], places: list[int]) -> Iterator[tuple[Piece, int]]:
    """Yield the sign of each cell, and the place of its block."""
    prompt, before = facts.prompt, facts.before
    read = _read_bytes(facts, ends)
    kept = _kept(facts)
    last = prompt.last_mark if prompt.last_mark is not None else -1
    for cell, place in enumerate(places):
        if (cell + 0.5) * ends[-1] / len(places) < read:
            yield _READ, place
        elif before is not None and place < kept:
            yield _KEPT, place
        else:
            yield (_WRITTEN if place <= last else _INPUT), place


def _kept(facts: PictureFacts) -> int:
    """Return how many blocks at the beginning were in the cache and are the same."""
    if facts.before is None:
        return 0
    same = facts.prompt.common_prefix(facts.before)
    return max((mark + 1 for mark in facts.before.marks if mark < same), default=0)


def _read_bytes(facts: PictureFacts, ends: list[int]) -> float:
    """Return how far was read, in bytes: to the next mark if there is one near."""
    if not facts.prompt_tokens:
        return 0.0
    read = ends[-1] * min(1.0, facts.read_tokens / facts.prompt_tokens)
    marks = {*facts.prompt.marks, *(facts.before.marks if facts.before is not None else ())}
    near = [ends[mark] for mark in marks if mark < len(ends) and abs(ends[mark] - read) <= _SNAPS * ends[-1]]
    return min(near, key=lambda end: abs(end - read), default=read) if read else 0.0


def _names(prompt: Prompt, places: list[int]) -> str:
    """Return the names of the parts above the cells where they begin, with their share of the bytes."""
    text, whole = "", prompt.size_of(len(prompt.blocks))
    for part, cells in groupby(range(len(places)), key=lambda cell: prompt.blocks[places[cell]].part):
        share = sum(block.size for block in prompt.blocks if block.part == part) / whole
        room = list(cells)
        name = shortened(f"{part} {amounts.percent(share)}", max(1, len(room) - 1))
        text = text.ljust(room[0]) + name
    return text


def _signs(facts: PictureFacts, places: list[int]) -> str:
    """Return the marks below the cells of their blocks, and the end of what was in the cache."""
    row = [" "] * len(places)
    for mark in facts.prompt.marks:
        row[_cell_of(mark, places)] = _MARK
    if facts.before is not None and facts.before.last_mark is not None:
        cell = _cell_of(facts.before.last_mark, places)
        row[cell - 1 if cell and row[cell] == _MARK else cell] = _END
    return "".join(row).rstrip()


def _cell_of(place: int, places: list[int]) -> int:
    """Return the last cell of a block; for one without a cell, the one where it would be."""
    return max(0, min(bisect_right(places, place) - 1, len(places) - 1))


def _pointer(facts: PictureFacts, places: list[int]) -> str | None:
    """Return a line that points to the first block that differs."""
    if facts.where is None or facts.before is None:
        return None
    same = facts.prompt.common_prefix(facts.before)
    cell = min(len(places) - 1, next((n for n, place in enumerate(places) if place >= same), len(places) - 1))
    after = f"{_BREAK} {facts.where}"
    if cell + len(after) <= len(places):
        return " " * cell + after
    before = f"{facts.where} {_BREAK}"
    return before.rjust(cell + 1) if len(before) <= cell + 1 else shortened(after, len(places))


def _legend(facts: PictureFacts, looks: set[Piece]) -> Iterator[Line]:
    names = ((_READ, "read"), (_KEPT, "in the cache, not read"), (_WRITTEN, "written"), (_INPUT, "not kept"))
    said: list[Piece] = [(_MARGIN, "text")]
    for look, name in names:
        if look in looks:
            said += [look, (f" {name}   ", "dim")]
    if facts.prompt.marks:
        said.append((f"{_MARK} mark   ", "dim"))
    if facts.before is not None and facts.before.marks:
        said.append((f"{_END} end of what was in the cache", "dim"))
    yield tuple(said)
