"""The ``candela`` that the documents' commands find on PATH: it runs the command in the test's fork server.

It exits with 0 if the command did what the document says, also where its exit code says what it found, or where it
says that it needs the terminal that a test does not have.
"""

import os
import socket
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.cli.fork_client import request_fork

NEED_A_TERMINAL = (("demo",), ("attach",), ("auth", "login"))
REPORT = (("status",), ("doctor",), ("auth", "status"), ("auth", "test"))
"""These exit with 1 if what they looked at is not as it should be."""
CHANNEL = "CANDELA_TEST_FORK_SERVER"


def main() -> int:
    """Run the command and return the exit code that the shell gets."""
    words = sys.argv[1:]
    environment = dict(os.environ)
    channel = socket.socket(fileno=int(environment.pop(CHANNEL)))
    with tempfile.TemporaryFile() as errors:
        standard = (0, 1, errors.fileno())
        with os.fdopen(request_fork(channel, words, environment, str(Path.cwd()), standard)) as report:
            code = int(report.read().split()[1])
        errors.seek(0)
        said = errors.read().decode()
    sys.stderr.write(said)
    if not words or any(tuple(words[: len(one)]) == one and "--with-key" not in words for one in NEED_A_TERMINAL):
        return int(code not in (1, 2) or "terminal" not in said)
    return 0 if code == 1 and any(tuple(words[: len(one)]) == one for one in REPORT) else code


if __name__ == "__main__":
    sys.exit(main())
