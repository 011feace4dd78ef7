"""Connections to PostgreSQL, by pg8000 (the extra ``postgres``)."""

import contextlib
import logging
import os
import select
import socket
import stat
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, ExceptionContext, NullPool, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.errors import StoreError

if TYPE_CHECKING:
    import ssl

    import pg8000.dbapi

_CONNECT_S: Final = 10.0
_ANSWER_S: Final = 60.0
"""Seconds that a reader waits for the server to say more."""
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 30_000))
"""So that a connection fails within 30 s after the server's machine is gone."""
_SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)
"""Its length, and the code that asks for TLS (https://www.postgresql.org/docs/current/protocol-message-formats.html)."""
_POOL: Final = 4
_POOL_AT_MOST: Final = 16
_POOL_WAIT_S: Final = 5.0
"""Seconds to wait for one of the others to be given back."""
_TRUSTED_S: Final = 10.0
"""Seconds after its last use in which a connection that nothing was heard of is taken to work."""
_PING_S: Final = 2.0
"""Seconds after which the network counts as silent, for a connection that was not used for longer."""
_OTHERS: Final = 0o077
_APPLICATION: Final = "candela"

_LOGGED_AS: Final = "candela"
# A pool logs each connection that the server broke with a traceback. Whoever uses the connection says so.
for _pool in (NullPool, QueuePool):
    logging.getLogger(f"sqlalchemy.pool.impl.{_pool.__name__}.{_LOGGED_AS}").setLevel(logging.CRITICAL + 1)

_pools: dict[tuple[int, DatabaseUrl, bool, float], Engine] = {}
_lock = threading.Lock()
_sockets: "WeakKeyDictionary[pg8000.dbapi.Connection, socket.socket]" = WeakKeyDictionary()
"""The socket of each connection, which pg8000 has only a private name for."""


class NoDriver(StoreError):
    """The package that speaks to PostgreSQL is not installed."""


def require_driver() -> None:
    """Raise NoDriver if pg8000 is not installed."""
    if find_spec("pg8000") is None:
        # Import it here: few need it.
        from candela_tui.installation import install_command

        raise NoDriver(f"[store] url needs the package pg8000. Add it: {install_command('pg8000', 'postgres')}")


def shared_engine(url: DatabaseUrl, *, read_only: bool = False, answer_s: float = _ANSWER_S) -> Engine:
    """Return the engine that all of this process share. Any thread may connect. Connections are kept, and one that has
    died meanwhile is replaced before it is used again.

    ``read_only``: each transaction sees one state of the database and can't write. ``answer_s``: how many seconds to
    wait for the server to say more. Raises NoDriver.
    """
    key = os.getpid(), url, read_only, answer_s
    with _lock:
        if key not in _pools:
            require_driver()
            _pools[key] = _pooled(url, read_only=read_only, answer_s=answer_s)
        return _pools[key]


def _pooled(url: DatabaseUrl, *, read_only: bool, answer_s: float) -> Engine:
    engine = create_engine(
        "postgresql+pg8000://",
        creator=lambda: connect(url, read_only=read_only, answer_s=answer_s),
        poolclass=QueuePool,
        pool_size=_POOL,
        max_overflow=_POOL_AT_MOST - _POOL,
        pool_timeout=_POOL_WAIT_S,
        pool_logging_name=_LOGGED_AS,
    )
    # Not pool_pre_ping: that asks the server each time, and a reset or a timeout of the network, which pg8000 passes on
    # as they are, would fail whoever wanted the connection.
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _require_alive)
    event.listen(engine, "handle_error", _give_up_broken)
    return engine


def _note_use(_: Any, entry: ConnectionPoolEntry) -> None:
    entry.info["used_at"] = time.monotonic()


