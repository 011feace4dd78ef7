"""Records as aligned plain text: no colour, and nothing that a terminal would act on."""

import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

UNKNOWN = "–"
_NARROWEST = 6


def printable(text: str) -> str:
    """The text in one line, with every character that a terminal acts on replaced by a visible one."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "\ufffd" if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") else character


def cells(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def cut(text: str, width: int) -> str:
    """The text in at most so many columns, with … where something was left out."""
    if cells(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        used += cells(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, flexible: int, right: Iterable[int] = ()) -> str:
    """Lines of aligned columns, two spaces apart.

    On a terminal the column ``flexible`` gives way until a line fits; elsewhere nothing is cut. The columns in
    ``right`` are aligned to the right.
    """
    lines = [tuple(heads), *(tuple(map(printable, row)) for row in rows)]
    widths = [max(cells(line[column]) for line in lines) for column in range(len(heads))]
    if sys.stdout.isatty():
        excess = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
        widths[flexible] = max(min(_NARROWEST, widths[flexible]), widths[flexible] - max(0, excess))
    rightward = frozenset(right)
    return "\n".join(
        "  ".join(
            _aligned(cut(cell, width), width, column in rightward)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _aligned(text: str, width: int, rightward: bool) -> str:
    padding = " " * (width - cells(text))
    return padding + text if rightward else text + padding


def tokens(count: int | None) -> str:
    """``812``, ``1.2k``, ``96k``, ``1.2M``."""
    if count is None:
        return UNKNOWN
    if count < 1000:
        return str(count)
    for unit, size in (("k", 1000), ("M", 1_000_000)):
        scaled = count / size
        if scaled < 9.95:
            return f"{scaled:.1f}{unit}"
        if scaled < 999.5 or unit == "M":
            return f"{scaled:.0f}{unit}"
    raise AssertionError


def money(usd: Decimal | None, at_least: bool = False) -> str:
    """``$0.031``, ``$4.82``, ``$1,204``; ``≥`` where more is due than is known."""
    if usd is None:
        return UNKNOWN
    places = "1" if usd >= 1000 else "0.01" if usd >= 1 else "0.001" if usd >= Decimal("0.01") else "0.0001"
    shown = usd.quantize(Decimal(places), ROUND_HALF_UP) if usd else usd
    return f"{'≥ ' if at_least else ''}${shown:,f}"


def span(milliseconds: float | None) -> str:
    """``0.8s``, ``2m04``."""
    if milliseconds is None:
        return UNKNOWN
    seconds = milliseconds / 1000
    return f"{seconds:.1f}s" if seconds < 59.95 else f"{round(seconds) // 60}m{round(seconds) % 60:02d}"


def percent(share: float | None) -> str:
    """``93%``."""
    return UNKNOWN if share is None else f"{share * 100:.0f}%"


def local_time(moment: datetime | None) -> str:
    """The time of day, with the date where it isn't today."""
    if moment is None:
        return UNKNOWN
    local = moment.astimezone()
    today = local.date() == datetime.now(local.tzinfo).date()
    return local.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
