"""Choose and open the vault for a secret: the system keyring or a file encrypted with a passphrase."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from candela_tui.credentials.accounts import Account, Store
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.prompter import Abandoned, Choice, Prompter
from candela_tui.credentials.vault.choice import Vault, keyring_state, known_passphrase, open_vault, unlock
from candela_tui.credentials.vault.errors import VaultError, VaultLocked
from candela_tui.credentials.vault.secret_service import Collection
from candela_tui.threads import NoAnswer, answer_within, call_in_thread

FEWEST_CHARACTERS: Final = 8
"""The minimum length of a new passphrase."""
_LIMIT_S: Final = 60.0
"""How long to wait for a keyring, which may ask the user to unlock it."""
_TRIES: Final = 3
_FILE: Final = "`candela auth login --store file` uses an encrypted file instead."
_NO_KEYRING: Final = (
    "There is no keyring that keeps secrets in this session (Secret Service, KWallet, Keychain or Credential Manager). "
    + _FILE
)
_LOCKED: Final = f"The keyring of this account is locked, and there is no desktop here to unlock it. {_FILE}"
_MISSING: Final = f"This account has no keyring yet, and there is no desktop here to create one. {_FILE}"

T = TypeVar("T")


def _has_desktop(environ: Mapping[str, str]) -> bool:
    """Return whether a window can open, such as a keyring's password prompt."""
    return sys.platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


class SecretStorage:
    """Opens vaults during one sign-in and asks each question only once."""

    def __init__(
        self,
        file: Path,
        prompter: Prompter,
        *,
        store: Store | None = None,
        tell_passphrase: Callable[[str], None] | None = None,
    ) -> None:
        """``file`` is the path of the encrypted file. ``store`` is the user's choice, if already made.
        ``tell_passphrase`` passes the passphrase to another process that needs it; it blocks. Raises VaultError."""
        self._file = file
        self._prompter = prompter
        self._store = store
        self._tell = tell_passphrase
        self._calls = BlockingCalls("the keyring", _LIMIT_S)
        self._opened: dict[Store, Vault] = {}

    async def vault(self) -> tuple[Store, Vault]:
        """Choose and open the vault for a new secret. Raises VaultError, Abandoned."""
        if self._store is None:
            self._store = await self._wanted()
        return self._store, await self._vault(self._store)

    async def opened(self, account: Account) -> Vault:
        """Open the vault that holds an account's secret. Raises VaultError, Abandoned."""
        if account.store == "keyring" and (why_not := await self._why_no_keyring()) is not None:
            raise why_not
        return await self._vault(account.store)

    async def existing(self, *, file: bool) -> tuple[list[tuple[Store, Vault]], list[VaultError]]:
        """Open the vaults that there are on this machine, with the encrypted file only if ``file``.

        Returns them, and why others can't be opened."""
        opened: list[tuple[Store, Vault]] = []
        closed: list[VaultError] = []
        why_not = await self._why_no_keyring()
        if why_not is None:
            opened.append(("keyring", await self._vault("keyring")))
        elif isinstance(why_not, VaultLocked):
            closed.append(why_not)
        if file and self._file.exists():
            try:
                opened.append(("file", await self._vault("file")))
            except Abandoned:
                closed.append(VaultError(f"{self._file} was not opened: its passphrase is needed."))
            except VaultError as error:
                closed.append(error)
        return opened, closed

    async def _wanted(self) -> Store:
        # An existing file, or a passphrase set for it, means that the user has chosen the file.
        if self._file.exists():
            return "file"
        why_not = await self._why_no_keyring()
        if why_not is None:
            return "keyring"
        if known_passphrase(self._file) is not None:
            return "file"
        await self._prompter.tell(str(why_not))
        file = Choice("file", "An encrypted file", f"{self._file}, under a passphrase of yours")
        nowhere = Choice("environment", "Nowhere", "the credentials stay in your environment, and candela keeps none")
        chosen = await self._prompter.choose("Where should candela store the secret?", [file, nowhere])
        if chosen.id == nowhere.id:
            raise Abandoned
        return "file"

    async def _why_no_keyring(self) -> VaultError | None:
        """Return why the keyring can't be used here. None if it can, or if the desktop can prompt to unlock or
        create it."""
        try:
            state = await self._calls.run(keyring_state)
        except CredentialsError as error:
            return VaultError(str(error))
        if state is None:
            return VaultError(_NO_KEYRING)
        if state in (Collection.LOCKED, Collection.MISSING) and not _has_desktop(os.environ):
            return VaultLocked(_LOCKED) if state is Collection.LOCKED else VaultError(_MISSING)
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
            passphrase = known
        else:
            passphrase = await (self._old_passphrase() if self._file.exists() else self._new_passphrase())
        await self._hand_on(passphrase)
        return open_vault("file", self._file, lambda: passphrase)

    async def _hand_on(self, passphrase: str) -> None:
        """Give the passphrase to the other process. If that fails, the sign-in goes on: the secret can be stored."""
        if self._tell is None:
            return
        tell = self._tell
        try:
            await self._blocking(lambda: tell(passphrase))
        except VaultError as error:
            await self._prompter.tell(
                f"The candela that runs could not be given the passphrase ({error}). `candela auth unlock` tries again."
            )

    async def _old_passphrase(self) -> str:
        for _ in range(_TRIES):
            typed = await self._prompter.ask(f"Passphrase of {self._file}", secret=True)
            if not typed:
                raise Abandoned
            try:
                await self._verify(typed)
            except VaultLocked as error:
                await self._prompter.tell(str(error))
            else:
                return typed
        raise VaultLocked(f"{self._file} stays locked. Without its passphrase, move it away and sign in again.")

    async def _new_passphrase(self) -> str:
        for _ in range(_TRIES):
            typed = await self._prompter.ask("A passphrase for the encrypted file", secret=True)
            if not typed:
                raise Abandoned
            if len(typed) < FEWEST_CHARACTERS:
                await self._prompter.tell(
                    f"A passphrase needs {FEWEST_CHARACTERS} characters at least; a few words are good."
                )
                continue
            if await self._prompter.ask("Passphrase again", secret=True) == typed:
                await self._verify(typed)
                return typed
            await self._prompter.tell("The two passphrases differ.")
        raise VaultError("No passphrase was chosen, and nothing was stored.")

    async def _verify(self, passphrase: str) -> None:
        await self._blocking(lambda: unlock(self._file, passphrase))

    async def _blocking(self, call: Callable[[], T]) -> T:
        try:
            return await self._calls.run(call)
        except CredentialsError as error:
            raise VaultError(str(error)) from None


class _Patient:
    """Adds a time limit to a keyring. A call that hangs is left behind in its thread."""

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
        try:
            return answer_within(call_in_thread(call, "keyring"), _LIMIT_S)
        except NoAnswer:
            raise VaultError(
                f"{self.place} did not answer within {_LIMIT_S:.0f} s: unlock it and try again, or use --store file"
            ) from None
