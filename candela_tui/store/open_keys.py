"""Opens the keys of candela: those of the data directory, or, with ``[store] url``, those that replicas share."""

from candela_tui.config import Settings
from candela_tui.database_url import database_url
from candela_tui.keys.errors import KeysError
from candela_tui.keys.store import KeyStore, LocalKeyStore
from candela_tui.paths import Paths


def open_key_store(settings: Settings, paths: Paths) -> KeyStore:
    """Return where keys are kept."""
    pepper = settings.keys.pepper_file or paths.keys_pepper
    if settings.store.url is None:
        return LocalKeyStore(paths.keys, pepper)
    # Import it here: most users have no database server.
    from candela_tui.keys.shared_store import SharedKeyStore
    from candela_tui.store.shared_database import SharedDatabase

    url = database_url(settings.store.url)
    database = SharedDatabase(url, "the keys can't be used", KeysError)
    return SharedKeyStore(database.transaction, pepper, str(url))