def _require_alive(connection: Any, entry: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
    used_at = entry.info.get("used_at")
    if used_at is not None and not _is_alive(connection, time.monotonic() - used_at):
        raise InvalidatePoolError


def _is_alive(connection: "pg8000.dbapi.Connection", unused_s: float) -> bool:
    """Return whether a connection that nobody uses still works. It asks the server only after a while: one that stops
    says so, or the system does for it."""
    connected = _sockets[connection]
    waiting = select.poll()
    waiting.register(connected, select.POLLIN)
    if waiting.poll(0):
        return False
    if unused_s < _TRUSTED_S:
        return True
    import pg8000.exceptions

    patience_s = connected.gettimeout()
    connected.settimeout(_PING_S)
    try:
        connection.cursor().execute(";")
        connection.rollback()
        connected.settimeout(patience_s)
    except (pg8000.exceptions.Error, OSError):
        return False
    return True


def _give_up_broken(context: ExceptionContext) -> None:
    """Let no connection be used again on which an answer did not come."""
    if isinstance(context.original_exception, OSError):
        context.is_disconnect = True


def own_engine(url: DatabaseUrl) -> Engine:
    """Return an engine whose connections are new, and wait for the server's answers without limit. Raises NoDriver."""
    require_driver()
    return create_engine(
        "postgresql+pg8000://",
        creator=lambda: connect(url),
        poolclass=NullPool,
        pool_logging_name=_LOGGED_AS,
    )


def connect(
    url: DatabaseUrl,
    *,
    read_only: bool = False,
    answer_s: float | None = None,
    environ: Mapping[str, str] = os.environ,
) -> "pg8000.dbapi.Connection":
    """Open a connection. Raises OSError and the errors of pg8000."""
    import pg8000.dbapi

    reading = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}
    user = url.user or environ.get("PGUSER") or _own_name()
    connected = _encrypted(_connected(url), url)
    try:
        connection = pg8000.dbapi.connect(
            user,
            database=url.name,
            password=password_for(url, user, environ),
            sock=connected,
            # It is encrypted already.
            ssl_context=False,
            application_name=_APPLICATION,
            startup_params={"client_encoding": "UTF8", **(reading if read_only else {})},
        )
    except BaseException as error:
        connected.close()
        # pg8000 says good-bye to a server that refused, and where that has hung up, raises what came of it instead.
        if isinstance(error, pg8000.dbapi.InterfaceError) and (refusal := _refusal_before(error)) is not None:
            raise refusal from None
        raise
    connected.settimeout(answer_s)
    _sockets[connection] = connected
    return connection


def _refusal_before(error: BaseException) -> "pg8000.dbapi.DatabaseError | None":
    """Return what the server had said when another error came on top of it."""
    import pg8000.dbapi

    earlier = error.__context__
    while earlier is not None and not isinstance(earlier, pg8000.dbapi.DatabaseError):
        earlier = earlier.__context__
    return earlier


def _own_name() -> str:
    import getpass  # Few need it.

    return getpass.getuser()


def _connected(url: DatabaseUrl) -> socket.socket:
    if url.is_socket:
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connected.settimeout(_CONNECT_S)
            connected.connect(f"{url.host}/.s.PGSQL.{url.port}")
        except BaseException:
            connected.close()
            raise
        return connected
    connected = socket.create_connection((url.host, url.port), _CONNECT_S)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if (option := getattr(socket, name, None)) is not None:
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, option, value)
    return connected


def _encrypted(connected: socket.socket, url: DatabaseUrl) -> socket.socket:
    """Return the connection with TLS, as far as the URL asks for it. pg8000 would do it, but then nothing but a private
    name of it leads to the socket whose patience is to be set."""
    if url.is_socket or url.ssl_mode == "disable":
        return connected
    try:
        connected.sendall(_SSL_REQUEST)
        if connected.recv(1) == b"S":
            return _ssl_context(url).wrap_socket(connected, server_hostname=url.host)
    except BaseException:
        connected.close()
        raise
    if url.ssl_mode == "prefer":
        return connected
    connected.close()
    raise ConnectionRefusedError(f"the server has no TLS, which sslmode={url.ssl_mode} asks for")


def _ssl_context(url: DatabaseUrl) -> "ssl.SSLContext":
    import ssl  # Few need it, and it takes long to load.

    context = ssl.create_default_context(cafile=url.ssl_root)
    context.check_hostname = url.ssl_mode == "verify-full"
    if url.ssl_mode in ("prefer", "require"):
        context.verify_mode = ssl.CERT_NONE
    return context


def password_for(url: DatabaseUrl, user: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the password from PGPASSWORD, or else from the password file as libpq reads it: PGPASSFILE, or
    ``~/.pgpass``. None if there is none."""
    if (given := environ.get("PGPASSWORD")) is not None:
        return given
    file = Path(environ["PGPASSFILE"]) if environ.get("PGPASSFILE") else Path("~/.pgpass").expanduser()
    wanted = ("localhost" if url.is_socket else url.host, str(url.port), url.name, user)
    for *fields, password in _lines_of(file):
        if all(field in ("*", value) for field, value in zip(fields, wanted, strict=True)):
            return password
    return None


def _lines_of(file: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the lines of a password file: host, port, database, user, password. Others must not be able to read it
    (https://www.postgresql.org/docs/current/libpq-pgpass.html)."""
    try:
        if stat.S_IMODE(file.stat().st_mode) & _OTHERS:
            return
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError, RuntimeError):
        return
    for line in lines:
        fields = _fields_of(line)
        if len(fields) == 5 and not line.startswith("#"):
            yield fields[0], fields[1], fields[2], fields[3], fields[4]


def _fields_of(line: str) -> list[str]:
    fields, escaped = [""], False
    for character in line:
        if escaped or character not in "\\:":
            fields[-1] += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            fields.append("")
    return fields
