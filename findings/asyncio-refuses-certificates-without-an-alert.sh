#!/usr/bin/env bash
# A client that does not trust a certificate tells the server so with a TLS alert (RFC 8446, section 6.2: unknown_ca). The
# ssl module's sockets do. asyncio of the same Python, and so aiohttp, ends the connection without a word: the alert stays in
# its outgoing buffer (seen with CPython 3.11). A server, or a proxy with a certificate authority of its own, sees a client
# that went away, and can't tell that its certificate was the reason.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check trustme==1.2.1
"$work/venv/bin/python" - <<'PYTHON'
import asyncio, socket, ssl, sys, threading, trustme

server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
trustme.CA().issue_cert("localhost").configure_cert(server)

def seen_by_server(client):
    """Return what the server's handshake ends with."""
    listening = socket.create_server(("127.0.0.1", 0))
    found = []
    def serve():
        connection, _ = listening.accept()
        try:
            server.wrap_socket(connection, server_side=True)
        except OSError as error:
            found.append(getattr(error, "reason", None) or type(error).__name__)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client(listening.getsockname()[1])
    except ssl.SSLCertVerificationError:
        pass
    thread.join()
    return found[0]

def blocking(port):
    with socket.create_connection(("127.0.0.1", port)) as plain:
        ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")

def with_asyncio(port):
    asyncio.run(asyncio.open_connection("127.0.0.1", port, ssl=True, server_hostname="localhost"))

told = {"ssl": seen_by_server(blocking), "asyncio": seen_by_server(with_asyncio)}
print(sys.version.split()[0], told)
assert "UNKNOWN_CA" in told["ssl"]
assert "UNKNOWN_CA" not in told["asyncio"], "asyncio sends the alert now"
PYTHON
