"""Text from bodies, headers and other programs, made safe to put on a terminal.

One set of unsafe characters holds for everything that reaches a terminal: the dashboard, printed lines, the log,
desktop notifications, and commands to copy. Unsafe characters are never dropped unseen: they become visible.
"""

import re
from collections.abc import Callable

_UNSAFE = (
    "\x7f-\x9f"  # DEL and the C1 controls, which many terminals obey
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction: the text reads differently from what it is
    "\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"  # invisible text
    "\ud800-\udfff"  # surrogates, which no encoding can write
)
_JOINERS = "\u200d\ufe00-\ufe0f"
"""Joiners and variation selectors are harmless, but terminals disagree on the width of what they join. Without them
each character has its own width, and columns stay aligned."""

_JOINER = re.compile(f"[{_JOINERS}]")
_UNSAFE_CHARACTER = re.compile(f"[\x00-\x08\x0b-\x1f{_UNSAFE}]")
_CHANGED = re.compile(f"[\x00-\x1f{_UNSAFE}{_JOINERS}]")
_CHANGED_IN_LINES = re.compile(f"[\x00-\x09\x0b-\x1f{_UNSAFE}{_JOINERS}]")
_TAB_SIZE = 4


def terminal_safe(text: str) -> str:
    """Return one line of text in which every unsafe character is visible. Tabs are expanded to stops of four."""
    if not _CHANGED.search(text):
        return text
    if "\t" in text:
        text = text.expandtabs(_TAB_SIZE)
    return _CHANGED.sub(_picture, text)


def terminal_safe_lines(text: str) -> str:
    """Return text with each line made safe and the newlines kept."""
    if not _CHANGED_IN_LINES.search(text):
        return text
    return "\n".join(terminal_safe(line) for line in text.split("\n"))


def visible(text: str) -> str:
    """Return text with every unsafe character made visible, and tabs, newlines and joiners as they are."""
    return escape_unsafe(text, _visible)


def is_terminal_safe(text: str) -> bool:
    """Return whether a terminal shows the text as it is, on one line."""
    return "\n" not in text and "\t" not in text and is_terminal_safe_lines(text)


def is_terminal_safe_lines(text: str) -> bool:
    """Return whether a terminal shows the text as it is. Newlines and tabs are allowed."""
    return _UNSAFE_CHARACTER.search(text) is None


def escape_unsafe(text: str, escape: Callable[[str], str]) -> str:
    """Replace each unsafe character, except newlines and tabs, by what ``escape`` returns for it."""
    return _UNSAFE_CHARACTER.sub(lambda match: escape(match[0]), text)


def _picture(match: re.Match[str]) -> str:
    return "" if _JOINER.match(match[0]) else _visible(match[0])


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return "\ufffd" if 0xD800 <= code < 0xE000 else "␦"
