"""The store as a command reads it, and the sessions that its user names."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation
from candela_tui.exchange import Exchange
from candela_tui.store.history import ExchangeQuery
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from candela_tui.store.reader import StoreReader

NO_SESSION = "none"
"""The name of the requests without a session."""
_MOST_NAMED = 3
"""How many of the sessions that an ambiguous beginning fits an error names."""


class IdType(click.types.StringParamType):
    """The id of a request or session. Without one, the error names the command that lists them."""

    def __init__(self, listed_by: str) -> None:
        self._listed_by = listed_by

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        """Return where ids are listed. (Click's hook.)"""
        return f"`candela {self._listed_by}` lists them."


REQUEST_ID = IdType("requests")
SESSION_ID = IdType("sessions")


@contextlib.contextmanager
def recorded(invocation: Invocation, *, shows_bodies: bool = False) -> Iterator["StoreReader"]:
    """Yield a reader of the store. Exits with an error if the store can't be read.

    ``shows_bodies``: what is said in bodies is given out, so each that is read of another user's request is recorded
    in the audit log.
    """
    from candela_tui.store.errors import StoreError

    store = _reader(invocation, shows_bodies=shows_bodies)
    try:
        yield store
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()


def _reader(invocation: Invocation, *, shows_bodies: bool) -> "StoreReader":
    def warn(words: str) -> None:
        click.echo(f"Warning: {terminal_safe(words)}", err=True)

    if shows_bodies:
        from candela_tui.cli.audited_reader import AuditedReader

        return AuditedReader(invocation, warn)
    from candela_tui.store.reader import StoreReader

    return StoreReader(invocation.paths.store, warn)


def request_named(store: "StoreReader", beginning: str) -> Exchange:
    """Return the request whose id begins so. Exits with an error if there is none."""
    exchange = store.exchange(beginning)
    if exchange is None:
        raise click.ClickException(f"No recorded request has an id that begins with {terminal_safe(beginning)!r}.")
    return exchange


def session_named(store: "StoreReader", beginning: str) -> str | None:
    """Return the id of the session that begins with ``beginning``, or None for ``none``, which selects the requests
    without a session. Exits with an error unless exactly one session matches."""
    if beginning == NO_SESSION:
        if store.exchanges(ExchangeQuery(session_id=None, limit=1)):
            return None
        known = []
    else:
        # In order, so that the session whose whole id this is comes first.
        known = store.sessions_beginning(beginning, _MOST_NAMED + 1)
        if beginning in known:
            return beginning
    if not known:
        raise click.ClickException(
            f"No recorded session has an id that begins with {terminal_safe(beginning)!r}; "
            "`candela sessions` lists them."
        )
    if len(known) > 1:
        several = ", ".join(terminal_safe(session) for session in known[:_MOST_NAMED])
        raise click.ClickException(
            f"More than one session begins with {terminal_safe(beginning)!r}, such as {several}."
        )
    return known[0]


def say_empty(invocation: Invocation) -> None:
    """Say that there are no records yet, and how to get some."""
    click.echo(
        f"Nothing has been recorded in {invocation.paths.data} yet. Run `candela`, then `candela claude`.", err=True
    )
