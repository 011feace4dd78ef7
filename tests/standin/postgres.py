"""A real PostgreSQL server for the tests, with data that is gone after them."""

import getpass
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.postgres import connect

PASSWORD = "correct-horse"
_USER = "candela"
_UNPRIVILEGED = "nobody"
_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=100",
    "shared_buffers=16MB",
    "autovacuum=off",
    "max_wal_size=64MB",
    "min_wal_size=32MB",
    "lc_messages=C",
)
_READY = "ready to accept connections"


def missing_postgres() -> str | None:
    """Return why no server can be started here, or None."""
    return None if _program("postgres") and _program("initdb") else "PostgreSQL is not installed"


def _program(name: str) -> str | None:
    """Return the path of a program of the newest PostgreSQL that is installed: Debian has it outside of PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)
    return shutil.which(name, path=os.pathsep.join([*map(str, versions), os.environ.get("PATH", "")]))


class PostgresServer:
    """Runs as a user without privileges, because it refuses to run as root. ``create`` makes a database for a test."""

    def __init__(self) -> None:
        # Not below the directories of pytest: the server's user can't read those.
        self._directory = Path(tempfile.mkdtemp(prefix="candela-pg-"))
        self._as: dict[str, object] = {}
        self._user = getpass.getuser()
        if os.geteuid() == 0:
            account = pwd.getpwnam(_UNPRIVILEGED)
            os.chown(self._directory, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port: int = taken.getsockname()[1]
        self._server: subprocess.Popen[str] | None = None
        self._log: list[str] = []
        self._initialise()
        self.start()

    def _initialise(self) -> None:
        password = self._directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        command = [str(_program("initdb")), "-D", str(self._directory / "data"), "-U", _USER, "--pwfile", str(password)]
        options = ("--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256")
        subprocess.run([*command, *options], check=True, capture_output=True, cwd="/", **self._as)

    def start(self) -> None:
        """Start the server, and return once it accepts connections."""
        data, directory = str(self._directory / "data"), str(self._directory)
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        command = [str(_program("postgres")), "-D", data, "-k", directory, "-p", str(self.port)]
        self._server = subprocess.Popen(
            [*command, "-c", "listen_addresses=127.0.0.1", *settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            **self._as,
        )
        ready = threading.Event()
        threading.Thread(target=self._follow, args=(self._server, ready), daemon=True).start()
        if not ready.wait(60) or self._server.poll() is not None:
            raise RuntimeError("\n".join(self._log[-20:]))

    def _follow(self, server: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert server.stderr is not None
        for line in server.stderr:
            self._log.append(line.rstrip())
            if _READY in line:
                ready.set()
        ready.set()

    def stop(self) -> None:
        """End the server at once, as a crash does: its connections break."""
        if self._server is not None:
            self._server.send_signal(subprocess.signal.SIGQUIT)
            self._server.wait(60)
            self._server = None

    def remove(self) -> None:
        """Stop the server, and delete its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def url(self, name: str = "postgres", *, by_socket: bool = True) -> DatabaseUrl:
        """Return the URL of a database: by the Unix socket without a password, or by the port with ``PASSWORD``."""
        host = str(self._directory) if by_socket else "127.0.0.1"
        return DatabaseUrl(host, name, self.port, _USER)

    def create(self, template: str = "template1") -> DatabaseUrl:
        """Create a database, as a copy of another one that nothing is connected to."""
        name = f"test_{secrets.token_hex(6)}"
        connection = connect(self.url())
        try:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        finally:
            connection.close()
        return self.url(name)
