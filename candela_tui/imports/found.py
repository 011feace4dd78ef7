"""What an import finds in a file: an exchange and its bodies."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from candela_tui.exchange import Exchange
from candela_tui.proxy.capture.raw_exchange import id_at


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


def id_of(started_at: datetime, *identity: str) -> str:
    """Return the id of an imported exchange. It sorts by time as others do, and is the same in each import."""
    digest = hashlib.sha256("\0".join(identity).encode("utf-8", "replace")).hexdigest()
    return f"{id_at(started_at)}{digest[:6]}"
