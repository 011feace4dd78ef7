"""What a user is told of a vault that can't be used."""


class VaultError(Exception):
    """A secret can't be kept or read. ``str()`` says why and what to do; it never holds a secret."""


class VaultLocked(VaultError):
    """It can't be read before its user unlocks it."""
