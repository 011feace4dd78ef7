"""A reader of the store for commands that give out what is said in bodies."""

from collections.abc import Callable
from functools import cached_property

import click

from candela_tui.audit.body_read import is_of_other_user, record_body_read
from candela_tui.audit.entry import AuditError
from candela_tui.cli.audited import audit_log
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.rules_of_keys import keys_and_people
from candela_tui.store.reader import StoreReader


class AuditedReader(StoreReader):
    """Records in the audit log each request of another user whose body is read, before it is. Where that can't be
    done, the command exits with an error."""

    def __init__(self, invocation: Invocation, on_damaged: Callable[[str], None]) -> None:
        """``on_damaged`` as for a StoreReader."""
        super().__init__(invocation.paths.store, on_damaged)
        self._invocation = invocation
        self._looked_at: set[str] = set()

    def request_body(self, exchange_id: str) -> bytes | None:
        """Return the request's body as a StoreReader does."""
        self._record(exchange_id)
        return super().request_body(exchange_id)

    def response_body(self, exchange_id: str) -> bytes | None:
        """Return the response's body as a StoreReader does."""
        self._record(exchange_id)
        return super().response_body(exchange_id)

    def response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the response's chunks as a StoreReader does."""
        self._record(exchange_id)
        return super().response_chunks(exchange_id, after)

    def provider_request_body(self, exchange_id: str) -> bytes | None:
        """Return the body sent to the provider as a StoreReader does."""
        self._record(exchange_id)
        return super().provider_request_body(exchange_id)

    def provider_response_body(self, exchange_id: str) -> bytes | None:
        """Return the body received from the provider as a StoreReader does."""
        self._record(exchange_id)
        return super().provider_response_body(exchange_id)

    def provider_response_chunks(self, exchange_id: str, after: int = 0) -> tuple[list[bytes], list[float]]:
        """Return the chunks received from the provider as a StoreReader does."""
        self._record(exchange_id)
        return super().provider_response_chunks(exchange_id, after)

    @cached_property
    def _other_users(self) -> dict[str, str | None]:
        """The users of the keys that are not this user's, by the names of the keys."""
        keys = keys_and_people(self._invocation, self._invocation.settings())
        return {name: key.user for name, key in keys.items() if is_of_other_user(key.user)}

    def _record(self, exchange_id: str) -> None:
        if exchange_id in self._looked_at or not self._other_users:
            return
        self._looked_at.add(exchange_id)
        exchange = self.exchange(exchange_id)
        user = self._other_users.get(exchange.key) if exchange is not None and exchange.key is not None else None
        if exchange is None or user is None:
            return
        try:
            record_body_read(
                audit_log(self._invocation), exchange.id, key=exchange.key, user=user, session_id=exchange.session_id
            )
        except AuditError as error:
            raise click.ClickException(str(error)) from None
