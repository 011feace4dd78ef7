#!/usr/bin/env bash
# A TCP transport of uvloop 0.23.0 is not an instance of asyncio.Transport, though it has all of its methods. So a protocol
# that checks isinstance(transport, asyncio.Transport) in connection_made works on asyncio's own loop, and fails on uvloop:
# the exception is only logged, and the connection hangs.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0
"$work/venv/bin/python" - <<'PYTHON'
import asyncio, uvloop

class Keeps(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

async def is_transport():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    _, protocol = await loop.create_connection(Keeps, *server.sockets[0].getsockname())
    found = isinstance(protocol.transport, asyncio.Transport), hasattr(protocol.transport, "pause_reading")
    print(type(asyncio.get_running_loop()).__module__, type(protocol.transport).__name__, *found)
    protocol.transport.close()
    server.close()
    return found

assert asyncio.run(is_transport()) == (True, True)
assert uvloop.run(is_transport()) == (False, True)
PYTHON
