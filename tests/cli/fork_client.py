"""Asks the fork server for a command. Imports little, because `tests/cli/documented/candela` starts with it."""

import array
import json
import os
import socket
from collections.abc import Mapping, Sequence


def request_fork(
    channel: socket.socket,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    directory: str,
    standard: Sequence[int],
    ready: int | None = None,
) -> int:
    """Start ``candela`` with these standard streams. Return a descriptor: it has the pid in a line, then the code.

    With ``ready`` it is in a session of its own, and the argument that is this descriptor's number has its new one.
    """
    reading, writing = os.pipe()
    request = {"arguments": arguments, "environment": dict(environment), "directory": directory, "ready": ready}
    rights = array.array("i", [*standard, writing, *([] if ready is None else [ready])])
    channel.sendmsg([json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    os.close(writing)
    return reading
