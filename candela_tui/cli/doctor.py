"""``candela doctor``: what is wrong, and what mends it."""

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.ui.plain import plain

if TYPE_CHECKING:
    from candela_tui.diagnosis.check import Check
    from candela_tui.diagnosis.patient import Patient

_WIDEST = 110


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what was found into a new file for a bug report: Markdown, or JSON where it ends in .json. No secrets, "
    "hosts of your own, names of projects or accounts are in it.",
)
@click.option("--offline", is_flag=True, help="Ask no provider.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, report: Path | None, offline: bool) -> None:
    """Look for what keeps Claude Code's requests from their provider, and say what mends it.

    Nothing is changed. Exits with 1 where something is wrong.

    \b
    ✓ as it should be   ! may be meant, or may fail later   ✗ wrong   ? can't be known
    """
    from candela_tui.diagnosis.check import State
    from candela_tui.diagnosis.checks import all_examinations
    from candela_tui.diagnosis.examine import examined
    from candela_tui.diagnosis.redaction import without_secrets
    from candela_tui.diagnosis.report import as_json as json_of

    if report is not None and report.exists():
        raise click.ClickException(f"{report}: there is such a file already; name a new one.")
    patient = _patient(ctx.ensure_object(Invocation), online=not offline)
    if sys.stderr.isatty():
        click.echo("Looking …", err=True)
    found = without_secrets(examined(patient, all_examinations()), patient)
    colour = False if os.environ.get("NO_COLOR") else None
    click.echo(json_of(found, datetime.now(UTC)) if as_json else _table(found), color=colour)
    if report is not None:
        _write(report, found, patient)
    ctx.exit(1 if any(check.state is State.BAD for check in found) else 0)


def _patient(invocation: Invocation, *, online: bool) -> "Patient":
    from candela_tui.config import ConfigError, Settings, load
    from candela_tui.diagnosis.patient import Patient

    paths = invocation.paths
    try:
        return Patient(paths, load(paths.config), online=online)
    except ConfigError as error:
        return Patient(paths, Settings(), tuple(str(error).splitlines()), online=online)


def _write(report: Path, found: Sequence["Check"], patient: "Patient") -> None:
    from candela_tui.diagnosis.redaction import for_others
    from candela_tui.diagnosis.report import as_json, as_markdown, write_report

    text = as_json if report.suffix == ".json" else as_markdown
    try:
        write_report(report, text(for_others(found, patient), datetime.now(UTC)))
    except OSError as error:
        raise click.ClickException(f"{report}: can't be written: {error.strerror}") from None
    click.echo(f"The report is in {report}. Read it before you hand it on.", err=True)


def _table(found: Sequence["Check"]) -> str:
    from candela_tui.diagnosis.check import State
    from candela_tui.diagnosis.report import SIGNS, in_groups

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    colours = {State.OK: "green", State.WARN: "yellow", State.BAD: "red", State.UNKNOWN: "blue"}
    lines: list[str] = []
    for title, members in in_groups(found):
        lines += [click.style(title, bold=True)]
        for check in members:
            said = _wrapped(f"{check.title}: {check.words}", width, 4)
            lines += [f"  {click.style(SIGNS[check.state], fg=colours[check.state])} {said[0].lstrip()}", *said[1:]]
            if check.fix:
                lines += _wrapped(f"→ {check.fix}", width, 4, deeper=2)
        lines.append("")
    bad, warn = (sum(check.state is state for check in found) for state in (State.BAD, State.WARN))
    lines.append(_sum(bad, warn))
    return "\n".join(lines)


def _wrapped(text: str, width: int, indent: int, *, deeper: int = 0) -> list[str]:
    # Paths and commands stay whole, to be copied.
    return textwrap.wrap(
        plain(text),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + deeper),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _sum(bad: int, warn: int) -> str:
    if not bad and not warn:
        return "Nothing is wrong."
    wrong = f"{bad} wrong" if bad else "nothing wrong"
    return f"{wrong[0].upper()}{wrong[1:]}{f', {warn} to look at' if warn else ''}."
