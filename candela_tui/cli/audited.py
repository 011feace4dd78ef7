"""The audit log as commands write it."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from candela_tui.cli.invocation import Invocation

if TYPE_CHECKING:
    # It imports SQLAlchemy.
    from candela_tui.audit.log import AuditLog


def audit_log(invocation: Invocation) -> "AuditLog":
    """Return the log for what this command does."""
    from candela_tui.audit.actor import own_user
    from candela_tui.audit.entry import Via

    return _opened(invocation, own_user(), Via.COMMAND)


def _opened(invocation: Invocation, actor: str, via: str) -> "AuditLog":
    from candela_tui.config import ConfigError, Settings, load
    from candela_tui.store.open_audit import open_audit_log

    try:
        settings = load(invocation.paths.config)
    except ConfigError:
        # The command may be about to correct it.
        settings = Settings()
    return open_audit_log(settings, invocation.paths, actor, via)


@contextlib.contextmanager
def recorded_rules(invocation: Invocation) -> Iterator[None]:
    """Record what the block changes of the rules in config.toml, and before that, what others changed. Exits with an
    error if that can't be done."""
    from candela_tui.audit.actor import owner_of
    from candela_tui.audit.entry import AuditError, Via
    from candela_tui.audit.rules import PREFIX, rules_in

    file = invocation.paths.config
    try:
        before = rules_in(file)
        if before:
            invocation.data_directory()
            _opened(invocation, owner_of(file), Via.FILE).record_states(PREFIX, before)
        yield
        after = rules_in(file)
        if after is not None and after != before:
            invocation.data_directory()
            audit_log(invocation).record_states(PREFIX, after)
    except AuditError as error:
        raise click.ClickException(str(error)) from None
