"""``candela claude``, ``exec`` and ``env``: programs that talk through candela."""

import json
import os
import shutil
import signal
import sys

import click

from candela_tui.cli import daemon
from candela_tui.cli.environment import SHELLS, shell_in, statements, variables
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.peer import listening_uid
from candela_tui.proxy.listen import running_candela


class Verbatim(click.Command):
    """A command whose arguments belong to another program: none of them is read, not even ``--help`` or ``--``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep every argument as it came."""
        ctx.params["words"] = tuple(args)
        return []


class VerbatimAfterDashes(Verbatim):
    """The same, with help of its own before the other program's first word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help or take the separator away."""
        if args[:1] in (["--help"], ["-h"]):
            click.echo(self.get_help(ctx))
            ctx.exit()
        words = args[1:] if args[:1] == ["--"] else args
        if not words:
            raise click.UsageError("Name a command to run, such as: candela exec -- claude -p hello", ctx)
        return super().parse_args(ctx, words)


@click.command(cls=Verbatim, add_help_option=False)
@pass_invocation
def claude(invocation: Invocation, words: tuple[str, ...]) -> None:
    """Run Claude Code through candela; every argument is Claude Code's own.

    Starts a background candela if none runs. The exit code is Claude Code's.
    """
    if shutil.which("claude") is None:
        raise click.ClickException(
            "Claude Code (claude) is not on PATH. Install it with `npm install -g @anthropic-ai/claude-code`, or run "
            "it from where it is: candela exec -- /path/to/claude"
        )
    _become(invocation, ("claude", *words))


@click.command("exec", cls=VerbatimAfterDashes, options_metavar="", add_help_option=False)
@pass_invocation
def execute(invocation: Invocation, words: tuple[str, ...]) -> None:
    """Run any command with the environment that points Claude Code at candela: candela exec -- CMD ARGS…

    Starts a background candela if none runs. The exit code is the command's.
    """
    if shutil.which(words[0]) is None:
        raise click.ClickException(f"{words[0]}: no such command on PATH")
    _become(invocation, words)


def _become(invocation: Invocation, words: tuple[str, ...]) -> None:
    settings = invocation.settings()
    port = settings.proxy.port
    running = running_candela(port) or daemon.start(invocation, port)
    if settings.proxy.allow == "same-user":
        _refuse_another_users(port)
    if invocation.data is not None and str(invocation.data) != running.data_dir:
        click.echo(f"candela: the candela on port {port} keeps its records in {running.data_dir}", err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    # Python ignores these two, and a program that it becomes would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(words[0], words, {**os.environ, **variables(port, os.environ)})  # noqa: S606
    except OSError as error:
        raise click.ClickException(f"{words[0]}: can't be run: {error.strerror}") from None


def _refuse_another_users(port: int) -> None:
    """End the command before the user's credentials go to a process of somebody else."""
    user = listening_uid(port)
    if user is not None and user not in (os.getuid(), 0):
        raise click.ClickException(
            f"Port {port} belongs to another user of this machine (uid {user}), who would get your credentials.\n"
            'Choose another with `candela config set proxy.port 8182`, or set proxy.allow to "any-local" if you share '
            "one candela."
        )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--shell", type=click.Choice(SHELLS), help="The shell to write for. Default: the one in $SHELL.")
@click.option("--json", "as_json", is_flag=True, help="Print the form of .claude/settings.json.")
@pass_invocation
def env(invocation: Invocation, shell: str | None, as_json: bool) -> None:
    """Print the environment that points Claude Code at candela.

    \b
    Examples:
      eval "$(candela env)"                        bash, zsh
      candela env | source                         fish
      candela env | Out-String | Invoke-Expression PowerShell
      candela env --json                           to merge into .claude/settings.json
    """
    wanted = variables(invocation.settings().proxy.port, os.environ)
    if as_json:
        click.echo(json.dumps({"env": wanted}, indent=2))
    else:
        click.echo(statements(shell or shell_in(os.environ), wanted))
