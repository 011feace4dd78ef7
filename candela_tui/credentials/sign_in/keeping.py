"""Where a sign-in keeps its secret: the keyring, else a file under a passphrase, as its user wants it."""

import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from candela_tui.credentials.accounts import Account, Store
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.talk import Abandoned, Choice, Talk
from candela_tui.credentials.vault.choice import Vault, keyring_state, known_passphrase, open_vault, unlock
from candela_tui.credentials.vault.errors import VaultError, VaultLocked
from candela_tui.credentials.vault.secret_service import Collection

FEWEST_CHARACTERS: Final = 8
"""Of a new passphrase."""
_LIMIT_S: Final = 60.0
"""For a keyring that asks its user to unlock it."""
_TRIES: Final = 3
_NO_KEYRING: Final = (
    "There is no keyring that keeps secrets in this session (Secret Service, KWallet, Keychain or Credential Manager)."
)

_LOCKED: Final = "The keyring of this account is locked, and there is no desktop here to unlock it."
_MISSING: Final = "This account has no keyring yet, and there is no desktop here to create one."

T = TypeVar("T")


def _has_desktop(environ: Mapping[str, str]) -> bool:
    """Whether a window can open, as the ones that ask for a keyring's password."""
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


class Keeping:
    """The vault of one conversation. What it asks, it asks once."""

    def __init__(
        self,
        file: Path,
        talk: Talk,
        *,
        store: Store | None = None,
        tell_passphrase: Callable[[str], None] | None = None,
    ) -> None:
        """``file`` is the encrypted one. ``store``: what the user said already. ``tell_passphrase`` (it blocks) is
        given one that was typed, for another process that needs it."""
        self._file = file
        self._talk = talk
        self._store = store
        self._tell = tell_passphrase
        self._calls = BlockingCalls("the keyring", _LIMIT_S)
        self._opened: dict[Store, Vault] = {}

    async def vault(self) -> tuple[Store, Vault]:
        """The vault to keep a secret in. Raises VaultError, Abandoned."""
        if self._store is None:
            self._store = await self._wanted()
        return self._store, await self._vault(self._store)

    async def opened(self, account: Account) -> Vault:
        """The vault of an account. Raises VaultError, Abandoned."""
        return await self._vault(account.store)

    async def _wanted(self) -> Store:
        # Who has a file chose it, and so did who set its passphrase.
        if self._file.exists():
            return "file"
        why_not = await self._why_no_keyring()
        if why_not is None:
            return "keyring"
        if known_passphrase(self._file) is not None:
            return "file"
        await self._talk.tell(why_not)
        file = Choice("file", "An encrypted file", f"{self._file}, under a passphrase of yours")
        nowhere = Choice("environment", "Nowhere", "the credentials stay in your environment, and candela keeps none")
        chosen = await self._talk.choose("Where is candela to keep the secret?", [file, nowhere])
        if chosen.id == nowhere.id:
            raise Abandoned
        return "file"

    async def _why_no_keyring(self) -> str | None:
        """Why the keyring can't take a secret here; None: it can, or a window of the desktop asks for what it needs."""
        try:
            state = await self._calls.run(keyring_state)
        except CredentialsError as error:
            return str(error)
        if state is None:
            return _NO_KEYRING
        if state in (Collection.LOCKED, Collection.MISSING) and not _has_desktop(os.environ):
            return _LOCKED if state is Collection.LOCKED else _MISSING
        return None

    async def _vault(self, store: Store) -> Vault:
        vault = self._opened.get(store)
        if vault is None:
            vault = await self._open_file() if store == "file" else await self._open_keyring()
            self._opened[store] = vault
        return vault

    async def _open_keyring(self) -> Vault:
        try:
            return _Patient(await self._calls.run(lambda: open_vault("keyring", self._file, lambda: None)))
        except CredentialsError as error:
            raise VaultError(str(error)) from None

    async def _open_file(self) -> Vault:
        known = known_passphrase(self._file)
        if known is not None:
            await self._verify(known)
            return open_vault("file", self._file, lambda: known)
        typed = await (self._old_passphrase() if self._file.exists() else self._new_passphrase())
        if self._tell is not None:
            tell = self._tell
            await self._blocking(lambda: tell(typed))
        return open_vault("file", self._file, lambda: typed)

    async def _old_passphrase(self) -> str:
        for _ in range(_TRIES):
            typed = await self._talk.ask(f"Passphrase of {self._file}", secret=True)
            if not typed:
                raise Abandoned
            try:
                await self._verify(typed)
            except VaultLocked as error:
                await self._talk.tell(str(error))
            else:
                return typed
        raise VaultLocked(f"{self._file} stays locked. Without its passphrase, move it away and sign in again.")

    async def _new_passphrase(self) -> str:
        for _ in range(_TRIES):
            typed = await self._talk.ask("A passphrase for the encrypted file", secret=True)
            if not typed:
                raise Abandoned
            if len(typed) < FEWEST_CHARACTERS:
                await self._talk.tell(
                    f"A passphrase needs {FEWEST_CHARACTERS} characters at least; a few words are good."
                )
                continue
            if await self._talk.ask("The same once more", secret=True) == typed:
                await self._verify(typed)
                return typed
            await self._talk.tell("Those were two different ones.")
        raise VaultError("No passphrase was chosen, and nothing was kept.")

    async def _verify(self, passphrase: str) -> None:
        await self._blocking(lambda: unlock(self._file, passphrase))

    async def _blocking(self, call: Callable[[], T]) -> T:
        try:
            return await self._calls.run(call)
        except CredentialsError as error:
            raise VaultError(str(error)) from None


class _Patient:
    """A keyring that is waited for only so long: what hangs in it goes on in a thread that nobody waits for."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self.place = vault.place

    def read(self, name: str) -> str | None:
        return self._within_limit(lambda: self._vault.read(name))

    def write(self, name: str, secret: str) -> None:
        self._within_limit(lambda: self._vault.write(name, secret))

    def remove(self, name: str) -> bool:
        return self._within_limit(lambda: self._vault.remove(name))

    def _within_limit(self, call: Callable[[], T]) -> T:
        answers: queue.SimpleQueue[tuple[T] | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                answers.put((call(),))
            except BaseException as error:  # noqa: BLE001 - handed to who waits
                answers.put(error)

        threading.Thread(target=run, name="keyring", daemon=True).start()
        try:
            answer = answers.get(timeout=_LIMIT_S)
        except queue.Empty:
            raise VaultError(
                f"{self.place} did not answer within {_LIMIT_S:.0f} s: unlock it and try again, or use --store file"
            ) from None
        if isinstance(answer, BaseException):
            raise answer
        return answer[0]
