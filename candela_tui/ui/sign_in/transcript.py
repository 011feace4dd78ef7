"""What was said while signing in, as lines for a width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from candela_tui.credentials.sign_in.provider import CheckLine
from candela_tui.ui.ink import Line, cells_of
from candela_tui.ui.lines.written import WrittenLines

Ink = Literal["text", "dim", "bad", "good", "warn", "heading", "accent", "bright"]

_MARKS: dict[str, tuple[str, Ink]] = {"ok": ("✓ ", "good"), "warn": ("! ", "warn"), "bad": ("✗ ", "bad")}


@dataclass(frozen=True, slots=True)
class Said:
    """A few words, behind a mark."""

    words: str
    ink: Ink = "text"
    mark: str = ""
    mark_ink: Ink = "text"
    space: bool = False
    """An empty line is above it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page to open, and what to enter there."""

    url: str
    code: str | None = None


Entry = Said | Link


def checked(line: CheckLine) -> Iterator[Said]:
    """What a live check found out, and what to do about it."""
    mark, ink = _MARKS[line.state]
    yield Said(line.words, "text", mark, ink)
    if line.fix:
        yield Said(line.fix, "accent", "  → ", "dim")


def transcript(entries: Sequence[Entry], width: int) -> WrittenLines:
    """All of it."""
    lines = WrittenLines()
    for entry in entries:
        if isinstance(entry, Link):
            _write_link(lines, entry, width)
        else:
            _write(lines, entry, width)
    return lines


def _write(lines: WrittenLines, said: Said, width: int) -> None:
    if said.space and len(lines):
        lines.add()
    indent = " " * cells_of(((said.mark, "text"),))
    for place, part in enumerate(said.words.splitlines() or [""]):
        written = WrittenLines()
        written.wrap(part, said.ink, max(10, width - len(indent)))
        for number in range(len(written)):
            margin: Line = ((indent, "text"),) if place or number else ((said.mark, said.mark_ink),)
            lines.add(*margin, *written.line(number))


def _write_link(lines: WrittenLines, link: Link, width: int) -> None:
    if len(lines):
        lines.add()
    lines.add(("Open this page (^y copies it, ^o opens it here):", "text"))
    # At the margin, so that a terminal that makes links of what it shows takes it whole.
    lines.wrap(link.url, "link", width)
    if link.code is not None:
        edge = "─" * (cells_of(((link.code, "text"),)) + 4)
        lines.add()
        lines.add(("and enter this code there (^t copies it):", "text"))
        lines.add((f"  ╭{edge}╮", "accent"))
        lines.add(("  │  ", "accent"), (link.code, "heading"), ("  │", "accent"))
        lines.add((f"  ╰{edge}╯", "accent"))
    lines.add()
