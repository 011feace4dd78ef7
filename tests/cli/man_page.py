"""Writes the man page, deploy/candela.1, from the commands and their options: ``python -m tests.cli.man_page``."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from candela_tui.cli.main import COMMANDS, cli

PAGE = Path(__file__).parents[2] / "deploy" / "candela.1"
_FILES = (
    ("config.toml", "The settings; `candela config path` says where it is."),
    ("candela.db", "What was recorded, in the data directory; `candela status` says where that is."),
)


def man_page() -> str:
    """Return the page in the language of man(7)."""
    context = click.Context(cli, info_name="candela")
    lines = [
        '.TH CANDELA 1 "" candela "User Commands"',
        ".SH NAME",
        "candela \\- a local proxy and live dashboard for Claude Code",
        ".SH SYNOPSIS",
        "\\fBcandela\\fR [\\fIoptions\\fR] [\\fIcommand\\fR]",
        ".SH DESCRIPTION",
        *_paragraphs(cli.help or ""),
        ".SH OPTIONS",
        *_options(cli, context),
        ".SH COMMANDS",
    ]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        lines += _command(command, f"candela {name}", context)
    lines += [".SH FILES"]
    for name, words in _FILES:
        lines += [".TP", f"\\fI{_text(name)}\\fR", _text(words)]
    lines += [".SH EXIT STATUS", "0 for success, 1 for a failure, 2 for a mistake in the command."]
    return "\n".join(lines) + "\n"


def _command(command: click.Command, name: str, above: click.Context) -> Iterator[str]:
    if command.hidden:
        return
    context = click.Context(command, info_name=name, parent=above)
    usage = " ".join(command.collect_usage_pieces(context))
    yield f'.SS "{_text(name)} {_text(usage)}"'
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            assert below is not None
            yield from _command(below, f"{name} {each}", context)


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None and "--help" not in record[0]:
            yield ".TP"
            yield f"\\fB{_text(record[0])}\\fR"
            yield _text(" ".join(record[1].split()))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield ".PP"
        if paragraph.startswith("\b"):
            yield ".nf"
            yield from map(_text, paragraph.splitlines()[1:])
            yield ".fi"
        else:
            yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    text = "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in text)
    return f"\\&{text}" if text.startswith((".", "'")) else text


if __name__ == "__main__":
    PAGE.write_text(man_page(), "utf-8")
