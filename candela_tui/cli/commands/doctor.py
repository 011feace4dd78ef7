"""``candela doctor``: find problems and suggest fixes."""

import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    from candela_tui.doctor.check_result import CheckResult
    from candela_tui.doctor.context import DoctorContext

_WIDEST = 110


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the findings to a new file for a bug report: Markdown, or JSON if its name ends in .json. Secrets, "
    "your own hosts, and names of projects and accounts are left out.",
)
@click.option("--offline", is_flag=True, help="Do not contact a provider.")
@click.option("--verbose", is_flag=True, help="List every check that passed, as in output that is piped.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, report: Path | None, offline: bool, verbose: bool) -> None:
    """Find problems that keep Claude Code's requests from their provider, and suggest fixes.

    Changes nothing. Exits with 1 if it finds a problem, such as a Claude Code that would not work if it were started
    here.

    \b
    ✓ passed   ! may be intended, or may fail later   ✗ a problem   ? can't be checked
    """
    from candela_tui.cli.terminal.check_results import results_text
    from candela_tui.doctor.check_result import CheckState
    from candela_tui.doctor.checks import all_checks
    from candela_tui.doctor.redaction import without_secrets
    from candela_tui.doctor.report import as_json as json_of
    from candela_tui.doctor.run_checks import run_checks

    if report is not None and report.exists():
        raise click.ClickException(f"{report}: the file already exists; name a new one.")
    context = _context(ctx.ensure_object(Invocation), online=not offline)
    if sys.stderr.isatty():
        click.echo("Checking …", err=True)
    found = without_secrets(run_checks(context, all_checks()), context)
    colour = False if os.environ.get("NO_COLOR") else None
    if as_json:
        click.echo(json_of(found, datetime.now(UTC)))
    else:
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        folded = context.terminal is not None and not verbose
        click.echo(results_text(found, width, folded=folded), color=colour)
    if report is not None:
        _write(report, found, context)
    ctx.exit(1 if any(check.state is CheckState.BAD for check in found) else 0)


def _context(invocation: Invocation, *, online: bool) -> "DoctorContext":
    from candela_tui.config import ConfigError, Settings, load
    from candela_tui.doctor.context import DoctorContext

    paths = invocation.paths
    try:
        return DoctorContext(paths, load(paths.config), online=online)
    except ConfigError as error:
        return DoctorContext(paths, Settings(), tuple(str(error).splitlines()), online=online)


def _write(report: Path, found: Sequence["CheckResult"], context: "DoctorContext") -> None:
    from candela_tui.doctor.redaction import for_others
    from candela_tui.doctor.report import as_json, as_markdown, write_report

    text = as_json if report.suffix == ".json" else as_markdown
    try:
        write_report(report, text(for_others(found, context), datetime.now(UTC)))
    except OSError as error:
        raise click.ClickException(f"{report}: can't be written: {error.strerror}") from None
    click.echo(f"The report is in {report}. Read it before you share it.", err=True)
