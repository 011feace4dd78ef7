"""Another user of this machine has the port: neither the token nor the dashboard is for them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from candela_tui.attach.client import Client
from candela_tui.attach.errors import NoLocalApi
from candela_tui.attach.server import LocalServer
from candela_tui.cli.dashboard.attached import show_running
from candela_tui.cli.invocation import Invocation
from candela_tui.config import Settings
from candela_tui.proxy.listen import running_candela

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.getuid() != 0, reason="only root can be another user, too"
)

_STRANGER = """
import os, socket, sys
os.setuid(65534)
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
connection, _ = server.accept()
asked = connection.recv(4096)
print(asked, flush=True)
connection.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n" + sys.argv[1].encode())
connection.close()
sys.stdin.read()
"""


@contextmanager
def stranger(answer: str = "") -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The port of a process of another user that answers one request, and the process: it tells what it got."""
    pipe, command = subprocess.PIPE, [sys.executable, "-c", _STRANGER, answer]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process
    finally:
        process.kill()
        process.communicate()


def test_the_token_does_not_go_to_another_user_who_has_the_port_now(tmp_path: Path) -> None:
    token = tmp_path / "api-token"
    token.write_text("t" * 43)
    with stranger() as (port, process):
        with pytest.raises(NoLocalApi, match="another user of this machine"):
            Client(LocalServer(port, token)).about()
        assert process.stdout is not None
        assert process.stdout.readline() == "b''\n"


def test_the_dashboard_does_not_open_what_another_user_says_are_records(tmp_path: Path) -> None:
    said = f'{{"name": "candela", "pid": 1, "version": "1\\u001b[2J", "data_dir": "{tmp_path}"}}'
    with stranger(said) as (port, _):
        running = running_candela(port)
        assert running is not None
        assert running.version == "1␛[2J"
        with pytest.raises(click.ClickException, match="belongs to another user"):
            show_running(running, Settings(), Invocation())
    assert not list(tmp_path.iterdir())
