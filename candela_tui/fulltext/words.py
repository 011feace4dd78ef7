"""How a text is prepared for FTS5, whose ``unicode61`` tokenizer divides it into words.

Two kinds of text have words that the tokenizer does not see: Chinese, Japanese and other scripts without spaces, and
names in camelCase.
"""

import re
from typing import Final

TOKENIZER: Final = "unicode61 remove_diacritics 2"
"""Words are letters and digits; case and accents make no difference. ``snake_case`` and paths are several words."""

_WITHOUT_SPACES = re.compile(
    "(["
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "])"
)
_SINGLE = re.compile(r"(?<![^\W_])[A-Za-z0-9](?![^\W_])")
_CAMEL_CASE = re.compile(r"[A-Za-z0-9]*(?:[a-z0-9][A-Z]|[A-Z]{2}[a-z])[A-Za-z0-9]*")
_INNER_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def indexed_words(text: str) -> str:
    """Return a text as the index takes it, and a query as it is compared with that.

    Each character of a script without spaces is a word of its own. Single letters and digits are left out: they are a
    tenth of the words of code, and nobody looks for one.
    """
    if not text.isascii():
        text = _WITHOUT_SPACES.sub(r" \1 ", text)
    return _SINGLE.sub(" ", text)


def parts_of_names(text: str) -> str:
    """Return the words inside the camelCase names of a text, each once: ``parse header`` for parseHeader."""
    names = dict.fromkeys(match[0] for match in _CAMEL_CASE.finditer(text))
    parts = (part.lower() for name in names for part in _INNER_WORD.split(name) if len(part) > 1)
    return " ".join(dict.fromkeys(parts))


def is_word_edge(character: str) -> bool:
    """Return whether a word ends where the next character is not a letter or digit."""
    return character.isalnum() and _WITHOUT_SPACES.match(character) is None


def has_word(text: str) -> bool:
    """Return whether the index has a word of a text."""
    return any(character.isalnum() for character in indexed_words(text))
