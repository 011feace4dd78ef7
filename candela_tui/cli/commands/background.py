"""``candela start``, ``stop`` and ``status``: control the background proxy."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.process import daemon
from candela_tui.cli.process.pidfile import background
from candela_tui.cli.process.port import OTHER_PORT
from candela_tui.cli.process.termination import terminate
from candela_tui.paths import Paths
from candela_tui.providers.identity import PROVIDERS, route_of
from candela_tui.proxy.listen import HOST, RunningCandela, other_owner, running_candela
from candela_tui.store.set_aside import damaged_copies
from candela_tui.storing import unstored_words
from candela_tui.telemetry_state import telemetry_words
from candela_tui.text.terminal_safe import terminal_safe

_FLUSH_S = 15.0
"""How long stopping may take beyond the grace time for live streams."""


@click.command()
@pass_invocation
def start(invocation: Invocation) -> None:
    """Run the proxy in the background until `candela stop`.

    Its log (`candela logs`) and records are in the data directory. Fails if a candela that stores its records in
    another directory than --data-dir is running on the port.
    """
    from candela_tui.config import config_access, data_access  # Not at the top: `status` seldom needs the settings.

    port = invocation.settings().proxy.port
    running = running_candela(port)
    if running is not None:
        already = f"candela {running.version} is already running on {_url(running)} (pid {running.pid})"
        if running.data_dir is None or Path(running.data_dir).resolve() == invocation.paths.data.resolve():
            click.echo(f"{already}.")
            return
        elsewhere = f"{already}, and stores its records in {running.data_dir}"
        if invocation.data is None:
            click.echo(f"{elsewhere}.")
            return
        raise click.ClickException(f"{elsewhere}, not in {invocation.paths.data}.\n{OTHER_PORT}")
    # Check before the data directory is created, which makes it private.
    warnings = [config_access(invocation.paths.config), data_access(invocation.paths.data)]
    running = daemon.start(invocation, port)
    click.echo(f"candela {running.version} is running on {_url(running)} in the background (pid {running.pid}).")
    click.echo("`candela attach` opens its dashboard.")
    for words in filter(None, warnings):
        click.echo(f"Warning: {terminal_safe(words)}", err=True)


@click.command()
@pass_invocation
def stop(invocation: Invocation) -> None:
    """Stop the background proxy.

    Live streams have proxy.shutdown_grace_s seconds to end.
    """
    settings = invocation.settings()
    found = background(invocation.paths.pid)
    if found is None:
        running = running_candela(settings.proxy.port)
        if running is not None:
            raise click.ClickException(
                f"The candela on {_url(running)} (pid {running.pid}) is not the background one of this data directory. "
                "Stop it where it was started."
            )
        click.echo("No candela is running in the background.")
        return
    try:
        ended = terminate(found.pid, found.born, settings.proxy.shutdown_grace_s + _FLUSH_S)
    except PermissionError:
        raise click.ClickException(f"The background candela (pid {found.pid}) belongs to another user.") from None
    if not ended:
        raise click.ClickException(
            f"The background candela (pid {found.pid}) was asked to stop and is still running. See `candela logs`, or "
            f"{invocation.paths.log}"
        )
    click.echo(f"The background candela (pid {found.pid}) has stopped.")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Show whether candela is running, and where.

    Exits with 0 if it answers, otherwise with 1.
    """
    invocation = ctx.ensure_object(Invocation)
    found = background(invocation.paths.pid)
    port = found.port if found else invocation.port()
    running = running_candela(port)
    data = Path(running.data_dir) if running is not None and running.data_dir else invocation.paths.data
    copies = damaged_copies(Paths(invocation.paths.config, data).store_file)
    in_background = found is not None and running is not None and running.pid == found.pid
    if as_json:
        click.echo(json.dumps(_document(port, running, in_background, copies), indent=2))
    elif running is not None:
        place = "in the background" if in_background else "in a terminal or as a service"
        click.echo(f"candela {running.version} is running on {_url(running)} {place} (pid {running.pid}).")
        click.echo(f"Started at {running.since}. Its records are in {running.database or running.data_dir}")
        if running.route is not None:
            provider = PROVIDERS[route_of(running.route).provider].title
            click.echo(f"Its default route is {running.route}, to {provider}.")
        click.echo("Open its dashboard with `candela attach`.")
        for state in running.telemetry:
            click.echo(f"It sends telemetry to {state.endpoint} ([{state.name}]).")
        for words in (*unstored_words(running.storing), *telemetry_words(running.telemetry)):
            click.echo(f"Warning: {words}")
    elif found is not None:
        click.echo(f"The background candela (pid {found.pid}) does not answer on port {port}.")
    else:
        owner = other_owner(port)
        if owner is not None:
            click.echo(f"No candela is running on port {port}: the port is taken by {owner}.")
            click.echo("Choose another port with `candela config set proxy.port 8182`.")
        else:
            click.echo(f"No candela is running on port {port}. Start one with `candela` or `candela start`.")
        click.echo(f"Its records are in {invocation.paths.database or invocation.paths.data}")
    if not as_json:
        for copy in copies:
            click.echo(f"Warning: a damaged database was set aside as {terminal_safe(str(copy))}")
    ctx.exit(0 if running is not None else 1)


def _document(
    port: int, running: RunningCandela | None, in_background: bool, copies: Sequence[Path]
) -> dict[str, object]:
    storing = running.storing if running else None
    return {
        "running": running is not None,
        "background": in_background,
        "port": port,
        "url": _url(running) if running else None,
        "pid": running.pid if running else None,
        "version": running.version if running else None,
        "started_at": running.started_at if running else None,
        "data_dir": running.data_dir if running else None,
        "database": running.database if running else None,
        "route": running.route if running else None,
        "storing": asdict(storing) if storing else None,
        "telemetry": [asdict(state) for state in running.telemetry] if running else [],
        "damaged_databases": [str(copy) for copy in copies],
    }


def _url(running: RunningCandela) -> str:
    return f"http://{HOST}:{running.port}"
