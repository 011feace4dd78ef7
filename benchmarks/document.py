"""docs/performance.md: written by the measurements themselves, each of which has a section of its own."""

import re
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
ORDER = ("relay", "growth")
"""The measurements that write a section, in the order of the document."""

_HEAD = """\
# Performance

<!-- Written by `uv run python -m benchmarks`. Do not edit: the next run replaces it. -->

What candela costs, measured on one machine. Times differ from machine to machine and from minute to minute; the ratios
within a run hold better. `uv run python -m benchmarks`, in a clone, measures on yours.
"""
_SECTION = re.compile(r"<!-- (\w+), written on (\S+) -->\n(.*?)<!-- end of \1 -->\n", re.DOTALL)


def write_section(name: str, text: str, path: Path = DOCUMENT) -> None:
    """Replace the section that this measurement wrote before, and leave the others as they are.

    ``text`` is Markdown that begins with a heading of the second level.
    """
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(with_section(before, name, text, datetime.now(UTC).date().isoformat()), "utf-8")


def with_section(document: str, name: str, text: str, date: str) -> str:
    """Return the document with a new text of this section."""
    if name not in ORDER:
        raise ValueError(f"{name} is not in document.ORDER")
    sections = {match[1]: (match[2], match[3]) for match in _SECTION.finditer(document)}
    sections[name] = (date, text.strip() + "\n")
    parts = [
        f"<!-- {each}, written on {sections[each][0]} -->\n{sections[each][1]}<!-- end of {each} -->\n"
        for each in ORDER
        if each in sections
    ]
    return "\n".join([_HEAD, *parts])
