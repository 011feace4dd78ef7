"""The ``candela`` command: the global options and the table of commands.

A command's module is imported only when that command runs, so that small commands start fast.
"""

import errno
import importlib
import os
from pathlib import Path
from typing import NamedTuple

import click

from candela_tui import __version__
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.collection import collect_seldom
from candela_tui.cli.terminal.encoding import never_fail_to_encode
from candela_tui.price_file import look_in

EXAMPLES = """\b
Examples:
  candela                        start the proxy and its dashboard
  candela claude                 run Claude Code through it (in another terminal)
  candela attach                 open the dashboard of a background candela
  candela demo                   take a tour without an account
  eval "$(candela env)"          point this shell's claude at the proxy
  candela sessions               list what was recorded, and what it cost
  candela requests --json        list each request, for programs
  candela search "flaky test"    find words in everything that was recorded
  candela show 0198 --raw response | less
"""


class CommandEntry(NamedTuple):
    """The module and attribute that define a command, and its line in ``candela --help``."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "serve": CommandEntry("serve", "serve", "Run the proxy without a dashboard, in the foreground."),
    "start": CommandEntry("background", "start", "Run the proxy in the background."),
    "stop": CommandEntry("background", "stop", "Stop the background proxy."),
    "attach": CommandEntry("attach", "attach", "Open the dashboard of a candela that is already running."),
    "login": CommandEntry("login", "login", "Sign in to the candela of a team."),
    "logout": CommandEntry("login", "logout", "Sign out of the candela of a team."),
    "web": CommandEntry("web", "web", "Open the dashboard of a running candela in a browser."),
    "status": CommandEntry("background", "status", "Show whether candela is running, and where."),
    "logs": CommandEntry("logs", "logs", "Show the log, and follow it."),
    "claude": CommandEntry("client", "claude", "Run Claude Code through candela."),
    "exec": CommandEntry("client", "execute", "Run any command through candela."),
    "env": CommandEntry("env", "env", "Print the environment that points Claude Code at candela."),
    "ca": CommandEntry("ca", "ca", "Show, renew or remove the certificate authority of --intercept."),
    "auth": CommandEntry("auth", "auth", "Sign in to Anthropic, Google Cloud, AWS and Azure, and check it."),
    "providers": CommandEntry("providers", "providers", "List the providers, or what they accept for a model."),
    "demo": CommandEntry("demo", "demo", "Try candela with a simulated provider; no account needed."),
    "sessions": CommandEntry("sessions", "sessions", "List the recorded sessions, or delete some."),
    "agents": CommandEntry("agents", "agents", "Show a session's agents, and where the time of its turns went."),
    "requests": CommandEntry("history", "requests", "List the recorded requests."),
    "search": CommandEntry("search", "search", "Search in prompts, answers, thinking, tool calls and results."),
    "show": CommandEntry("history", "show", "Show one request: an overview, JSON, or the exact bytes."),
    "why": CommandEntry("why", "why", "Explain what a request read from the prompt cache."),
    "context": CommandEntry("context", "context", "Show what fills the context window at a request."),
    "export": CommandEntry("export", "export", "Write CSV, JSON, JSON Lines, Parquet, HAR, Markdown or HTML."),
    "prices": CommandEntry("prices", "prices", "Show the prices that are known, and fetch newer ones."),
    "reprice": CommandEntry("reprice", "reprice", "Calculate the recorded costs again, with the prices of now."),
    "replay": CommandEntry("replay", "replay", "Send a recorded request again, and compare the answers."),
    "statusline": CommandEntry("statusline", "statusline", "Print one line for the status line of Claude Code."),
    "install": CommandEntry("install", "install", "Write candela into Claude Code's settings, or run it as a service."),
    "uninstall": CommandEntry("install", "uninstall", "Put back what install changed."),
    "report": CommandEntry("report", "report", "Sum up tokens and cost by day, session, model and so on."),
    "limits": CommandEntry("limits", "limits", "Show how fast a subscription's windows fill, and by what."),
    "reconcile": CommandEntry("reconcile", "reconcile", "Compare a session's cost with what Claude Code says."),
    "import": CommandEntry("importing", "import_history", "Import Claude Code's transcripts and HAR files."),
    "rules": CommandEntry("rules", "rules", "List, add, change, remove and try rules."),
    "budgets": CommandEntry("budgets", "budgets", "Show how the budgets stand."),
    "keys": CommandEntry("keys", "keys", "Make and withdraw keys of candela's own."),
    "people": CommandEntry("people", "people", "List who is signed in with [team], and sign them out."),
    "audit": CommandEntry("audit", "audit", "List who changed keys, budgets, rules and roles."),
    "db": CommandEntry("db", "db", "Check, back up, repair and shrink the store."),
    "doctor": CommandEntry("doctor", "doctor", "Find problems and suggest fixes."),
    "openapi": CommandEntry("openapi", "openapi", "Print the local API as an OpenAPI document."),
    "completion": CommandEntry("completion", "completion", "Make bash, zsh or fish complete commands."),
    "config": CommandEntry("config", "config", "Read, change and check config.toml."),
}


class LazyGroup(click.Group):
    """A group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or return None if there is no such command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(importlib.import_module(f"candela_tui.cli.commands.{entry.module}"), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or fail with an error that suggests the most similar name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib  # Not at the top: every command would wait for it.

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. The error for an option of candela itself behind the command says where it belongs."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            for option in self.params:
                if error.option_name in option.opts and option.metavar is not None:
                    words = f"{error.option_name} {option.metavar}"
                    raise click.UsageError(
                        f"{error.option_name} goes before the command: candela {words} {ctx.invoked_subcommand}",
                        error.ctx,
                    ) from None
            raise

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
    help="The config.toml to use. Default: the one that `candela config path` prints.",
)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CANDELA_DATA_DIR",
    metavar="DIR",
    help="Where to store records, sign-ins and the log. Default: the platform's data directory.",
)
@click.version_option(__version__, message="candela %(version)s")
@click.pass_context
def cli(ctx: click.Context, config_file: Path | None, data_dir: Path | None) -> None:
    """See everything that Claude Code sends, receives and costs, live.

    Without a command, start the proxy and open its dashboard.

    Every key of config.toml can also be set as an environment variable, CANDELA_SECTION__KEY,
    such as CANDELA_PROXY__PORT=8182.
    """
    invocation = ctx.obj = Invocation(
        config_file.absolute() if config_file else None,
        data_dir.absolute() if data_dir else None,
    )
    look_in(lambda: invocation.paths.prices)
    if ctx.invoked_subcommand is None:
        from candela_tui.cli.dashboard.own import open_dashboard

        ctx.exit(open_dashboard(ctx.obj))


def main() -> None:
    """Run the command line. Exits with 0, 1 (failure) or 2 (usage)."""
    never_fail_to_encode()
    collect_seldom()
    try:
        cli(prog_name="candela")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo("candela: can't write the output: no space left on the device", err=True)
        os._exit(1)  # A normal exit would try to write the rest of the output again.
