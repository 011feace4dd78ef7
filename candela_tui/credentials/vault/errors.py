"""The errors for vaults that can't be used."""

from candela_tui.credentials.errors import CredentialsError


class VaultError(Exception):
    """A secret can't be stored, read or removed. ``str()`` says why and what to do, and never contains a secret."""


class VaultLocked(VaultError):
    """The vault can't be used until the user unlocks it."""


def no_secret(error: VaultError) -> CredentialsError:
    """Return the error for a request whose credentials can't be read from the vault."""
    return CredentialsError(str(error), locked=isinstance(error, VaultLocked))
