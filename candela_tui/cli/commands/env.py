"""``candela env``: print the environment that points Claude Code at candela."""

import json
import os
from collections.abc import Mapping

import click

from candela_tui.claude_code.variables import is_socket
from candela_tui.cli.claude.announcement import say_what_changes
from candela_tui.cli.claude.environment import Changes, changes
from candela_tui.cli.claude.gateway import say_what_gateway_mode_costs, with_gateway
from candela_tui.cli.claude.interception import prepared, say_what_is_intercepted
from candela_tui.cli.claude.route_options import has_own_key, resolve_options
from candela_tui.cli.claude.settings_files import read_settings_files
from candela_tui.cli.claude.shells import SHELLS, shell_in, statements
from candela_tui.cli.claude.way_options import Way, way_options
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.doctor.client_settings import ClientEnvironment
from candela_tui.paths import Paths
from candela_tui.proxy.listen import running_candela


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@way_options
@click.option("--shell", type=click.Choice(SHELLS), help="The shell to print for. Default: the one in $SHELL.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for .claude/settings.json.")
@pass_invocation
def env(
    invocation: Invocation,
    way: Way,
    shell: str | None,
    as_json: bool,
) -> None:
    """Print the environment that points Claude Code at candela.

    Variables that could make Claude Code bypass candela are unset. In settings.json, which can't unset, they are empty,
    which means the same to Claude Code.

    \b
    Examples:
      eval "$(candela env)"                        bash, zsh
      eval "$(candela env --route vertex)"         to Claude on Vertex AI
      candela env | source                         fish
      candela env | Out-String | Invoke-Expression PowerShell
      candela env --json                           to merge into .claude/settings.json
      eval "$(candela env --intercept)"            candela as the HTTPS proxy of this shell
      eval "$(candela env --gateway)"              with candela's budgets in Claude Code's own notices
    """
    way.check()
    settings = invocation.settings()
    files = read_settings_files(invocation.paths, settings)
    environ = ClientEnvironment(os.environ, files).variables()
    if way.intercept:
        made = _intercepted(invocation, environ)
    else:
        options = resolve_options(way.route, way.native, settings, invocation.paths, environ)
        if way.gateway:
            options = with_gateway(options, way.key, settings, _served(invocation, settings.proxy.port), environ)
            say_what_gateway_mode_costs("claude")
        made = changes(options, settings.proxy.port, os.environ, environ)
        say_what_changes(made, options, way.route)
    if as_json:
        for name in filter(is_socket, made.unwanted):
            click.echo(f"candela: settings.json can't unset {name}; unset it where it is set", err=True)
        click.echo(json.dumps({"env": made.as_settings()}, indent=2))
    else:
        click.echo(statements(shell or shell_in(os.environ), made))


def _intercepted(invocation: Invocation, environ: Mapping[str, str]) -> Changes:
    settings = invocation.settings()
    port = settings.proxy.port
    made = prepared(_served(invocation, port), port, environ, own_key=has_own_key(settings, invocation.paths))
    say_what_is_intercepted(made)
    click.echo(
        "candela: every program that has these variables sends its HTTPS connections through candela, which opens those"
        " to model providers and passes on the others unread. Without a running candela it has no connection.",
        err=True,
    )
    return made


def _served(invocation: Invocation, port: int) -> Paths:
    """Return the paths of the candela that serves on a port, or of this command if none does."""
    running = running_candela(port)
    return invocation.paths_of(running.data_dir if running is not None else None)
