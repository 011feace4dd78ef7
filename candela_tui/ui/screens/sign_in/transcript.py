"""The messages of a sign-in as lines for a width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.ui.style.styled_text import Line, cells_of
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines

StyleName = Literal["text", "dim", "bad", "good", "warn", "heading", "accent", "bright"]

_MARKS: dict[str, tuple[str, StyleName]] = {"ok": ("✓ ", "good"), "warn": ("! ", "warn"), "bad": ("✗ ", "bad")}


@dataclass(frozen=True, slots=True)
class Utterance:
    """A message after a mark."""

    words: str
    style: StyleName = "text"
    mark: str = ""
    mark_style: StyleName = "text"
    space: bool = False
    """Whether an empty line precedes it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A page to open, and the code to enter there."""

    url: str
    code: str | None = None


Entry = Utterance | Link


def checked(line: CheckLine) -> Iterator[Utterance]:
    """Return the result of a live check, and what to do about it."""
    mark, style = _MARKS[line.state]
    yield Utterance(line.words, "text", mark, style)
    if line.fix:
        yield Utterance(line.fix, "accent", "  → ", "dim")


def transcript(entries: Sequence[Entry], width: int) -> WrittenLines:
    """Return the whole transcript."""
    lines = WrittenLines()
    for entry in entries:
        if isinstance(entry, Link):
            _write_link(lines, entry, width)
        else:
            _write(lines, entry, width)
    return lines


def _write(lines: WrittenLines, said: Utterance, width: int) -> None:
    if said.space and len(lines):
        lines.add()
    indent = " " * cells_of(((said.mark, "text"),))
    for place, part in enumerate(said.words.splitlines() or [""]):
        written = WrittenLines()
        written.wrap(part, said.style, max(10, width - len(indent)))
        for number in range(len(written)):
            margin: Line = ((indent, "text"),) if place or number else ((said.mark, said.mark_style),)
            lines.add(*margin, *written.line(number))


def _write_link(lines: WrittenLines, link: Link, width: int) -> None:
    if len(lines):
        lines.add()
    lines.add(("Open this page (^y to copy, ^o to open it here):", "text"))
    # At the margin, so that terminals recognise the whole link.
    lines.wrap(link.url, "link", width)
    if link.code is not None:
        edge = "─" * (cells_of(((link.code, "text"),)) + 4)
        lines.add()
        does = "confirm" if link.code in link.url else "enter"
        lines.add((f"and {does} this code there (^t to copy):", "text"))
        lines.add((f"  ╭{edge}╮", "accent"))
        lines.add(("  │  ", "accent"), (link.code, "heading"), ("  │", "accent"))
        lines.add((f"  ╰{edge}╯", "accent"))
    lines.add()
