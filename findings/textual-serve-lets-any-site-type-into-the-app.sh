#!/usr/bin/env bash
# textual-serve 1.1.3 listens on localhost, but any web page that its user opens can connect to the app's WebSocket, see
# what the app draws and type into it: neither Origin nor Host is checked, so also a name that was rebound to 127.0.0.1
# will do. Browsers apply no same-origin policy to WebSockets; only the server can. And when an app can't start, or
# crashes, before it says that it exits, the socket stays open and the page shows its logo for as long as one waits.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual-serve==1.1.3 textual==8.2.8 aiohttp==3.14.5

cat > "$work/app.py" <<'PYTHON'
import sys
from textual.app import App
from textual.widgets import Input

class Typed(App[None]):
    def compose(self):
        yield Input(placeholder="password")

if sys.argv[1:] == ["broken"]:
    sys.exit("no configuration")
Typed().run()
PYTHON

"$work/venv/bin/python" - "$work" <<'PYTHON'
import asyncio
import sys

import aiohttp
from aiohttp import web
from textual_serve.server import Server

work = sys.argv[1]

async def served(*arguments):
    """Serve the app as textual-serve does, and return its runner and address."""
    command = f"{sys.executable} {work}/app.py {' '.join(arguments)}"
    runner = web.AppRunner(await Server(command)._make_app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, "http://127.0.0.1:%d/ws?width=40&height=10" % site._server.sockets[0].getsockname()[1]

async def drawn_until(socket, part):
    seen = b""
    while part not in seen:
        message = await socket.receive()
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
        seen += message.data if message.type is aiohttp.WSMsgType.BINARY else b""

async def main():
    foreign = {"Origin": "https://evil.example", "Host": "evil.example", "Sec-Fetch-Site": "cross-site"}
    runner, address = await served()
    async with asyncio.timeout(60), aiohttp.ClientSession() as http:
        async with http.ws_connect(address, headers=foreign) as socket:
            await drawn_until(socket, b"assword")
            await socket.send_json(["stdin", "typed"])
            await drawn_until(socket, b"typed")
    print("a page of https://evil.example saw the app and typed into it")

    runner, address = await served("broken")
    async with aiohttp.ClientSession() as http, http.ws_connect(address) as socket:
        try:
            async with asyncio.timeout(10):
                message = await socket.receive()
            raise SystemExit(f"the socket of an app that can't start told: {message}")
        except TimeoutError:
            print("10 s after the app ended with an error, its socket is open, and nothing was told")
        assert not socket.closed

asyncio.run(main())
PYTHON
