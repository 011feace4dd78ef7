"""``candela keys``: make, list and withdraw keys of candela's own."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from typing import TypeVar

import click

from candela_tui.cli.audited import audit_log
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.terminal.output import echo_json
from candela_tui.keys.changes import KeyChanges
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import (
    GRACE,
    Key,
    KeyBudget,
    checked_aliases,
    checked_budget,
    checked_models,
    checked_name,
    checked_parallel,
    checked_providers,
    checked_tools,
)
from candela_tui.keys.record import key_record
from candela_tui.keys.store import KeyStore
from candela_tui.providers.identity import PROVIDER_WORDS
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import Clock, local_time, moment_ahead, utc_now

Read = TypeVar("Read")


def _option_type(name: str, read: Callable[[str], Read]) -> Callable[[str], Read]:
    def convert(text: str) -> Read:
        try:
            return read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    convert.__name__ = name  # click shows it in the help.
    return convert


_name = _option_type("NAME", checked_name)
_ahead = _option_type("TIME", lambda text: moment_ahead(text, Clock()))
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_key = click.argument("key", metavar="KEY")
_TIME = "12h, 90d, 2027-01-31"


@click.group()
def keys() -> None:
    """Make keys of candela's own, for each project, shell, program or person.

    A client sends its key to candela as x-api-key or as a bearer token, such as Claude Code with ANTHROPIC_AUTH_TOKEN.
    candela then knows whose each request is, and what it may use. The key never goes to a provider: candela signs in
    there itself. KEY is a key's name, id or prefix. docs/keys.md has recipes.
    """


@keys.command()
@click.option("--name", required=True, type=_name, metavar="NAME", help="What to call it, such as ci.")
@click.option("--user", type=_name, metavar="USER", help="Whose it is.")
@click.option("--team", type=_name, metavar="TEAM", help="The team that its cost is reported for.")
@click.option("--project", type=_name, metavar="PROJECT", help="What it is for.")
@click.option(
    "--models",
    type=_option_type("PATTERNS", checked_models),
    metavar="PATTERNS",
    help='The models that it may use: "claude-haiku-*,claude-sonnet-*". Default: all.',
)
@click.option(
    "--providers",
    type=_option_type("PROVIDERS", checked_providers),
    metavar="PROVIDERS",
    help=f"The providers that it may use, of {', '.join(PROVIDER_WORDS)}. Default: all.",
)
@click.option(
    "--budget",
    type=_option_type("BUDGET", checked_budget),
    metavar="USD/WINDOW",
    help="What may be spent with it: 50/month, 5/day, 3/rolling:5h. Default: no limit.",
)
@click.option(
    "--alias",
    "aliases",
    type=_option_type("NAME=MODEL", checked_aliases),
    multiple=True,
    metavar="NAME=MODEL",
    help="A name for a model, such as fast=claude-haiku-4-5; several times for more.",
)
@click.option(
    "--deny-tool",
    "deny_tools",
    type=_option_type("PATTERN", checked_tools),
    multiple=True,
    metavar="PATTERN",
    help='A tool that it may not use: WebFetch, "Bash(git push *)"; several times for more.',
)
@click.option(
    "--parallel",
    type=_option_type("NUMBER", checked_parallel),
    metavar="NUMBER",
    help="How many requests may be under way at once. Default: no limit.",
)
@click.option("--expires", type=_ahead, metavar="TIME", help=f"When it ends: {_TIME}. Default: never.")
@_json
@pass_invocation
def create(
    invocation: Invocation,
    name: str,
    user: str | None,
    team: str | None,
    project: str | None,
    models: tuple[str, ...] | None,
    providers: tuple[str, ...] | None,
    budget: KeyBudget | None,
    aliases: tuple[tuple[tuple[str, str], ...], ...],
    deny_tools: tuple[tuple[str, ...], ...],
    parallel: int | None,
    expires: datetime | None,
    as_json: bool,
) -> None:
    """Make a key and print it, once: only a hash of it is kept.

    A running candela accepts it at once.
    """
    _require_ahead(expires)
    wanted = Key(
        id="",
        name=name,
        prefix="",
        hash=b"",
        created_at=utc_now(),
        user=user,
        project=project,
        models=models or (),
        providers=providers or (),
        budget=budget,
        expires_at=expires,
        team=team,
        parallel=parallel,
        deny_tools=tuple(chain.from_iterable(deny_tools)),
        aliases=tuple(chain.from_iterable(aliases)),
    )
    invocation.data_directory()
    with _errors():
        made, text = _changes(invocation).create(wanted)
    _show_once(made, text, as_json)


@keys.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that were revoked.")
@_json
@pass_invocation
def list_keys(invocation: Invocation, everything: bool, as_json: bool) -> None:
    """List the keys."""
    with _errors():
        found = _store(invocation).keys()
    shown = [key for key in found if everything or key.revoked_at is None]
    if as_json:
        echo_json(json_text([key_record(key, utc_now()) for key in shown]))
    elif shown:
        rows = [
            (
                key.name,
                f"{key.prefix}…",
                key.state(utc_now()).value,
                key.user or "",
                key.team or "",
                key.project or "",
                ", ".join(key.models) or "all",
                ", ".join(key.providers) or "all",
                str(key.budget or ""),
                local_time(key.expires_at) if key.expires_at else "never",
            )
            for key in shown
        ]
        head = ("NAME", "KEY", "STATE", "USER", "TEAM", "PROJECT", "MODELS", "PROVIDERS", "BUDGET", "EXPIRES")
        click.echo(table(head, rows, flexible=6))
    else:
        click.echo("There are no keys. Make one: candela keys create --name NAME", err=True)


@keys.command()
@_key
@_json
@pass_invocation
def show(invocation: Invocation, key: str, as_json: bool) -> None:
    """Show a key, without its text."""
    with _errors():
        found = _store(invocation).find(key)
    record = key_record(found, utc_now())
    if as_json:
        echo_json(json_text(record))
        return
    for name, value in record.items():
        if value not in (None, [], {}):
            if isinstance(value, dict):
                value = [f"{name} = {model}" for name, model in value.items()]
            text = ", ".join(value) if isinstance(value, list) else value
            click.echo(terminal_safe(f"{name.replace('_', ' '):<12}{text}"))


@keys.command()
@_key
@_json
@pass_invocation
def rotate(invocation: Invocation, key: str, as_json: bool) -> None:
    """Give a key a new text, and print it, once. The old one is accepted for another 24 hours."""
    with _errors():
        found = _store(invocation).find(key)
        made, text = _changes(invocation).rotate(found)
    _show_once(made, text, as_json)
    if not as_json:
        hours = round(GRACE.total_seconds() / 3600)
        click.echo(f"The old one ({found.prefix}…) is accepted for another {hours} hours.", err=True)


@keys.command()
@_key
@pass_invocation
def disable(invocation: Invocation, key: str) -> None:
    """Refuse a key until it is enabled again."""
    _change(invocation, key, lambda changes, found: changes.disable(found), "is disabled")


@keys.command()
@_key
@pass_invocation
def enable(invocation: Invocation, key: str) -> None:
    """Accept a disabled key again."""
    _change(invocation, key, lambda changes, found: changes.enable(found), "is enabled")


@keys.command()
@_key
@pass_invocation
def revoke(invocation: Invocation, key: str) -> None:
    """Refuse a key for good. Its name can be given to another one."""
    _change(invocation, key, lambda changes, found: changes.revoke(found), "is revoked")


@keys.command()
@_key
@click.option("--in", "at", type=_ahead, metavar="TIME", help=f"Not now, but then: {_TIME}.")
@click.option("--never", is_flag=True, help="Let it never expire.")
@pass_invocation
def expire(invocation: Invocation, key: str, at: datetime | None, never: bool) -> None:
    """Let a key expire now, at another time, or never."""
    if never and at is not None:
        raise click.UsageError("--in and --never contradict each other.")
    _require_ahead(at)
    moment = None if never else at or utc_now()
    words = "never expires" if never else f"expires {local_time(at)}" if at else "has expired"
    _change(invocation, key, lambda changes, found: changes.expire(found, moment), words)


def _change(invocation: Invocation, word: str, change: Callable[[KeyChanges, Key], None], words: str) -> None:
    with _errors():
        found = _store(invocation).find(word)
        change(_changes(invocation), found)
    click.echo(f"{found.name} ({found.prefix}…) {words}.")


def _require_ahead(moment: datetime | None) -> None:
    if moment is not None and moment <= utc_now():
        raise click.ClickException(f"{local_time(moment)} has passed: give a time to come, such as {_TIME}.")


def _store(invocation: Invocation) -> KeyStore:
    from candela_tui.store.open_keys import open_key_store

    return open_key_store(invocation.settings(), invocation.paths)


def _changes(invocation: Invocation) -> KeyChanges:
    return KeyChanges(_store(invocation), audit_log(invocation))


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except KeysError as error:
        raise click.ClickException(str(error)) from None


def _show_once(key: Key, text: str, as_json: bool) -> None:
    if as_json:
        record = key_record(key, utc_now())
        echo_json(json_text({"id": record.pop("id"), "key": text, **record}))
        return
    click.echo(text)
    click.echo(f"This is the key {key.name}. It is shown only now: put it where its user can read it.", err=True)
