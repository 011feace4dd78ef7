"""Where candela keeps its files on this platform."""

from dataclasses import dataclass
from pathlib import Path

from candela_tui.database_url import DatabaseUrl, StoreLocation


@dataclass(frozen=True, slots=True)
class Paths:
    """The config file, and the directory of everything that candela writes by itself."""

    config: Path
    data: Path
    database: DatabaseUrl | None = None
    """Where the store is, if it is in PostgreSQL."""

    @property
    def store(self) -> StoreLocation:
        """Where the store is: a SQLite database, or one in PostgreSQL."""
        return self.database or self.store_file

    @property
    def store_file(self) -> Path:
        """The SQLite database."""
        return self.data / "candela.db"

    @property
    def spool(self) -> Path:
        """What could not be stored yet, while a store in PostgreSQL does not answer (SQLite)."""
        return self.data / "spool.db"

    @property
    def search_index(self) -> Path:
        """The full-text index of the database, which can be made again from it (SQLite)."""
        return self.data / "search.db"

    @property
    def log(self) -> Path:
        """The log of the dashboard and of the background process."""
        return self.data / "candela.log"

    @property
    def pid(self) -> Path:
        """The background process: its pid and port (JSON)."""
        return self.data / "candela.pid"

    @property
    def token(self) -> Path:
        """The token that opens the local API."""
        return self.data / "api-token"

    @property
    def accounts(self) -> Path:
        """The sign-ins of the user (JSON, no secrets)."""
        return self.data / "accounts.json"

    @property
    def vault(self) -> Path:
        """Secrets encrypted with a passphrase, for machines without a keyring."""
        return self.data / "vault.json"

    @property
    def overrides(self) -> Path:
        """The budgets that the user overrides for a time, and why (JSON)."""
        return self.data / "overrides.json"

    @property
    def keys(self) -> Path:
        """candela's own keys: what each may use, and hashes of their texts (SQLite)."""
        return self.data / "keys.db"

    @property
    def keys_pepper(self) -> Path:
        """The secret that these hashes are made with."""
        return self.data / "keys-pepper"

    @property
    def audit(self) -> Path:
        """Who changed keys, budgets and rules, and when (SQLite)."""
        return self.data / "audit.db"

    @property
    def kept_keys(self) -> Path:
        """The texts of the keys that `candela claude --gateway` made (JSON, secrets)."""
        return self.data / "kept-keys.json"

    @property
    def sessions(self) -> Path:
        """The sessions of people who signed in, with hashes of their tokens (SQLite)."""
        return self.data / "sessions.db"

    @property
    def authority(self) -> Path:
        """The directory of candela's certificate authority: its key, its certificate, and bundles with others."""
        return self.data / "ca"

    @property
    def prices(self) -> Path:
        """Price data that the user fetched, newer than that of the package."""
        return self.data / "prices.json"

    @property
    def installed(self) -> Path:
        """What `candela install` changed in settings of Claude Code (JSON, no secrets)."""
        return self.data / "installed.json"

    @property
    def last_import(self) -> Path:
        """When the transcripts of Claude Code were last imported in the background (JSON)."""
        return self.data / "last-import.json"

    @property
    def preferences(self) -> Path:
        """Choices that the dashboard remembers (JSON)."""
        return self.data / "dashboard.json"

    def make_data_directory(self) -> None:
        """Create the data directory for its owner only. Raises OSError."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data.chmod(0o700)


def default_paths(config: Path | None = None, data: Path | None = None) -> Paths:
    """Return the platform's own places, or the ones given."""
    import platformdirs  # Not at the top: the smallest commands need no paths, and would wait for it.

    return Paths(
        config or Path(platformdirs.user_config_dir("candela", appauthor=False)) / "config.toml",
        data or Path(platformdirs.user_data_dir("candela", appauthor=False)),
    )
