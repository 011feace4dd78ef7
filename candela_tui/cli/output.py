"""What commands print, on terminals and into pipes of any encoding."""

import codecs
import io
import json
import re
import sys

import click

_NOT_ASCII = re.compile("[^\x00-\x7f]")


def never_fail_to_encode() -> None:
    """Let characters that an output's encoding lacks be replaced instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream):
            stream.reconfigure(errors="replace")


def echo_json(text: str) -> None:
    """Print JSON; where the output is not UTF-8, with ``\\u`` escapes, which mean the same."""
    click.echo(text if _is_utf8(sys.stdout) else _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text))


def _is_utf8(stream: object) -> bool:
    encoding = getattr(stream, "encoding", None) or "ascii"
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
