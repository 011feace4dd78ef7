"""Text that header fields and responses often hold, so that even short ones compress well.

What was packed against a dictionary can only be unpacked with the same one: never change a file that was released. Add
another one with the next mark, and pack with that.
"""

from enum import IntEnum
from functools import cache
from pathlib import Path

import zstandard


class Dictionary(IntEnum):
    """A dictionary, by the byte that marks what was packed against it. The file has the most usual text at its end."""

    HEADERS = 1
    RESPONSE = 2


_FILES = {Dictionary.HEADERS: "headers-1.txt", Dictionary.RESPONSE: "response-1.txt"}


@cache
def loaded(dictionary: Dictionary) -> zstandard.ZstdCompressionDict:
    """Return the dictionary in zstd's form."""
    text = (Path(__file__).parent / _FILES[dictionary]).read_bytes()
    return zstandard.ZstdCompressionDict(text, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
