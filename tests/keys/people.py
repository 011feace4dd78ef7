"""Where people who signed in are kept, for tests: a file, or PostgreSQL."""

from datetime import datetime
from pathlib import Path

from candela_tui.config import Settings
from candela_tui.database_url import DatabaseUrl
from candela_tui.keys.people_database import PeopleDatabase
from candela_tui.keys.person import Person
from candela_tui.paths import Paths, default_paths
from candela_tui.store.open_people import open_people_database
from candela_tui.text.times import utc_now

ADA = Person("1", "ada@example.com", "platform")
PEPPER = b"p" * 32


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = utc_now()

    def __call__(self) -> datetime:
        return self.moment


def store_url(url: DatabaseUrl) -> str:
    """The ``[store] url`` of a database."""
    return f"postgresql://{url.user}@:{url.port}/{url.name}?host={url.host}"


def settings_for(url: DatabaseUrl | None) -> Settings:
    """The settings of a candela on a database; without one, on its own files."""
    return Settings() if url is None else Settings.model_validate({"store": {"url": store_url(url)}})


def paths_in(data: Path) -> Paths:
    """The paths of a data directory."""
    return default_paths(data / "config.toml", data)


def people_database(url: DatabaseUrl | None, data: Path) -> PeopleDatabase:
    """Where a candela keeps who signed in."""
    return open_people_database(settings_for(url), paths_in(data))


def anyone(person: Person) -> Person:
    """Let a person go on at a refresh."""
    return person
