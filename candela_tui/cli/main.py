"""The ``candela`` command: global options, and which module each command lives in.

A command's module is imported when that command runs, so that the small ones start at once.
"""

import difflib
import errno
import importlib
import os
from pathlib import Path
from typing import NamedTuple

import click

from candela_tui import __version__
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.output import never_fail_to_encode

EXAMPLES = """\b
Examples:
  candela                        the proxy and its dashboard
  candela claude                 Claude Code through it (in another terminal)
  candela attach                 the dashboard of a candela in the background
  candela demo                   a tour without an account
  eval "$(candela env)"          point this shell's claude at the proxy
  candela sessions               what was recorded, and what it cost
  candela requests --json        the same by request, for programs
  candela show 0198 --raw response | less
"""


class Entry(NamedTuple):
    """Where a command is, and its line in ``candela --help``."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "serve": Entry("serve", "serve", "Run the proxy without a dashboard, in the foreground."),
    "start": Entry("background", "start", "Run the proxy in the background."),
    "stop": Entry("background", "stop", "End the background proxy."),
    "attach": Entry("attach", "attach", "Show the dashboard of a candela that runs already."),
    "status": Entry("background", "status", "Say whether a candela runs, and where."),
    "claude": Entry("client", "claude", "Run Claude Code through candela."),
    "exec": Entry("client", "execute", "Run any command through candela."),
    "env": Entry("client", "env", "Print the environment that points Claude Code at candela."),
    "auth": Entry("auth", "auth", "Sign in to Anthropic, Google Cloud and AWS."),
    "demo": Entry("demo", "demo", "See candela at work with a simulated provider; no account needed."),
    "sessions": Entry("history", "sessions", "List the recorded sessions."),
    "requests": Entry("history", "requests", "List the recorded requests."),
    "show": Entry("history", "show", "Show one request: overview, JSON or the exact bytes."),
    "export": Entry("history", "export", "Write a session's requests as CSV."),
    "doctor": Entry("doctor", "doctor", "Look for what is wrong, and say what mends it."),
    "config": Entry("settings", "config", "Read, change and check config.toml."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of that name."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"candela_tui.cli.{entry.module}"), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which name is near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="CANDELA_CONFIG",
    metavar="FILE",
    help="The settings to use, instead of the platform's place for them.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CANDELA_DATA_DIR",
    metavar="DIR",
    help="Where to keep what is recorded, instead of the platform's place for it.",
)
@click.version_option(__version__, message="candela %(version)s")
@click.pass_context
def cli(ctx: click.Context, config_file: Path | None, data_dir: Path | None) -> None:
    """See everything that Claude Code sends, receives and costs, live.

    Without a command: start the proxy and open its dashboard.

    Every key of config.toml can also be set in the environment as CANDELA_SECTION__KEY,
    such as CANDELA_PROXY__PORT=8182.
    """
    ctx.obj = Invocation(
        config_file.absolute() if config_file else None,
        data_dir.absolute() if data_dir else None,
    )
    if ctx.invoked_subcommand is None:
        from candela_tui.cli.dashboard import open_dashboard

        ctx.exit(open_dashboard(ctx.obj))


def main() -> None:
    """Run the command line. Exits with 0, 1 (failure) or 2 (usage)."""
    never_fail_to_encode()
    try:
        cli(prog_name="candela")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo("candela: the output can't be written: no space is left on its device", err=True)
        os._exit(1)  # An ordinary exit would try to write the rest of the output once more.
