"""What takes the place of a tool's call that a rule does not let through, and how to recognize it."""

import re
from typing import Final

REFUSED: Final = "candela_refused"
"""The tool that the call in place of a refused one names. No client has it, so it fails without anyone being asked, and
the model reads the rule in its arguments (Claude Code 2.1.197 and 2.1.332: ``No such tool available``)."""
_BEGINNING: Final = "candela did not pass on a call of "
_WORDS: Final = re.compile(re.escape(_BEGINNING) + r'[^\n]+: the rule "[^\n]+" denies [^\n]+\.')


def held_words(tool: str, rule: str, pattern: str) -> str:
    """Return what stands in place of a call."""
    return f'{_BEGINNING}{tool}: the rule "{rule}" denies {pattern}.'


def are_held_words(text: str) -> bool:
    """Return whether a text is what stands in place of a call."""
    return text.startswith(_BEGINNING) and _WORDS.fullmatch(text) is not None
