"""Provide the API key of a provider, which candela adds to requests of clients without one.

The key comes from the ``key_command`` of the provider's section in config.toml, or else from the vault of the user's
sign-in, or else from an environment variable.
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from candela_tui.credentials.accounts import Account, Accounts
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.cached import Lease, SameAgain, Shared
from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.credentials.state import Standing, TellState, told_as
from candela_tui.credentials.vault.choice import PASSPHRASE_VARIABLE, open_vault, passphrase_of
from candela_tui.credentials.vault.errors import VaultError, no_secret
from candela_tui.providers.identity import PROVIDERS, Provider

_LIMIT_S = 60.0
# Leaves time for a keyring that asks the user to unlock it, or for a command that needs a touch of a security key.
_AHEAD_S = 30.0
# Servers accept about 8 KB of header fields in total. Keys of Anthropic have about 110 characters.
_LONGEST_KEY = 4096
_MOST_PRINTED = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the API key of a provider comes from."""

    provider: Provider
    """The provider. Its section of config.toml, which has the provider's name, may have a ``key_command``."""
    command: str | None
    """The ``key_command``."""
    lifetime_s: float
    """Seconds after which the command is run again."""
    variable: str | None = None
    """An environment variable that may hold the key, as the provider's other clients read it."""


def key_title(provider: Provider) -> str:
    """Return the name of a provider's key, for use in a sentence."""
    return f"{PROVIDERS[provider].short_title} API key"


def command_name(provider: Provider) -> str:
    """Return the setting of a provider's ``key_command``, for use in a sentence."""
    return f"[{provider}] key_command"


def no_key(provider: Provider) -> str:
    """Return the message for a client if there is no key."""
    return (
        f"candela has no {key_title(provider)}: run `{_login(provider)}`, or give the client a login or a key of its"
        " own"
    )


def _refused(provider: Provider) -> str:
    return (
        f"{PROVIDERS[provider].short_title} refused candela's API key: run `{_login(provider)}` with one that is"
        f" valid, or fix {command_name(provider)}"
    )


def _login(provider: Provider) -> str:
    return f"candela auth login --provider {PROVIDERS[provider].account}"


def vault_entry(provider: Provider) -> str:
    """Return the name of the vault entry that holds a provider's API key."""
    return f"{PROVIDERS[provider].account}-api-key"


class ApiKey:
    """Caches one provider's API key on the proxy's event loop."""

    def __init__(
        self,
        source: KeySource,
        accounts: Accounts,
        vault_file: Path,
        tell: TellState | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """``tell`` is called whenever the state of the key changes."""
        self.source = source
        self._on_state = told_as(source.provider, tell)
        self._variable = key_in(source.variable, environ) if source.variable is not None else None
        self._accounts = accounts
        self._vault_file = vault_file
        self._account: Account | None = None
        self._calls = BlockingCalls(f"the {key_title(source.provider)}", _LIMIT_S)
        self._shared = self._fresh()

    async def get(self) -> str | None:
        """Return the key, or None if there is none. Raises CredentialsError."""
        if self.source.command is None:
            account = self._accounts.of(self.source.provider)
            if account is None:
                await self._signed_out()
                return self._variable
            if account != self._account:
                # There was a new sign-in, so the cached key is outdated.
                before, self._shared, self._account = self._shared, self._fresh(), account
                await before.close()
        shared = self._shared
        try:
            return await shared.get()
        except CredentialsError:
            if shared is self._shared:
                raise
        # There was a new sign-in meanwhile, so use its key.
        return await self.get()

    async def _signed_out(self) -> None:
        if self._account is not None:
            before, self._shared, self._account = self._shared, self._fresh(), None
            await before.close()
            self._on_state(Standing.NONE, None, "")

    def _fresh(self) -> Shared[str]:
        return Shared(self._fetch, ahead_s=_AHEAD_S, on_state=self._on_state)

    async def renewed(self, refused: str) -> str:
        """Return a key other than the one that the provider refused. Raises CredentialsError."""
        if refused == self._variable:
            title = PROVIDERS[self.source.provider].short_title
            raise CredentialsError(
                f"{title} refused the API key in {self.source.variable}: set it to one that is valid, and start candela"
                " again"
            )
        try:
            return await self._shared.renewed(refused)
        except SameAgain:
            raise CredentialsError(_refused(self.source.provider)) from None

    async def close(self) -> None:
        """Cancel the current fetch."""
        await self._shared.close()

    async def _fetch(self) -> Lease[str]:
        source, account = self.source, self._account
        command = source.command
        if command is not None:
            key = await self._calls.run(lambda: key_from(command, source.provider))
            return Lease(key, time.time() + source.lifetime_s)
        if account is None:
            raise CredentialsError(no_key(source.provider))
        return Lease(await self._calls.run(lambda: _from_vault(account, self._vault_file, source)), None)


def key_in(variable: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the key in an environment variable, or None if there is none or only a placeholder for the client."""
    value = environ.get(variable)
    return None if value in (None, "", PLACEHOLDER) else value


def is_key(text: str) -> bool:
    """Return whether a text can be a key, which is one word that fits in a header field."""
    return len(text) <= _LONGEST_KEY and text.isascii() and text.isprintable() and " " not in text and text != ""


def key_from(command: str, provider: Provider) -> str:
    """Run a shell command and return the key that it prints. Blocks until the command ends or reaches the time limit.
    Raises CredentialsError."""
    code, printed, complaint = _ran(command)
    key = printed.strip()
    if code or not is_key(key):
        said = quotable(complaint) or ("it printed nothing" if not key else "it did not print one word")
        raise CredentialsError(f"{command_name(provider)} gave no API key (exit {code}): {said}")
    return key


def _ran(command: str) -> tuple[int, str, str]:
    """Run a command, and return its exit code and the start of its output and error output, which may be endless."""
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
            # Do not wait for processes that the command left running. Their further output fails.
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


def _from_vault(account: Account, file: Path, source: KeySource) -> str:
    try:
        key = open_vault(account.store, file, passphrase_of).read(vault_entry(source.provider))
    except VaultError as error:
        raise no_secret(error) from None
    if key is None:
        raise CredentialsError(f"{account.place} no longer has the API key: run `{_login(source.provider)}`")
    return key
