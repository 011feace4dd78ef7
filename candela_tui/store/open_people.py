"""Opens where people who signed in are kept: the data directory, or, with ``[store] url``, what replicas share."""

from candela_tui.config import Settings
from candela_tui.database_url import database_url
from candela_tui.keys.errors import KeysError
from candela_tui.keys.people_database import LocalPeopleDatabase, PeopleDatabase, SharedPeopleDatabase
from candela_tui.keys.session_store import SessionStore
from candela_tui.paths import Paths
from candela_tui.store.open_keys import open_key_store


def open_people_database(settings: Settings, paths: Paths) -> PeopleDatabase:
    """Return where it is kept who signed in."""
    if settings.store.url is None:
        return LocalPeopleDatabase(paths.sessions)
    # Import it here: most users have no database server.
    from candela_tui.store.shared_database import SharedDatabase

    url = database_url(settings.store.url)
    database = SharedDatabase(url, "nobody can sign in", KeysError)
    return SharedPeopleDatabase(database.transaction)


def open_session_store(settings: Settings, paths: Paths) -> SessionStore:
    """Return the sessions of people. Their tokens are hashed with the pepper of the keys."""
    return SessionStore(open_people_database(settings, paths), open_key_store(settings, paths).made_pepper)
