"""Print to terminals and pipes of any encoding."""

import json
import re
import shutil
import sys

import click

from candela_tui.cli.terminal.encoding import is_utf8

_NOT_ASCII = re.compile("[^\x00-\x7f]")


def output_width() -> int | None:
    """Return the width of the terminal in cells, or None if the output goes to a file or pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def echo_json(text: str, *, newline: bool = True) -> None:
    """Print JSON, or a part of it. If the output is not UTF-8, use the equivalent ``\\u`` escapes."""
    text = text if is_utf8(sys.stdout) else _NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)
    click.echo(text, nl=newline)
