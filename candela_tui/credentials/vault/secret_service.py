"""The state of the Secret Service's default collection, without asking the user to unlock or create one."""

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_MODULE: Final = "keyring.backends.SecretService"
_DEFAULT_COLLECTION: Final = "/org/freedesktop/secrets/aliases/default"


class Collection(Enum):
    """What can be done with the default collection now."""

    UNLOCKED = auto()
    LOCKED = auto()
    MISSING = auto()
    """There is none yet, as for a fresh account: the first secret creates it, and asks for a password in a window."""
    UNKNOWN = auto()


def default_collection(backend: "KeyringBackend") -> Collection:
    """The state of the default collection behind a backend of the keyring package. Blocks."""
    if type(backend).__module__ != _MODULE:
        return Collection.UNKNOWN
    import secretstorage
    from secretstorage.exceptions import ItemNotFoundException, SecretStorageException

    try:
        with secretstorage.dbus_init() as bus:
            locked = secretstorage.Collection(bus, _DEFAULT_COLLECTION).is_locked()
    except ItemNotFoundException:
        return Collection.MISSING
    except SecretStorageException:
        return Collection.UNKNOWN
    return Collection.LOCKED if locked else Collection.UNLOCKED
