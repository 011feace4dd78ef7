"""Text from bodies and headers, made safe to put on a terminal.

What a body contains is never markup and never a control sequence: controls become visible pictures (U+2400…), bidi
overrides and invisible formatting visible or nothing, tabs spaces.
"""

import re

_UNSEEN = (
    "\x7f-\x9f\u061c\u200b\u200d-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff"
)
_UNSAFE = re.compile(f"[\x00-\x1f{_UNSEEN}]")
_UNSAFE_IN_LINES = re.compile(f"[\x00-\x09\x0b-\x1f{_UNSEEN}]")
_TAB_SIZE = 4
# Joiners and variation selectors change how wide terminals draw what is before them, and terminals disagree on how
# much; without them each character has its own width, and columns stay aligned.
_NOTHING = {0x200D, *range(0xFE00, 0xFE10)}


def plain(text: str) -> str:
    """One line of text with nothing in it that a terminal would obey. Tabs are expanded to stops of four."""
    if not _UNSAFE.search(text):
        return text
    if "\t" in text:
        text = text.expandtabs(_TAB_SIZE)
    return _UNSAFE.sub(_picture, text)


def plain_lines(text: str) -> str:
    """Several lines of text made plain, with the newlines between them."""
    if not _UNSAFE_IN_LINES.search(text):
        return text
    return "\n".join(plain(line) for line in text.split("\n"))


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in _NOTHING:
        return ""
    return "\ufffd" if 0xD800 <= code < 0xE000 else "␦"
