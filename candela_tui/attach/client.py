"""Asks a running candela over its local API."""

import contextlib
import http.client
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from candela_tui.credentials.state import CredentialState
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.network_errors import described
from candela_tui.peer import listening_uid
from candela_tui.store.errors import StoreError
from candela_tui.wire import API_ROOT, About, Unlock, encode

_HOST = "127.0.0.1"
_TIMEOUT_S = 15.0
"""Without a byte; the event stream has a comment every 5 s."""
_PIECE = 64 * 1024


_Kind = TypeVar("_Kind")


class Unavailable(StoreError):
    """The candela of these records can't be asked."""


class Unreachable(Unavailable):
    """Nobody answers, or what answers breaks off."""


class NotRecorded(StoreError):
    """The candela that answers knows no such thing."""


class NoLocalApi(Unavailable):
    """What answers has no local API that this user may ask: an older candela, or another data directory's."""


class _Fault(msgspec.Struct):
    message: str = ""


class _Refusal(msgspec.Struct):
    error: _Fault = msgspec.field(default_factory=_Fault)


class Answer:
    """The body of an answer, as it comes."""

    def __init__(self, response: http.client.HTTPResponse, where: str) -> None:
        self._response = response
        self._where = where

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces, as soon as they are there. Raises Unreachable where it breaks off."""
        while True:
            try:
                piece = self._response.read1(_PIECE)
            except (OSError, ValueError, http.client.HTTPException) as error:
                raise Unreachable(f"The candela on {self._where} broke off ({_why(error)}).") from error
            if not piece:
                return
            yield piece

    def lines(self) -> Iterator[bytes]:
        """The body's lines, without their ends. Raises Unreachable."""
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
        """All of the body. Raises Unreachable."""
        return b"".join(self.pieces())


class Client:
    """Each question has a connection of its own, and may come from any thread."""

    def __init__(self, port: int, token_file: Path) -> None:
        self.where = f"{_HOST}:{port}"
        self._port = port
        self._token_file = token_file

    @contextlib.contextmanager
    def ask(
        self,
        *names: str,
        connected: Callable[[socket.socket], None] | None = None,
        give: bytes | None = None,
        **query: str | int | None,
    ) -> Iterator[Answer]:
        """Ask for the resource of this path, and close at the end. ``connected`` gets the connection at its beginning.
        ``give``: a document for it, which is then sent with POST.

        Raises Unreachable, NoLocalApi, NotRecorded, and StoreError with the other candela's own words.
        """
        path = "".join(f"/{quote(name, safe='', errors='surrogateescape')}" for name in names)
        given = urlencode({name: value for name, value in query.items() if value is not None}, errors="surrogateescape")
        target = f"{API_ROOT}{path}{'?' if given else ''}{given}"
        connection = http.client.HTTPConnection(_HOST, self._port, timeout=_TIMEOUT_S)
        try:
            try:
                connection.connect()
                # At each connection: the candela may have ended since, and its port be somebody else's.
                self._require_own()
                if connected is not None:
                    connected(connection.sock)
                headers = {"Authorization": f"Bearer {self._token()}"}
                connection.request("GET" if give is None else "POST", target, give, headers)
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
        """Who answers. Raises StoreError."""
        try:
            with self.ask() as answer:
                return self.understood(answer.whole(), About)
        except NotRecorded:
            raise NoLocalApi(f"The candela on {self.where} is older than this one and has no local API.") from None

    def credentials(self) -> tuple[CredentialState, ...]:
        """How its providers' credentials stand, as far as it used them. Raises StoreError."""
        with self.ask("credentials") as answer:
            return self.understood(answer.whole(), tuple[CredentialState, ...])

    def unlock(self, passphrase: str) -> None:
        """Let it open its file of secrets. Raises VaultError."""
        try:
            with self.ask("unlock", give=encode(Unlock(passphrase))) as answer:
                answer.whole()
        except StoreError as error:
            raise VaultError(str(error)) from None

    def understood(self, data: bytes, kind: type[_Kind]) -> _Kind:
        """Decode what came. Raises StoreError."""
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self.not_understood(error) from error

    def not_understood(self, error: Exception) -> StoreError:
        """Another version's answer, in words."""
        return StoreError(
            f"The candela on {self.where} answers in a way that this one does not understand ({error}). "
            f"Start it again, so that both are of one version."
        )

    def _require_own(self) -> None:
        """Raise NoLocalApi where another user listens, who would get the token."""
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
        # Their texts quote what came.
        return "its answer is not valid HTTP"
    return described(error)
