"""``candela db``: check, back up, copy, repair and shrink the store, and say what it holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from candela_tui.cli.audited import audit_log
from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.cli.recorded import say_empty
from candela_tui.cli.terminal.output import echo_json
from candela_tui.cli.terminal.progress import Progress
from candela_tui.exchange.facts import iso_time
from candela_tui.reports.json_text import json_text
from candela_tui.text import amounts
from candela_tui.text.amounts import percent, size
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.text.times import local_time

if TYPE_CHECKING:
    from candela_tui.config import Settings
    from candela_tui.database_url import StoreLocation
    from candela_tui.store.errors import StoreError
    from candela_tui.store.repair import Repair
    from candela_tui.store.stats import Stats

_MOST_NAMED = 20
"""How many of the problems are printed. JSON has all of them."""


@click.group()
def db() -> None:
    """Check, back up, copy, repair and shrink the store of recorded requests.

    \b
    Examples:
      candela db stats
      candela db check
      candela db backup ~/candela-backup.db
    """


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def check(invocation: Invocation, as_json: bool) -> None:
    """Read everything that is stored, and compare each body with its hash.

    candela may be running. The exit code is 1 if something is damaged.
    """
    from candela_tui.store.check import Check
    from candela_tui.store.errors import StoreError

    path = _existing(invocation)
    checking = Check(path)
    try:
        with Progress(lambda: checking.doing) as progress:
            for _ in progress.each(checking.steps()):
                pass
    except StoreError as error:
        _fail(error)
    if as_json:
        problems = [{"request_id": each.request_id, "problem": each.words} for each in checking.problems]
        echo_json(json_text({"path": str(path), "requests": checking.requests, "problems": problems}))
    elif not checking.problems:
        click.echo(f"{amounts.requests(checking.requests)} checked, all of them whole.")
    else:
        words = [
            each.words if each.request_id is None else f"{each.request_id}: {each.words}" for each in checking.problems
        ]
        _say_some(words)
        click.echo(f"{len(words)} problems in {amounts.requests(checking.requests)}. See `candela db repair --help`.")
    if checking.problems:
        raise click.exceptions.Exit(1)


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_invocation
def backup(invocation: Invocation, file: Path) -> None:
    """Copy the store into FILE, which must not exist.

    candela may be running: the copy is what the store held when the command began. To use it, stop candela and put the
    copy in the place of `candela.db`.
    """
    from candela_tui.store.backup import Backup
    from candela_tui.store.errors import StoreError

    copying = Backup(
        _file(invocation, "backup", "`pg_dump` backs a database up, and `candela db copy` copies it"), file
    )
    try:
        with Progress(lambda: f"Copying: {percent(copying.done / max(1, copying.pages))}") as progress:
            copying.write(progress.step)
    except StoreError as error:
        _fail(error)
    click.echo(f"Copied to {file} ({size(file.stat().st_size)}).", err=True)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def repair(invocation: Invocation, as_json: bool) -> None:
    """Bring back what can be read of a damaged store.

    candela sets a damaged store aside, as candela.db.broken-DATE, and goes on with a new one. This command copies the
    requests that can still be read back from there; candela may be running. If the store itself is damaged, stop
    candela first: its indexes are rebuilt, or it is set aside and read as above. What can't be read is named. The
    damaged files stay.
    """
    from candela_tui.store.errors import StoreError
    from candela_tui.store.repair import correct_sums, is_damaged, mend_in_place
    from candela_tui.store.set_aside import damaged_copies, set_aside

    path = _file(
        invocation, "repair", "PostgreSQL has its own means; `candela db check` reads all of it", may_lack=True
    )
    try:
        damaged = path.exists() and is_damaged(path)
        if damaged and not mend_in_place(path):
            set_aside(path)
        summed = path.exists() and correct_sums(path)
        repairs = [(copy, _repaired(copy, path)) for copy in damaged_copies(path)]
    except OSError as error:
        raise click.ClickException(f"{path} can't be set aside: {error.strerror}") from None
    except StoreError as error:
        _fail(error)
    if as_json:
        records = [
            {"file": str(copy), "requests": each.found, "added": each.added, "lost": each.lost}
            for copy, each in repairs
        ]
        echo_json(json_text(records))
        return
    if damaged and path.exists() and not repairs:
        click.echo("The indexes were rebuilt; everything is there.")
    if summed:
        click.echo("The sums were corrected.")
    if not (damaged or summed or repairs):
        click.echo("Nothing to repair. `candela db check` names what is damaged beyond repair.")
    for copy, each in repairs:
        _say_some(each.lost)
        click.echo(
            f"{copy.name}: {amounts.requests(each.found)} can be read, of which {each.added} were added to the store."
        )


def _repaired(source: Path, target: Path) -> "Repair":
    """Copy what can be read of a damaged store. Raises StoreError."""
    from candela_tui.store.repair import Repair

    repairing = Repair(source, target)
    with Progress(lambda: f"{source.name}: {amounts.requests(repairing.found)} read") as progress:
        for _ in progress.each(repairing.steps()):
            pass
    return repairing


@db.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def copy(source: str, target: str, as_json: bool) -> None:
    """Copy the history in FROM into TO, which may have some already.

    Each is a SQLite file, or the URL of a PostgreSQL database. candela may be running: requests in flight are left out.
    Run it again to copy what has come since. Counts and sums of both are compared.

    \b
    Examples:
      candela db copy ~/.local/share/candela/candela.db postgresql://candela@db.example.com/candela
      candela db copy postgresql://candela@db.example.com/candela ~/candela.db
    """
    from candela_tui.store.copy import StoreCopy
    from candela_tui.store.errors import StoreError

    copying = StoreCopy(_location(source), _location(target))
    try:
        with Progress(lambda: f"Copying: {copying.seen:,} of {copying.total:,}") as progress:
            for _ in progress.each(copying.steps()):
                pass
    except StoreError as error:
        _fail(error)
    if as_json:
        record = {"copied": copying.copied, "there": copying.there, "in_flight": copying.live, "lost": copying.lost}
        echo_json(json_text(record))
    else:
        _say_some(copying.lost)
        click.echo(f"Copied {amounts.requests(copying.copied)}; {copying.there:,} were there. Counts and sums agree.")
        if copying.live:
            click.echo(f"{amounts.requests(copying.live)} in flight: run it again once they ended.")
    if copying.lost:
        raise click.exceptions.Exit(1)


def _location(text: str) -> "StoreLocation":
    from candela_tui.database_url import database_url, is_database_url

    if not is_database_url(text):
        return Path(text).expanduser()
    try:
        return database_url(text)
    except ValueError as error:
        raise click.UsageError(f"Expected {error}.") from None


@db.command()
@pass_invocation
def vacuum(invocation: Invocation) -> None:
    """Rewrite the store without unused space. candela must not be running.

    Needs as much free room on the disk as the store takes, twice.
    """
    from candela_tui.store.errors import StoreError
    from candela_tui.store.vacuum import vacuum as rewrite

    path = _file(invocation, "vacuum", "PostgreSQL's autovacuum does that")
    try:
        with Progress(lambda: f"Rewriting {path.name} ({size(path.stat().st_size)})") as progress:
            done = rewrite(path, progress.step)
    except StoreError as error:
        _fail(error)
    click.echo(f"{path} had {size(done.before)} and has {size(done.after)} now.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def stats(invocation: Invocation, as_json: bool) -> None:
    """Show what the store holds, how much room it takes, and for how long it is kept."""
    from candela_tui.audit.entry import AuditError
    from candela_tui.store.errors import StoreError
    from candela_tui.store.stats import read_stats

    settings = invocation.settings()
    try:
        found = read_stats(invocation.paths.store)
        entries = audit_log(invocation).count()
    except StoreError as error:
        _fail(error)
    except AuditError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        echo_json(json_text(None if found is None else {**_record(found), **_kept_record(settings, entries)}))
    elif found is None:
        say_empty(invocation)
    else:
        click.echo(table(("STORE", ""), [*_rows(found), *_kept_rows(settings, entries)], flexible=1))


def _kept_record(settings: "Settings", audit_entries: int) -> dict[str, Any]:
    """Return for how long each kind is kept; None where there is no limit."""
    history = settings.history
    return {
        "audit_entries": audit_entries,
        "kept_days": {
            "requests": history.keep_days or None,
            "bodies": history.body_days or history.keep_days or None,
            "audit": settings.audit.keep_days or None,
        },
        "max_size_gb": history.max_size_gb or None,
    }


def _kept_rows(settings: "Settings", audit_entries: int) -> list[tuple[str, str]]:
    history = settings.history
    at_most = f", at most {history.max_size_gb:g} GiB" if history.max_size_gb else ""
    entries = amounts.things(audit_entries, "entry", "entries")
    return [
        ("requests are kept", _kept_for(history.keep_days) + at_most),
        *((("their bodies", _kept_for(history.body_days)),) if history.body_days else ()),
        ("audit log", f"{entries}, kept {_kept_for(settings.audit.keep_days)}"),
    ]


def _kept_for(days: int) -> str:
    return f"for {amounts.things(days, 'day')}" if days else "for ever"


def _record(found: "Stats") -> dict[str, Any]:
    return {
        "path": str(found.path),
        "schema": found.schema,
        "requests": found.requests,
        "sessions": found.sessions,
        "first_at": None if found.first_at is None else iso_time(found.first_at),
        "last_at": None if found.last_at is None else iso_time(found.last_at),
        "crossed_bytes": found.crossed,
        "file_bytes": found.file,
        "log_bytes": found.log,
        "unused_bytes": found.unused,
        "removed_requests": found.waiting,
        "stored_bytes": found.parts,
        "bodies": found.bodies,
        "bodies_alone": found.alone,
        "damaged_copies": [str(copy) for copy in found.damaged_copies],
    }


def _rows(found: "Stats") -> list[tuple[str, str]]:
    # A short history is larger than what crossed: tables and indexes have a size of their own.
    smaller = found.crossed > 0 and found.file <= found.crossed
    share = f", {percent(found.file / found.crossed)} of what crossed" if smaller else ""
    return [
        ("file" if isinstance(found.path, Path) else "database", terminal_safe(str(found.path))),
        ("requests", f"{found.requests:,} in {found.sessions:,} sessions"),
        ("from", local_time(found.first_at)),
        ("to", local_time(found.last_at)),
        ("bodies that crossed", size(found.crossed)),
        ("size", f"{size(found.file)}{share}"),
        *((f"  {name.replace('_', ' ')}", size(each)) for name, each in found.parts.items()),
        ("unused", size(found.unused)),
        ("log", size(found.log)),
        *((("to be freed", amounts.requests(found.waiting)),) if found.waiting else ()),
        *(("damaged", terminal_safe(copy.name)) for copy in found.damaged_copies),
    ]


def _existing(invocation: Invocation) -> "StoreLocation":
    from candela_tui.store.database import store_exists

    location = invocation.paths.store
    if not store_exists(location):
        say_empty(invocation)
        raise click.exceptions.Exit(1)
    return location


def _file(invocation: Invocation, command: str, instead: str, *, may_lack: bool = False) -> Path:
    """Return the file of the store. Exits if there is none, and with an error if the store is in PostgreSQL."""
    location = invocation.paths.store if may_lack else _existing(invocation)
    if not isinstance(location, Path):
        raise click.ClickException(f"`candela db {command}` is for SQLite, and the store is {location}. {instead}.")
    return location


def _say_some(words: list[str]) -> None:
    for each in words[:_MOST_NAMED]:
        click.echo(terminal_safe(each))
    if len(words) > _MOST_NAMED:
        click.echo(f"… and {len(words) - _MOST_NAMED} more (--json has all)")


def _fail(error: "StoreError") -> NoReturn:
    raise click.ClickException(str(error)) from None
