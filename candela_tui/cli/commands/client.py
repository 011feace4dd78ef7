"""``candela claude`` and ``exec``: run programs through candela."""

import os
import shutil
import signal
import sys

import click

from candela_tui.cli.claude.announcement import say_what_changes
from candela_tui.cli.claude.client_tracing import ENABLE, with_tracing
from candela_tui.cli.claude.environment import changes
from candela_tui.cli.claude.gateway import say_what_gateway_mode_costs, with_gateway
from candela_tui.cli.claude.interception import overridden, prepared, say_what_is_intercepted
from candela_tui.cli.claude.own_environment import without_own_environment
from candela_tui.cli.claude.route_options import has_own_key, resolve_options
from candela_tui.cli.claude.settings_files import leading_past, read_settings_files
from candela_tui.cli.claude.silent_client import LocalCandela, likely_cause, watch_beside
from candela_tui.cli.claude.way_options import Way, way_options
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.process import daemon
from candela_tui.credentials.vault.choice import PASSPHRASE_VARIABLE
from candela_tui.doctor.client_settings import ClientEnvironment
from candela_tui.network.peer import listening_uid
from candela_tui.proxy.listen import running_candela
from candela_tui.sinks.telemetry.destination import destination


class PassThroughCommand(click.Command):
    """A command whose arguments belong to another program.

    It reads only its own options at the start of the arguments. The rest is passed on unchanged, including ``--help``
    and ``--``.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the leading options and keep all other arguments."""
        known = {
            option: parameter
            for parameter in self.params
            if isinstance(parameter, click.Option)
            for option in parameter.opts
        }
        given: dict[str, object] = {}
        words = list(args)
        while words:
            option, equals, value = words[0].partition("=")
            parameter = known.get(option)
            if parameter is None or (parameter.is_flag and equals):
                break
            del words[0]
            if not parameter.is_flag and not equals:
                if not words:
                    raise click.BadOptionUsage(option, f"Option {option!r} requires an argument.", ctx)
                value = words.pop(0)
            given[option] = parameter.is_flag or parameter.type_cast_value(ctx, value)
        for option, parameter in known.items():
            assert parameter.name is not None
            ctx.params[parameter.name] = given.get(option, False if parameter.is_flag else None)
        ctx.params["words"] = self.words_of(ctx, tuple(words))
        return []

    def words_of(self, ctx: click.Context, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return the arguments to pass on, given those after the options."""
        return words


def _asks_for_help(words: tuple[str, ...]) -> bool:
    return words[:1] in (("--help",), ("-h",))


class PassThroughAfterDashes(PassThroughCommand):
    """A pass-through command that shows its own help if ``--help`` comes before the other program's name."""

    def words_of(self, ctx: click.Context, words: tuple[str, ...]) -> tuple[str, ...]:
        """Show the help if requested, or return the arguments without the ``--`` separator."""
        if _asks_for_help(words):
            click.echo(self.get_help(ctx))
            ctx.exit()
        words = words[1:] if words[:1] == ("--",) else words
        if not words:
            raise click.UsageError("Name a command to run, such as: candela exec -- claude -p hello", ctx)
        return words


@click.command(cls=PassThroughCommand, add_help_option=False)
@way_options
@pass_invocation
def claude(
    invocation: Invocation,
    way: Way,
    words: tuple[str, ...],
) -> None:
    """Run Claude Code through candela. All arguments after candela's own options are passed to Claude Code.

    Starts a background candela if none is running. The exit code is Claude Code's. --help is Claude Code's, too, unless
    it is not installed.
    """
    if not _on_path("claude"):
        if _asks_for_help(words):
            ctx = click.get_current_context()
            click.echo(ctx.get_help())
            ctx.exit()
        raise click.ClickException(
            "Claude Code (claude) is not on PATH. Install it with `npm install -g @anthropic-ai/claude-code`, or run "
            "it by its path: candela exec -- /path/to/claude"
        )
    _become(invocation, way, ("claude", *words))


@click.command("exec", cls=PassThroughAfterDashes, options_metavar="[OPTIONS] [--] CMD ARGS…", add_help_option=False)
@way_options
@pass_invocation
def execute(
    invocation: Invocation,
    way: Way,
    words: tuple[str, ...],
) -> None:
    """Run any command with the environment that points Claude Code at candela.

    Starts a background candela if none is running. The exit code is the command's.
    """
    if not _on_path(words[0]):
        raise click.ClickException(f"{words[0]}: no such command on PATH")
    _become(invocation, way, words)


def _on_path(program: str) -> bool:
    return shutil.which(program, path=_environment().get("PATH")) is not None


def _environment() -> dict[str, str]:
    """Return the user's environment: without the one that uv made for candela, and without candela's passphrase.

    The passphrase unlocks candela's file of secrets. A program that runs commands for a model must not see it."""
    environ = without_own_environment(os.environ, sys.prefix)
    environ.pop(PASSPHRASE_VARIABLE, None)
    return environ


def _become(invocation: Invocation, way: Way, words: tuple[str, ...]) -> None:
    way.check()
    settings = invocation.settings()
    port = settings.proxy.port
    files = read_settings_files(invocation.paths, settings)
    environ = ClientEnvironment(os.environ, files).variables()
    options = None
    if not way.intercept:
        options = resolve_options(way.route, way.native, settings, invocation.paths, environ, words[0])
    running = running_candela(port)
    if running is None:
        running = daemon.start(invocation, port)
        click.echo(
            f"candela: started in the background on port {port}. See it with `candela attach`, stop it with "
            "`candela stop`.",
            err=True,
        )
    elif os.environ.get(PASSPHRASE_VARIABLE):
        from candela_tui.cli.process.check_proxy import hand_on_passphrase

        hand_on_passphrase(running, invocation)
    if settings.proxy.allow == "same-user":
        _refuse_another_users(port)
    if invocation.data is not None and str(invocation.data) != running.data_dir:
        click.echo(f"candela: the candela on port {port} stores its records in {running.data_dir}", err=True)
    served = invocation.paths_of(running.data_dir)
    if options is not None:
        if way.gateway:
            options = with_gateway(options, way.key, settings, served, environ)
            say_what_gateway_mode_costs(words[0])
        made = changes(options, port, os.environ, environ)
        say_what_changes(made, options, way.route)
        led_past = list(leading_past(files, made.wanted))
    else:
        made = prepared(served, port, environ, own_key=has_own_key(settings, invocation.paths))
        say_what_is_intercepted(made)
        led_past = list(overridden(files, made))
    collector = destination(settings.telemetry, os.environ)
    if collector is not None:
        made = with_tracing(made, port, environ, [name for file in files for name in file.env])
        if ENABLE in made.wanted:
            click.echo(
                f"candela: Claude Code sends its own telemetry through candela to {collector.place} ([telemetry]).",
                err=True,
            )
    for path, name in led_past:
        click.echo(
            f"candela: {path} sets {name}, which overrides candela's value, so Claude Code bypasses candela. Remove it "
            "there, or set what `candela env --json` prints.",
            err=True,
        )
    sys.stdout.flush()
    sys.stderr.flush()
    if words[0] == "claude" and running.data_dir is not None:
        watch_beside(LocalCandela(port, served.token), words[1:], likely_cause(led_past, words))
    # Python ignores these two signals, and the program that replaces it would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(words[0], words, made.applied_to(_environment()))  # noqa: S606
    except OSError as error:
        raise click.ClickException(f"{words[0]}: can't be run: {error.strerror}") from None


def _refuse_another_users(port: int) -> None:
    """Exit with an error if the port belongs to another user, who would get this user's credentials."""
    user = listening_uid(port)
    if user is not None and user not in (os.getuid(), 0):
        raise click.ClickException(
            f"Port {port} belongs to another user of this machine (uid {user}), who would get your credentials.\n"
            'Choose another with `candela config set proxy.port 8182`, or set proxy.allow to "any-local" if you share '
            "one candela."
        )
