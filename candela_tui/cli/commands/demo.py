"""``candela demo``: the real proxy, store and dashboard, with a simulated provider and simulated sessions."""

from dataclasses import replace

import click
from click.core import ParameterSource

from candela_tui.cli.invocation import Invocation, pass_invocation


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on. Default: a free one.")
@click.option(
    "--speed", type=click.FloatRange(0.1, 100), default=1.0, show_default=True, help="How fast the sessions play."
)
@pass_invocation
@click.pass_context
def demo(ctx: click.Context, invocation: Invocation, port: int | None, speed: float) -> None:
    """Try candela with a simulated provider; no account needed.

    Proxy, records and dashboard are the real ones. The records are deleted at the end, unless you give a place for
    them: candela --data-dir DIR demo. CANDELA_DATA_DIR and [store] are not for simulated sessions.
    """
    from candela_tui.cli.dashboard.demo import play

    if ctx.find_root().get_parameter_source("data_dir") is not ParameterSource.COMMANDLINE:
        invocation = replace(invocation, data=None)
    raise SystemExit(play(invocation, port, speed))
