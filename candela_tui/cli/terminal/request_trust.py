"""Print what candela did to one request, and what the client withheld from it."""

from collections.abc import Iterator

import click

from candela_tui.analysis.trust import (
    Trust,
    gives_back,
    trust_record,
    trust_rows,
    withheld_heading,
)
from candela_tui.cli.terminal.output import echo_json, output_width
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table_lines
from candela_tui.text.terminal_safe import terminal_safe

_LABEL = 14


def print_trust(trust: Trust, *, as_json: bool) -> None:
    """Print the panel of trust of one request."""
    if as_json:
        echo_json(json_text(trust_record(trust)))
        return
    for line in _lines(trust):
        click.echo(line)


def _lines(trust: Trust) -> Iterator[str]:
    for row in trust_rows(trust):
        yield terminal_safe(f"{row.label:<{_LABEL}}{row.words}")
    measured = trust.measured
    if measured is None:
        return
    yield ""
    yield f"The client withholds at a base URL, {withheld_heading(measured)}:"
    rows = ((each.kind, each.name, each.effect, gives_back(each, trust)) for each in measured.withheld)
    yield from table_lines(("", "WITHHELD", "WITHOUT IT", "GIVES IT BACK"), rows, flexible=2, width=output_width())
