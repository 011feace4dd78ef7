"""Translations that are made of others, and the one that changes nothing."""

from candela_tui.network.header_fields import ABOUT_ENCODING, decoded_answer_fields
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.upstream import Translation


class Chained:
    """Two translations applied one after the other."""

    def __init__(self, first: Translation, second: Translation) -> None:
        self._first = first
        self._second = second
        self.headers = second.headers
        self.ping = second.ping
        self.over = False
        self.metrics = first.metrics

    def feed(self, chunk: bytes) -> bytes:
        """Translate the next bytes."""
        return self._then(self._first.feed(chunk))

    def finish(self) -> bytes:
        """Return the last bytes of both."""
        return self._then(self._first.finish()) + self._second.finish()

    def _then(self, translated: bytes) -> bytes:
        out = self._second.feed(translated)
        self.over = self._first.over or self._second.over
        self.metrics = self._first.metrics
        return out


class Untouched:
    """The translation of an answer that needs none, except that its Content-Encoding is removed."""

    ping = b""
    over = False
    metrics: tuple[tuple[str, str], ...] = ()

    def __init__(self, headers: HeaderList) -> None:
        self.headers = decoded_answer_fields(headers)

    def feed(self, chunk: bytes) -> bytes:
        """Return the bytes."""
        return chunk

    def finish(self) -> bytes:
        """Return nothing: no bytes are held back."""
        return b""


def fields_behind(inner: Translation | None, headers: HeaderList) -> HeaderList:
    """Return the header fields of an answer that is translated once more, or for the first time: those of the inner
    translation, or of the provider."""
    if inner is None:
        return decoded_answer_fields(headers)
    return [field for field in inner.headers if field[0].lower() not in ABOUT_ENCODING]
