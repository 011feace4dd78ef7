"""The variables of a client that say where it sends requests, read from its program."""

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

_PREFIXES = (b"ANTHROPIC_", b"CLAUDE_CODE_")
_NAME = re.compile(rb"[A-Z0-9_]+(?![A-Za-z0-9_])")
_CONCERNS = re.compile(
    r"CLAUDE_CODE_USE_\w+|CLAUDE_CODE_SKIP_\w+_AUTH|ANTHROPIC_(\w+_)?BASE_URL|\w+_SOCKET|CLAUDE_CODE_HTTPS?_PROXY"
)


def variables_of(program: Path) -> set[str]:
    """Return the names in the client's program."""
    with program.resolve().open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        names = set(_names(content))
    return {name for name in names if _CONCERNS.fullmatch(name)}


def _names(content: mmap.mmap) -> Iterator[str]:
    # One regular expression over the 400 MB of a program takes many times as long.
    for prefix in _PREFIXES:
        start = content.find(prefix)
        while start >= 0:
            if (found := _NAME.match(content, start)) is not None and not content[start - 1 : start].isalnum():
                yield found[0].decode()
            start = content.find(prefix, start + len(prefix))
