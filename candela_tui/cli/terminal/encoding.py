"""The encoding of standard output and error."""

import codecs
import io
import sys


def never_fail_to_encode() -> None:
    """Make standard output and error replace characters that their encoding lacks, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not is_utf8(stream):
            stream.reconfigure(errors="replace")


def is_utf8(stream: object) -> bool:
    """Return whether a stream encodes its text as UTF-8."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
