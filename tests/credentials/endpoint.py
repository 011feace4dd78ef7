"""A small HTTP server on loopback, in a thread of its own: it is what SDKs ask for tokens and keys."""

import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """What was asked; names of header fields in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Endpoint:
    """While used as a context manager: answers with what ``respond`` says (status, JSON or text), notes what came."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.respond: Callable[[Request], tuple[int, Any]] = lambda _request: (404, {})
        self.fields: dict[str, str] = {}
        """Added to the head of each answer."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                names = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, names, body)
                endpoint.requests.append(request)
                status, answer = endpoint.respond(request)
                data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                kind = "text/plain" if isinstance(answer, str) else "application/json"
                for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **endpoint.fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that does not trust the certificate breaks off."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://{self.address}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
