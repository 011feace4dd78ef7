"""The tokens of a sign-in to a server, kept in the keyring or the encrypted file, and renewed before they expire."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from candela_tui.attach.device_sign_in import DeviceSignIn, Tokens
from candela_tui.attach.errors import NotSignedIn, Unavailable
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.errors import VaultError

_MARGIN: Final = timedelta(minutes=5)
"""How long before its end an access token is renewed."""


def entry_of(origin: str) -> str:
    """Return the name that the tokens for a server have in a vault."""
    return f"server {origin}"


def encoded(tokens: Tokens) -> str:
    """Return tokens as a vault keeps them."""
    return msgspec.json.encode(tokens).decode()


class KeptTokens:
    """Gives out an access token that has not expired. May be used from any thread."""

    def __init__(
        self,
        origin: str,
        vault: Vault,
        sign_in: DeviceSignIn,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._origin = origin
        self._vault = vault
        self._sign_in = sign_in
        self._now = now
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def token(self) -> str:
        """Return the token, after renewing it if need be. Blocks. Raises NotSignedIn and Unavailable."""
        with self._lock:
            tokens = self._tokens or self._read()
            if tokens.until - _MARGIN <= self._now():
                tokens = self._renewed(tokens)
            self._tokens = tokens
            return tokens.access

    def forget(self) -> None:
        """Read the tokens again when one is asked for next: the server refuses what was given out."""
        with self._lock:
            self._tokens = None

    def _renewed(self, tokens: Tokens) -> Tokens:
        # Another dashboard of this user may have renewed them.
        kept = self._read()
        if kept.until - _MARGIN > self._now():
            return kept
        renewed = self._sign_in.refresh(tokens)
        try:
            self._vault.write(entry_of(self._origin), encoded(renewed))
        except VaultError as error:
            raise Unavailable(f"The renewed sign-in to {self._origin} can't be stored: {error}") from None
        return renewed

    def _read(self) -> Tokens:
        return read_tokens(self._origin, self._vault)


def read_tokens(origin: str, vault: Vault) -> Tokens:
    """Return the tokens that a vault has for a server. Blocks. Raises NotSignedIn and Unavailable."""
    try:
        secret = vault.read(entry_of(origin))
    except VaultError as error:
        raise Unavailable(str(error)) from None
    try:
        return msgspec.json.decode(secret or "", type=Tokens)
    except msgspec.DecodeError:
        raise NotSignedIn(f"You are not signed in to {origin}: `candela login {origin}`.") from None
