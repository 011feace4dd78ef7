"""The TLS contexts with which candela answers for the hosts that it opens: one for each host, with a certificate."""

import asyncio
import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from candela_tui.network.server_certificate import server_context
from candela_tui.providers.opened_hosts import OpenedHost
from candela_tui.proxy.tls_interception.files import AuthorityError, key_path

if TYPE_CHECKING:
    from candela_tui.proxy.tls_interception.authority import Leaf

_MOST = 64
_MARGIN = timedelta(hours=1)


class Contexts:
    """Makes the contexts when they are first needed, and again when the authority was renewed or they expire.

    It never makes an authority: without one nothing is opened."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is that of the authority."""
        self._directory = directory
        self._known: dict[str, tuple[ssl.SSLContext, datetime, int | None]] = {}
        self._making = asyncio.Lock()

    async def of(self, host: OpenedHost) -> ssl.SSLContext | None:
        """Return the context for a host, or None if there is no authority. Raises AuthorityError."""
        async with self._making:
            known = self._known.pop(host.name, None)
            changed_at = self._changed_at()
            if changed_at is None:
                return None
            if known is None or known[1] <= datetime.now(UTC) or known[2] != changed_at:
                known = await asyncio.to_thread(self._made, host)
                if known is None:
                    return None
            self._known[host.name] = known
            while len(self._known) > _MOST:
                del self._known[next(iter(self._known))]
            return known[0]

    def _changed_at(self) -> int | None:
        try:
            return key_path(self._directory).stat().st_mtime_ns
        except OSError:
            return None

    def _made(self, host: OpenedHost) -> tuple[ssl.SSLContext, datetime, int | None] | None:
        # Import it here: most users do not intercept, and cryptography is slow to import.
        from candela_tui.proxy.tls_interception.authority import existing_authority

        changed_at = self._changed_at()
        authority = existing_authority(self._directory)
        if authority is None:
            return None
        leaf = authority.issue(host)
        try:
            return _context(leaf), leaf.expires - _MARGIN, changed_at
        except OSError as error:
            raise AuthorityError(f"the certificate for {host.name} can't be loaded: {error.strerror}") from None


def _context(leaf: "Leaf") -> ssl.SSLContext:
    # Python's ssl reads keys from files only. This one is for its owner only, and gone in a moment.
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(leaf.pem)
        file.flush()
        return server_context(Path(file.name))
