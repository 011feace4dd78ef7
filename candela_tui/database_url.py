"""The URL of a PostgreSQL database, which never holds a password."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeGuard, get_args
from urllib.parse import parse_qsl, quote, unquote, urlsplit

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]

_SCHEMES: Final = ("postgresql", "postgres")
_PORT: Final = 5432
_EXAMPLE: Final = "postgresql://candela@db.example.com/candela"


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where a PostgreSQL database is. The password is read when a connection is made (``store.postgres``)."""

    host: str
    """The name or address of a host, or the directory of a Unix socket, which begins with a slash."""
    name: str
    """The name of the database."""
    port: int = _PORT
    user: str | None = None
    ssl_mode: SslMode = "prefer"
    """As for libpq."""
    ssl_root: str | None = None
    """A file of CA certificates (PEM); None uses the system's."""

    @property
    def is_socket(self) -> bool:
        """Whether the host is the directory of a Unix socket."""
        return self.host.startswith("/")

    def __str__(self) -> str:
        """Return the URL for messages: without its user, who would be taken for a secret, and its options."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORT else f":{self.port}"
        if self.is_socket:
            return f"postgresql://{port}/{quote(self.name)}?host={host}"
        return f"postgresql://{host}{port}/{quote(self.name)}"


def database_url(text: str) -> DatabaseUrl:
    """Read a URL. Raises ValueError that says what is expected, without quoting the URL."""
    try:
        url = urlsplit(text)
        port = url.port or _PORT
        options = dict(parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query)))
    except ValueError:
        raise ValueError(f"the URL of a PostgreSQL database, such as {_EXAMPLE}") from None
    if url.password is not None or "password" in options:
        raise ValueError("a URL without a password: candela reads that from PGPASSWORD, or from the file in PGPASSFILE")
    host, name = options.pop("host", None) or url.hostname or "", unquote(url.path.lstrip("/"))
    mode, root = options.pop("sslmode", "prefer"), options.pop("sslrootcert", None)
    usable = url.scheme in _SCHEMES and host and name and "/" not in name and text.isprintable() and " " not in text
    if not usable or url.fragment:
        raise ValueError(f"the URL of a PostgreSQL database, such as {_EXAMPLE}")
    if options:
        raise ValueError(f"no other options than host, sslmode and sslrootcert in the URL, not {sorted(options)[0]}")
    if not _is_mode(mode):
        raise ValueError(f"one of {', '.join(get_args(SslMode))} as sslmode in the URL")
    return DatabaseUrl(host, name, port, unquote(url.username) if url.username else None, mode, root or None)


StoreLocation = Path | DatabaseUrl
"""Where a store is: the file of a SQLite database, or a PostgreSQL database."""


def _is_mode(mode: str) -> TypeGuard[SslMode]:
    return mode in get_args(SslMode)


def is_database_url(text: str) -> bool:
    """Return whether a text is meant as the URL of a database, and not as the path of a file."""
    return text.partition("://")[0] in _SCHEMES and "://" in text
