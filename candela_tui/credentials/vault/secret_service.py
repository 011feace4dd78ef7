"""Read the state of the Secret Service's default collection without asking the user to unlock or create it."""

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_MODULE: Final = "keyring.backends.SecretService"
_DEFAULT_COLLECTION: Final = "/org/freedesktop/secrets/aliases/default"


class Collection(Enum):
    """The state of the default collection."""

    UNLOCKED = auto()
    LOCKED = auto()
    MISSING = auto()
    """There is no collection yet, as in a new user account. The first secret creates it, and a window asks for a
    password."""
    UNKNOWN = auto()


def default_collection(backend: "KeyringBackend") -> Collection:
    """Return the state of the default collection behind a backend of the keyring package. Blocks."""
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
