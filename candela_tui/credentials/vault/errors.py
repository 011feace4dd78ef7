"""The errors for vaults that can't be used."""


class VaultError(Exception):
    """A secret can't be stored, read or removed. ``str()`` says why and what to do, and never contains a secret."""


class VaultLocked(VaultError):
    """The vault can't be used until the user unlocks it."""
