"""System reminders: texts that Claude Code adds to the user's messages."""

import re
from collections.abc import Iterator

_REMINDER = re.compile(r"(?:(?<=\n)|\A)[ ]*<system-reminder>(?:.*?</system-reminder>\n?|.*)", re.DOTALL)


def split_reminders(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a text in order, each with whether it is a reminder. A reminder begins a line."""
    end = 0
    for match in _REMINDER.finditer(text):
        if match.start() > end:
            yield False, text[end : match.start()]
        yield True, match[0]
        end = match.end()
    if end < len(text) or not text:
        yield False, text[end:]
