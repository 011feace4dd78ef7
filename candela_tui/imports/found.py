"""What an import finds in a file: an exchange and its bodies."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from candela_tui.exchange import Exchange
from candela_tui.providers.exchange_ids import id_at


@dataclass(frozen=True, slots=True)
class FoundExchange:
    """An exchange that did not cross the proxy, with as much of its bodies as is known."""

    exchange: Exchange
    request: bytes | None
    chunks: tuple[bytes, ...] = ()
    times: tuple[float, ...] = ()
    """Milliseconds since the request, one for each chunk."""

    @property
    def size(self) -> int:
        """Bytes of the bodies."""
        return len(self.request or b"") + sum(map(len, self.chunks))


def new_id(started_at: datetime) -> str:
    """Return the id of an imported exchange, which sorts by time as all ids do.

    It is another one each time: an exchange that was deleted and is imported again is a new record.
    """
    return f"{id_at(started_at)}{secrets.token_hex(3)}"
