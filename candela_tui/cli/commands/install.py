"""``candela install`` and ``uninstall``: candela in the settings of Claude Code, and as a service of the user."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from candela_tui.claude_code.own_login import settings_directory
from candela_tui.claude_code.variables import is_socket
from candela_tui.cli.claude.announcement import say_what_changes
from candela_tui.cli.claude.client_settings import ClientSettings
from candela_tui.cli.claude.environment import changes
from candela_tui.cli.claude.route_options import resolve_options, route_options
from candela_tui.cli.claude.settings_files import read_settings_files
from candela_tui.cli.claude.settings_members import MemberPath
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.confirm import confirm
from candela_tui.doctor.client_settings import ClientEnvironment, ClientSettingsFile
from candela_tui.files import write_atomically
from candela_tui.text.terminal_safe import terminal_safe

Command = TypeVar("Command", bound=Callable[..., Any])

_STATUS_LINE, _ENV = "statusline", "env"


_yes = click.option("--yes", is_flag=True, help="Write without asking.")


def _place_options(command: Command) -> Command:
    user = click.option("--user", is_flag=True, help="The user's settings, instead of those of this directory.")
    return user(_yes(command))


@click.group()
def install() -> None:
    """Write candela into the settings of Claude Code, or run it as a service.

    The settings are those in .claude/settings.json of this directory, or with --user the user's. It shows the change
    and asks, and everything else in the file stays as it is. `candela uninstall` puts the file back.
    """


@click.group()
def uninstall() -> None:
    """Put back what `candela install` changed."""


@install.command("statusline")
@_place_options
@pass_invocation
def install_status_line(invocation: Invocation, user: bool, yes: bool) -> None:
    """Make Claude Code show `candela statusline` below its prompt."""
    file = _file(user)
    command = shlex.join([_program(), *invocation.arguments(), "statusline"])
    wanted: dict[MemberPath, Any] = {("statusLine",): {"type": "command", "command": command}}
    files = read_settings_files(invocation.paths, invocation.settings())
    if ClientSettings(file, _records(invocation)).install(_STATUS_LINE, wanted, yes=yes):
        click.echo(f"Claude Code shows it from its next start on. {_undo(_STATUS_LINE, user)}")
    _warn_of_later((each for each in files if "statusLine" in each.document), "statusLine", user)


@install.command("env")
@route_options
@_place_options
@pass_invocation
def install_env(invocation: Invocation, route: str | None, native: bool, user: bool, yes: bool) -> None:
    """Make every Claude Code that reads the file go through candela, as `candela env` does for a shell.

    Claude Code then needs a candela that runs, such as `candela start`.
    """
    settings = invocation.settings()
    file, records = _file(user), _records(invocation)
    client = ClientSettings(file, records)
    files = [
        _as_without(each, client.without(_ENV)) if each.path == file else each
        for each in read_settings_files(invocation.paths, settings)
    ]
    environ = ClientEnvironment(os.environ, files).variables()
    options = resolve_options(route, native, settings, invocation.paths, environ)
    made = changes(options, settings.proxy.port, environ)
    say_what_changes(made, options, route)
    for name in filter(is_socket, made.unwanted):
        click.echo(f"candela: settings.json can't unset {name}; unset it where it is set", err=True)
    wanted: dict[MemberPath, Any] = {("env", name): value for name, value in made.as_settings().items()}
    if client.install(_ENV, wanted, yes=yes):
        click.echo(f"Claude Code needs a candela that runs from its next start on. {_undo(_ENV, user)}")
    for name in made.as_settings():
        _warn_of_later((each for each in files if name in each.env), name, user)


@uninstall.command("statusline")
@_place_options
@pass_invocation
def uninstall_status_line(invocation: Invocation, user: bool, yes: bool) -> None:
    """Put back the status line that was there before, if any."""
    ClientSettings(_file(user), _records(invocation)).uninstall(_STATUS_LINE, yes=yes)


@uninstall.command("env")
@_place_options
@pass_invocation
def uninstall_env(invocation: Invocation, user: bool, yes: bool) -> None:
    """Put back the environment that was there before, so that Claude Code no longer goes through candela."""
    ClientSettings(_file(user), _records(invocation)).uninstall(_ENV, yes=yes)


@install.command("service")
@_yes
@pass_invocation
def install_service(invocation: Invocation, yes: bool) -> None:
    """Run candela from each login on, and start it now: as a unit of systemd, or on macOS as an agent of launchd.

    The service does not see the variables of your shell: put settings into config.toml.
    """
    from candela_tui.cli.service.supervisor import run, supervisor

    invocation.settings()
    found = supervisor([str(_path()), *invocation.arguments(), "serve"])
    confirm(
        f"Write {terminal_safe(str(found.file))} and start it?",
        yes=yes,
        declined="Nothing was changed.",
        details=map(terminal_safe, found.definition.decode().splitlines()),
    )
    try:
        if found.file.exists() and found.name == "launchd":
            run(found.stop)
        found.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(found.file, found.definition, mode=0o644)
    except OSError as error:
        raise click.ClickException(f"{found.file}: can't be written: {error.strerror}") from None
    run(found.start)
    click.echo(f"candela runs as a service of {found.name}, from each login on. `{found.follow}` shows its log.")


@uninstall.command("service")
@_yes
def uninstall_service(yes: bool) -> None:
    """Stop the service, and remove it."""
    from candela_tui.cli.service.supervisor import run, supervisor

    found = supervisor(())
    if not found.file.exists():
        raise click.ClickException(f"There is no service: {found.file} does not exist.")
    confirm(f"Stop candela and remove {terminal_safe(str(found.file))}?", yes=yes, declined="Nothing was changed.")
    run(found.stop)
    try:
        found.file.unlink()
    except OSError as error:
        raise click.ClickException(f"{found.file}: can't be removed: {error.strerror}") from None
    run(found.after_removal)
    click.echo("The service is removed. What it recorded is still there: `candela sessions` lists it.")


def _file(user: bool) -> Path:
    directory = settings_directory() if user else Path.cwd() / ".claude"
    return directory / "settings.json"


def _records(invocation: Invocation) -> Path:
    invocation.data_directory()
    return invocation.paths.installed


def _program() -> str:
    """Return how a shell calls this program: by its name where PATH has it, which holds on other machines too."""
    return "candela" if shutil.which("candela") else str(_path())


def _path() -> Path:
    """Return where this program is, for those that have no PATH of the user's."""
    return Path(shutil.which("candela") or sys.argv[0]).absolute()


def _as_without(file: ClientSettingsFile, text: bytes | None) -> ClientSettingsFile:
    """Return a settings file as it was before an earlier ``install``."""
    return file if file.trouble else replace(file, document=json.loads((text or b"{}").decode("utf-8-sig")))


def _warn_of_later(setting: Iterable[ClientSettingsFile], name: str, user: bool) -> None:
    """Say which other files have a member, of those that Claude Code reads later, so that theirs counts."""
    earlier = ("user",) if user else ("user", "project")
    for file in setting:
        if file.id not in earlier:
            path = terminal_safe(str(file.path))
            click.echo(f"Warning: {path} has {name} as well, and goes before the file written here.", err=True)


def _undo(part: str, user: bool) -> str:
    words = f"{part} --user" if user else part
    return f"`candela uninstall {words}` puts it back."
