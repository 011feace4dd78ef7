"""Run candela, a client of another user and the rest of the world in a network namespace of their own (as root).

The arguments are the folder for all files, the script that redirects, and whether it can redirect IPv6 (yes or no).
Prints what was seen, as JSON.
"""

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import trustme

from candela_tui.proxy.listen import bind
from candela_tui.proxy.tls_interception.authority import own_authority
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider

WORLD = "203.0.113.10"
"""An address that is none of loopback's (TEST-NET-3)."""
WORLD_6 = "2001:db8::10"
"""One of IPv6 (RFC 3849)."""
NOBODY = 65534
CLIENT = """
import os, socket, ssl, sys
address, name, authority, request = *sys.argv[1:4], sys.argv[4].encode()
piece, user = map(int, sys.argv[5:])
context = ssl.create_default_context(cafile=authority)
name.encode("idna")  # Its codec is read from a file that the other user may not read.
os.setuid(user)
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
plain = socket.create_connection((address, 443), 20)
plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
def send():
    data = outgoing.read()
    for at in range(0, len(data), piece):
        plain.sendall(data[at:at + piece])
def step(call):
    while True:
        try:
            return call()
        except ssl.SSLWantReadError:
            send()
            data = plain.recv(65536)
            incoming.write(data) if data else incoming.write_eof()
step(tls.do_handshake)
tls.write(request)
send()
print(step(lambda: tls.read(65536)).split(b"\\r\\n")[0].decode())
"""


async def _as_nobody(name: str, authority: Path, request: str, *, piece: int = 10**6, address: str = WORLD) -> str:
    # It becomes the other user by itself, who may not be able to read Python's files.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLIENT, address, name, str(authority), request, str(piece), str(NOBODY)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, errors = await process.communicate()
    return out.decode().strip() or errors.decode().strip().splitlines()[-1]


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


async def main(folder: Path, script: str, *, has_ipv6: bool) -> None:
    """Print what each side saw."""
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", f"{WORLD}/32", "dev", "lo")
    redirected = [bind(0)]
    port: int = redirected[0].getsockname()[1]
    worlds = [WORLD]
    if has_ipv6:
        _run("ip", "address", "add", f"{WORLD_6}/128", "dev", "lo", "nodad")
        redirected.append(socket.create_server(("::1", port), family=socket.AF_INET6))
        worlds.append(WORLD_6)
    world = trustme.CA()
    answers = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    world.issue_cert("else.example").configure_cert(answers)
    theirs = folder / "world.pem"
    theirs.write_bytes(world.cert_pem.bytes())

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"from else.example\r\n")
        writer.close()

    seen: dict[str, object] = {}
    async with Provider() as provider, await asyncio.start_server(serve, worlds, 443, ssl=answers):
        for allow in ("same-user", "any-local"):
            data = folder / allow
            data.mkdir()
            socks = tuple(sock.dup() for sock in redirected)
            for sock in socks:
                sock.setblocking(False)
            async with RunningProxy(provider.url, data, redirected=socks, allow=allow) as candela:
                authority = folder / f"{allow}.pem"
                authority.write_bytes(own_authority(candela.paths.authority).certificate_path.read_bytes())
                _run(script, "on", str(os.getuid()), str(port))
                head = f"POST /v1/messages HTTP/1.1\r\nHost: api.anthropic.com\r\nContent-Length: {len(BODY)}\r\n\r\n"
                request = head + BODY.decode()
                seen[f"{allow}: opened"] = await _as_nobody("api.anthropic.com", authority, request)
                seen[f"{allow}: in pieces"] = await _as_nobody("api.anthropic.com", authority, request, piece=100)
                seen[f"{allow}: tunnelled"] = await _as_nobody("else.example", theirs, "hello")
                if has_ipv6:
                    seen[f"{allow}: opened, IPv6"] = await _as_nobody(
                        "api.anthropic.com", authority, request, address=WORLD_6
                    )
                    seen[f"{allow}: tunnelled, IPv6"] = await _as_nobody(
                        "else.example", theirs, "hello", address=WORLD_6
                    )
                candela._drain()
                seen[f"{allow}: notices"] = candela.notices
            seen[f"{allow}: arrivals"] = sorted({exchange.arrival for exchange in candela._latest.values()})
        seen["bodies"] = {request.body == BODY for request in provider.requests} == {True}
        _run(script, "off")
        seen["off"] = await _as_nobody("else.example", theirs, "hello")
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], has_ipv6=sys.argv[3] == "yes"))
