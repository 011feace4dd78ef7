"""Text as HTML: whatever it holds, it is text.

Every character that a reader would not see is made visible, and the parser of a browser finds the same text again.
"""

import html
from typing import Final

from candela_tui.text.terminal_safe import visible

LONGEST_LINE: Final = 160
"""Characters of a text that stands for itself in one line."""


def escaped(text: str) -> str:
    """Return text as the content of an element."""
    return html.escape(visible(text), quote=False)


def attribute(text: str) -> str:
    """Return text as the value of an attribute in double quotes."""
    return html.escape(visible(text))


def one_line(text: str) -> str:
    """Return the beginning of a text as the content of an element, in one line."""
    words = " ".join(text[: 4 * LONGEST_LINE].split())
    return escaped(f"{words[: LONGEST_LINE - 1]}…" if len(words) > LONGEST_LINE else words)


def fold(kind: str, title: str, content: str, *, brief: str = "", note: str = "") -> str:
    """Return content that is folded until the reader opens it. Everything but ``kind`` is HTML."""
    parts = [f"<b>{title}</b>"]
    if brief:
        parts.append(f'<span class="brief">{brief}</span>')
    if note:
        parts.append(f'<span class="note">{note}</span>')
    return f'<details class="fold {kind}"><summary>{" ".join(parts)}</summary>{content}</details>\n'


def plain(text: str) -> str:
    """Return text to read and to search, in the type of code: every space and line break as it is."""
    return f'<div class="t code">{escaped(text)}</div>'
