"""Anthropic: the API key that candela puts in where a client has none of its own.

It comes from ``[anthropic] key_command``, else from the vault that its user signed in with.
"""

import os
import subprocess
import threading
import time
from pathlib import Path
from typing import IO

from candela_tui.config.settings import AnthropicSettings
from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.shared import Lease, SameAgain, Shared
from candela_tui.credentials.state import Standing, TellState, told_as
from candela_tui.credentials.vault.choice import PASSPHRASE_VARIABLE, open_vault, passphrase_of
from candela_tui.credentials.vault.errors import VaultError

NAME = "anthropic"
"""Of the account."""
ENTRY = "anthropic-api-key"
"""The name of the key in a vault."""

_LIMIT_S = 60.0
# Time for a keyring that asks its user, or for a command that wants a key touched.
_AHEAD_S = 30.0
# Servers take some 8 KB of header fields in all; Anthropic's keys have some 110 characters.
_LONGEST_KEY = 4096
_MOST_PRINTED = 64 * 1024

NO_KEY = (
    "candela has no Anthropic API key: run `candela auth login --provider anthropic`, or give the client a login or a"
    " key of its own"
)


class AnthropicKey:
    """The key, on the proxy's loop."""

    def __init__(
        self, settings: AnthropicSettings, accounts: Accounts, vault_file: Path, tell: TellState | None = None
    ) -> None:
        """``tell`` is called whenever it stands otherwise."""
        self._on_state = told_as(NAME, tell)
        self._command = settings.key_command
        self._lifetime_s = settings.key_lifetime_s
        self._accounts = accounts
        self._vault_file = vault_file
        self._account: Account | None = None
        self._calls = BlockingCalls("the Anthropic API key", _LIMIT_S)
        self._shared = self._fresh()

    async def get(self) -> str | None:
        """The key; None: there is none to be had. Raises CredentialsError."""
        if self._command is None:
            account = self._accounts.of(NAME)
            if account is None:
                await self._signed_out()
                return None
            if account != self._account:
                # Signed in anew since: what is known is of the time before.
                before, self._shared, self._account = self._shared, self._fresh(), account
                await before.close()
        shared = self._shared
        try:
            return await shared.get()
        except CredentialsError:
            if shared is self._shared:
                raise
        # Signed in anew while this waited.
        return await self.get()

    async def _signed_out(self) -> None:
        if self._account is not None:
            before, self._shared, self._account = self._shared, self._fresh(), None
            await before.close()
            self._on_state(Standing.NONE, None, "")

    def _fresh(self) -> Shared[str]:
        return Shared(self._fetch, ahead_s=_AHEAD_S, on_state=self._on_state)

    async def renewed(self, refused: str) -> str:
        """Another key than the one that Anthropic refused. Raises CredentialsError."""
        try:
            return await self._shared.renewed(refused)
        except SameAgain:
            raise CredentialsError(
                "Anthropic refused candela's API key: run `candela auth login --provider anthropic` with one that is"
                " valid, or mend [anthropic] key_command"
            ) from None

    async def close(self) -> None:
        """End what is under way."""
        await self._shared.close()

    async def _fetch(self) -> Lease[str]:
        command, account = self._command, self._account
        if command is not None:
            key = await self._calls.run(lambda: key_from(command))
            return Lease(key, time.time() + self._lifetime_s)
        if account is None:
            raise CredentialsError(NO_KEY)
        return Lease(await self._calls.run(lambda: _from_vault(account, self._vault_file)), None)


def is_key(text: str) -> bool:
    """Whether it can be a key at all: one word that fits in a header field."""
    return len(text) <= _LONGEST_KEY and text.isascii() and text.isprintable() and " " not in text and text != ""


def key_from(command: str) -> str:
    """What a command of the shell prints. Blocks; ends the command at the limit. Raises CredentialsError."""
    code, printed, complaint = _ran(command)
    key = printed.strip()
    if code or not is_key(key):
        said = quotable(complaint) or ("it printed nothing" if not key else "it did not print one word")
        raise CredentialsError(f"[anthropic] key_command gave no API key (exit {code}): {said}")
    return key


def _ran(command: str) -> tuple[int, str, str]:
    """Its exit code, and the beginnings of what it says on standard output and error: it may never stop."""
    complaint: list[bytes] = []
    environ = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
    with subprocess.Popen(  # noqa: S602 - a command line of the user's own, as apiKeyHelper is
        command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        late = threading.Timer(_LIMIT_S, process.kill)
        late.daemon = True
        late.start()
        listening = threading.Thread(target=_hear, args=(process.stderr, complaint), daemon=True)
        listening.start()
        try:
            printed = process.stdout.read(_MOST_PRINTED)
            if len(printed) == _MOST_PRINTED:
                process.kill()
            # What it left running is told that nobody reads on, and is not waited for.
            process.stdout.close()
            code = process.wait()
            listening.join(1)
        finally:
            late.cancel()
    return code, printed.decode(errors="replace"), b"".join(complaint).decode(errors="replace")


def _hear(pipe: IO[bytes], beginning: list[bytes]) -> None:
    beginning.append(pipe.read(_MOST_PRINTED))
    while pipe.read(_MOST_PRINTED):
        pass


def _from_vault(account: Account, file: Path) -> str:
    try:
        key = open_vault(account.store, file, passphrase_of).read(ENTRY)
    except VaultError as error:
        raise CredentialsError(str(error)) from None
    if key is None:
        raise CredentialsError(
            f"{account.place} no longer has the API key: run `candela auth login --provider anthropic`"
        )
    return key
