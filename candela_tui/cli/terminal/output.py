"""Print to terminals and pipes of any encoding."""

import codecs
import io
import json
import re
import shutil
import sys

import click

_NOT_ASCII = re.compile("[^\x00-\x7f]")


def never_fail_to_encode() -> None:
    """Make standard output and error replace characters that their encoding lacks, instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream):
            stream.reconfigure(errors="replace")


def output_width() -> int | None:
    """Return the width of the terminal in cells, or None if the output goes to a file or pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def echo_json(text: str) -> None:
    """Print JSON. If the output is not UTF-8, use the equivalent ``\\u`` escapes."""
    click.echo(text if _is_utf8(sys.stdout) else _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text))


def _is_utf8(stream: object) -> bool:
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
