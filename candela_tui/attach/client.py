"""A client for the local API of a running candela."""

import contextlib
import http.client
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from candela_tui.api_root import API_ROOT
from candela_tui.credentials.state import CredentialState
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.network.errors import described
from candela_tui.network.peer import listening_uid
from candela_tui.store.errors import StoreError
from candela_tui.wire import About, Credentials, Forgotten, InterceptState, PageLink, Refusal, Unlock, encode

_HOST = "127.0.0.1"
_TIMEOUT_S = 15.0
"""Seconds without a byte; the event stream sends a comment every 5 s."""
_PIECE = 64 * 1024


_Kind = TypeVar("_Kind")


class Unavailable(StoreError):
    """The candela that has these records can't be reached or used."""


class Unreachable(Unavailable):
    """Nothing responds, or the response breaks off."""


class NotRecorded(StoreError):
    """The running candela has no such record."""


class NoLocalApi(Unavailable):
    """The server has no local API for this user: it is an older candela, or uses another data directory."""


class _Fault(msgspec.Struct):
    message: str = ""


class _Refusal(msgspec.Struct):
    error: _Fault = msgspec.field(default_factory=_Fault)


class Answer:
    """The body of a response, read as it arrives."""

    def __init__(self, response: http.client.HTTPResponse, where: str) -> None:
        self._response = response
        self._where = where

    def pieces(self) -> Iterator[bytes]:
        """Yield the body in pieces as they arrive. Raises Unreachable if it breaks off."""
        while True:
            try:
                piece = self._response.read1(_PIECE)
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise Unreachable(f"The candela on {self._where} broke off ({_why(error)}).") from error
            if not piece:
                return
            yield piece

    def lines(self) -> Iterator[bytes]:
        """Yield the body's lines, without line ends. Raises Unreachable."""
        partial: list[bytes] = []
        for piece in self.pieces():
            first, end, rest = piece.partition(b"\n")
            partial.append(first)
            if end:
                yield b"".join(partial)
                *lines, last = rest.split(b"\n")
                yield from lines
                partial = [last]
        if any(partial):
            raise Unreachable(f"The candela on {self._where} broke off in the middle of a line.")

    def whole(self) -> bytes:
        """Return the complete body. Raises Unreachable."""
        return b"".join(self.pieces())


class Client:
    """A client for the local API. Each request has its own connection, and may come from any thread."""

    def __init__(self, port: int, token_file: Path) -> None:
        self.where = f"{_HOST}:{port}"
        self._port = port
        self._token_file = token_file

    @contextlib.contextmanager
    def ask(
        self,
        *names: str,
        connected: Callable[[socket.socket], None] | None = None,
        method: str = "GET",
        give: bytes | None = None,
        **query: str | int | None,
    ) -> Iterator[Answer]:
        """Request the resource at this path, and close the connection at the end. ``connected`` gets the connection
        when it is open. ``give`` is a document to send.

        Raises Unreachable, NoLocalApi, NotRecorded, and StoreError with the server's own message.
        """
        path = "".join(f"/{quote(name, safe='', errors='surrogateescape')}" for name in names)
        given = urlencode({name: value for name, value in query.items() if value is not None}, errors="surrogateescape")
        target = f"{API_ROOT}{path}{'?' if given else ''}{given}"
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=_TIMEOUT_S)
        try:
            try:
                connection.connect()
                # Check each connection: the candela may have exited since, and another program may use its port.
                self._require_own()
                if connected is not None:
                    connected(connection.sock)
                headers = {"Authorization": f"Bearer {self._token()}"}
                connection.request(method, target, give, headers)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"The candela on {self.where} does not answer ({_why(error)}).") from error
            with response:
                answer = Answer(response, self.where)
                if response.status != http.client.OK:
                    raise self._refused(response.status, answer.whole())
                yield answer
        finally:
            connection.close()

    def about(self) -> About:
        """Return information about the running candela. Raises StoreError."""
        try:
            with self.ask() as answer:
                return self.understood(answer.whole(), About)
        except NotRecorded:
            raise NoLocalApi(f"The candela on {self.where} is older than this one and has no local API.") from None

    def credentials(self) -> tuple[CredentialState, ...]:
        """Return the state of the provider credentials that it has used. Raises StoreError."""
        with self.ask("credentials") as answer:
            told = self.understood(answer.whole(), tuple[Credentials, ...])
        return tuple(state for each in told if (state := each.state) is not None)

    def refusals(self) -> tuple[Refusal, ...]:
        """Return the parts of requests that models refused, as far as it remembers them. Raises StoreError."""
        with self.ask("refusals") as answer:
            return self.understood(answer.whole(), tuple[Refusal, ...])

    def forget_refusals(self, model: str | None) -> int:
        """Make it forget what a model refused, or all models for None, and return how many parts that were. Raises
        StoreError."""
        with self.ask("refusals", method="DELETE", model=model) as answer:
            return self.understood(answer.whole(), Forgotten).forgotten

    def intercepts(self) -> InterceptState:
        """Return what is intercepted and held, by anyone. Raises StoreError."""
        with self.ask("intercept") as answer:
            return self.understood(answer.whole(), InterceptState)

    def page_link(self) -> str:
        """Return a URL that opens its dashboard in a browser, once. Raises StoreError."""
        with self.ask("page-links", method="POST") as answer:
            return f"http://{self.where}{self.understood(answer.whole(), PageLink).path}"

    def unlock(self, passphrase: str) -> None:
        """Make it open its file of secrets with a passphrase. Raises VaultError."""
        try:
            with self.ask("unlock", method="POST", give=encode(Unlock(passphrase))) as answer:
                answer.whole()
        except StoreError as error:
            raise VaultError(str(error)) from None

    def understood(self, data: bytes, kind: type[_Kind]) -> _Kind:
        """Decode a response. Raises StoreError."""
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.not_understood(error) from error

    def not_understood(self, error: Exception) -> StoreError:
        """Return an error for a response from another version."""
        return StoreError(
            f"The candela on {self.where} answers in a way that this one does not understand ({error}). "
            f"Start it again, so that both are of one version."
        )

    def _require_own(self) -> None:
        """Raise NoLocalApi if the port belongs to another user, who would get the token."""
        user = listening_uid(self._port)
        if user is not None and user != os.getuid():
            raise NoLocalApi(f"{self.where} belongs to another user of this machine (uid {user}).")

    def _token(self) -> str:
        try:
            return self._token_file.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise NoLocalApi(
                f"{self._token_file} can't be read ({_why(error)}): the candela on {self.where} is older than this "
                f"one, or another user's."
            ) from error

    def _refused(self, status: int, body: bytes) -> StoreError:
        try:
            words = msgspec.json.decode(body, type=_Refusal).error.message
        except (msgspec.DecodeError, UnicodeDecodeError):
            words = ""
        if status == http.client.UNAUTHORIZED:
            return NoLocalApi(f"The candela on {self.where} does not take the token in {self._token_file}.")
        if status == http.client.NOT_FOUND:
            return NotRecorded(f"The candela on {self.where} does not know that: {words or 'no such path'}.")
        return StoreError(words or f"The candela on {self.where} answered with HTTP {status}.")


def _why(error: BaseException) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return "the answer has no end"
    if isinstance(error, UnicodeDecodeError):
        return "it is not ASCII"
    if isinstance(error, http.client.HTTPException | ValueError):
        # Their messages quote the response.
        return "its answer is not valid HTTP"
    return described(error)
