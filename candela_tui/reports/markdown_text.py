"""Text from outside within Markdown."""

import re

from candela_tui.text.terminal_safe import terminal_safe

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~])")


def plain(text: str) -> str:
    """Return the text on one line, with everything escaped that Markdown or a terminal would interpret."""
    return _MARKUP.sub(r"\\\1", terminal_safe(" ".join(text.split())))
