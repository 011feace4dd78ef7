"""A client for the local API of a running candela."""

import contextlib
import http.client
import socket
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from candela_tui.api_root import API_ROOT
from candela_tui.attach.errors import NoLocalApi, NotRecorded, Unreachable, why
from candela_tui.attach.server import Server
from candela_tui.credentials.state import CredentialState
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.store.errors import StoreError
from candela_tui.wire import About, Credentials, Forgotten, InterceptState, Me, PageLink, Refusal, Unlock, encode

_PIECE = 64 * 1024


_Kind = TypeVar("_Kind")


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
                raise Unreachable(f"The candela on {self._where} broke off ({why(error)}).") from error
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

    def __init__(self, server: Server) -> None:
        self.where = server.where
        self._server = server

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
        try:
            connection = self._server.connected()
        except OSError as error:
            raise self._no_answer(error) from error
        try:
            if connected is not None:
                connected(connection.sock)
            headers = {"Authorization": f"Bearer {self._server.token()}"}
            try:
                connection.request(method, target, give, headers)
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                raise self._no_answer(error) from error
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

    def me(self) -> Me:
        """Return who asks, and what they may see. Raises StoreError."""
        with self.ask("me") as answer:
            return self.understood(answer.whole(), Me)

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
            return f"{self._server.origin}{self.understood(answer.whole(), PageLink).path}"

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

    def _no_answer(self, error: Exception) -> Unreachable:
        return Unreachable(f"The candela on {self.where} does not answer ({why(error)}).")

    def _refused(self, status: int, body: bytes) -> StoreError:
        try:
            words = msgspec.json.decode(body, type=_Refusal).error.message
        except (msgspec.DecodeError, UnicodeDecodeError):
            words = ""
        if status == http.client.UNAUTHORIZED:
            return self._server.refused(words)
        if status == http.client.NOT_FOUND:
            return NotRecorded(f"The candela on {self.where} does not know that: {words or 'no such path'}.")
        return StoreError(words or f"The candela on {self.where} answered with HTTP {status}.")
