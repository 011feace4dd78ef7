"""A program that draws as Textual's web driver does: it shows its size, what it gets, and what it is told to do.

Typed into it, ``x`` quits, ``c`` crashes, ``o`` opens a link, and ``h`` ignores all that it is told from then on.
"""

import json
import os
import sys
import time


def write(kind: bytes, payload: bytes) -> None:
    os.write(1, kind + len(payload).to_bytes(4, "big") + payload)


def read(count: int) -> bytes:
    got = b""
    while len(got) < count:
        part = os.read(0, count - len(got))
        if not part:
            sys.exit(3)
        got += part
    return got


def main() -> None:
    if sys.argv[1:] == ["broken"]:
        sys.exit("Error: config.toml: \x1b[31mproxy.port is not a number")
    os.write(1, b"a line of a library, before it draws\n")
    os.write(1, b"__GANGLION__\n")
    write(b"D", f"pid {os.getpid()} size {os.environ['COLUMNS']}x{os.environ['ROWS']}".encode())
    while True:
        kind, size = read(1), int.from_bytes(read(4), "big")
        payload = read(size)
        if kind == b"M":
            told = json.loads(payload)
            if told["type"] == "quit":
                return
            write(b"D", b"told " + payload)
        elif payload == b"x":
            write(b"M", b'{"type": "exit"}')
            os.write(1, b"In 2m: 3 requests\n")
            return
        elif payload == b"c":
            os.abort()
        elif payload == b"o":
            write(b"M", b'{"type": "open_url", "url": "https://example.com/", "new_tab": true}')
            write(b"M", b'{"type": "open_url", "url": "javascript:alert(1)"}')
            write(b"D", b"opened")
        elif payload == b"h":
            write(b"D", b"hanging")
            while True:
                time.sleep(3600)
        else:
            write(b"D", b"typed " + payload)


main()
