"""The answer of a provider as it arrives: parsed by httptools (llhttp), read by whoever passes it on."""

import asyncio
from collections.abc import Callable
from time import perf_counter

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from candela_tui.network.errors import EndedInBody, EndedInHead
from candela_tui.network.header_fields import decoded_pairs
from candela_tui.protocol.headers import HeaderList

FIELD_LIMIT = 64 * 1024
"""Bytes. Proxies see longer fields than browsers do: tokens, lists of betas, tracing baggage."""
MOST_FIELDS = 16 * 1024 // 5
"""Node.js reads headers of up to 16 KiB, and a field has at least five bytes, so no client could take more."""
_LONGEST_HEAD = 4 * FIELD_LIMIT
_READ_AHEAD = 256 * 1024
"""Bytes of a body that wait to be read before the provider has to wait."""
# In the words of aiohttp's parser, from which network/errors.py makes those for the user.
_TOO_LONG = "Got more than the limit"
_TOO_MANY = "Too many headers"


class ProviderResponse:
    """One answer: its head, and its body as it arrives, still encoded. The caller closes it.

    ``on_pause`` is called with True when the provider should send no more for now, and with False when it may go on;
    ``on_end`` once nothing more is expected, with whether the connection can serve another request.
    """

    __slots__ = (
        "_ended",
        "_framed",
        "_head_size",
        "_headed",
        "_interim",
        "_keep_alive",
        "_on_end",
        "_on_pause",
        "_over",
        "_parser",
        "_paused",
        "_pieces",
        "_raw_fields",
        "_raw_reason",
        "_refusal",
        "_size",
        "_surplus",
        "_waiter",
        "_without_body",
        "arrived_at",
        "failure",
        "fields",
        "headed_at",
        "on_progress",
        "reason",
        "status",
    )

    def __init__(self, *, without_body: bool, on_pause: Callable[[bool], None], on_end: Callable[[bool], None]) -> None:
        """``without_body``: the answer to a HEAD, which has none whatever its header says."""
        self.status = 0
        self.reason = ""
        self.fields: HeaderList = []
        self.headed_at = 0.0
        """When the head arrived, by ``perf_counter``."""
        self.arrived_at = 0.0
        """When the oldest of the bytes arrived that the next read returns, by ``perf_counter``."""
        self.failure: Exception | None = None
        """Why the rest of it will not come."""
        self.on_progress: Callable[[], None] | None = None
        """Called in the same step in which more of the body arrived, or it failed."""
        self._without_body = without_body
        self._on_pause = on_pause
        self._on_end = on_end
        self._waiter: asyncio.Future[None] | None = None
        self._raw_fields: list[tuple[bytes, bytes]] = []
        self._raw_reason = b""
        self._refusal: HttpProcessingError | None = None
        self._head_size = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._headed = False
        """Whether the head has arrived."""
        self._interim = False
        """Whether the latest head is an interim one (1xx), behind which the answer's own comes."""
        self._framed = False
        """Whether the header says where the body ends. Otherwise it ends with the connection."""
        self._keep_alive = False
        self._over = False
        """Whether all of the answer has arrived."""
        self._ended = False
        """Whether ``on_end`` was called."""
        self._surplus = False
        """Whether something came behind the answer."""
        self._paused = False
        parser = HttpResponseParser(self)
        # What common servers get wrong, and aiohttp and browsers take.
        parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._parser: HttpResponseParser | None = parser

    # Reading

    async def head(self) -> None:
        """Wait until ``status``, ``reason`` and ``fields`` are there. Raises what keeps them from coming."""
        while not self._headed:
            if self.failure is not None:
                raise self.failure
            await self._progress()

    async def read(self) -> bytes:
        """Return the next bytes of the body, or empty bytes at its end. Raises what keeps them from coming."""
        while not self._pieces and not self._over:
            if self.failure is not None:
                raise self.failure
            await self._progress()
        return self.read_nowait()

    def read_nowait(self) -> bytes:
        """Return the bytes of the body that have arrived since the last call."""
        pieces = self._pieces
        if not pieces:
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self._on_pause(False)
        return data

    @property
    def has_arrived(self) -> bool:
        """Whether all of the body was read."""
        return self._over and not self._pieces

    def close(self) -> None:
        """Stop expecting more. A connection with an unfinished answer can't serve another request."""
        self.on_progress = self.failure = None
        self._finish(reusable=False)

    async def _progress(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # Arriving: called by the connection.

    def feed(self, data: bytes) -> None:
        """Take bytes from the provider."""
        if self._parser is None:
            return
        if not self._pieces:
            self.arrived_at = perf_counter()
        self._head_size += 0 if self._headed else len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._over = self._surplus = True
        except HttpParserError as error:
            if not self._over:
                self._refusal = self._refusal or HttpProcessingError(code=400, message=str(error))
            self._surplus = True
        if not self._headed and self._head_size > _LONGEST_HEAD:
            self._refusal = HttpProcessingError(code=400, message=_TOO_LONG)
        if self._refusal is not None:
            self.fail(self._refusal)
            return
        if self._over:
            self._finish(reusable=self._keep_alive and not self._surplus)
        elif self._size > _READ_AHEAD and not self._paused:
            self._paused = True
            self._on_pause(True)
        self._tell()

    def lost(self, error: BaseException | None) -> None:
        """Take the end of the connection; ``error`` is the reason, None if the provider closed it."""
        if self._over or self.failure is not None:
            return
        if isinstance(error, OSError):
            self.fail(aiohttp.ClientOSError(*error.args))
        elif not self._headed:
            self.fail(EndedInHead() if self._head_size else aiohttp.ServerDisconnectedError())
        elif self._framed:
            # As aiohttp's own client reports it.
            self.fail(EndedInBody())
        else:
            self._over = True
            self._finish(reusable=False)
            self._tell()

    def fail(self, error: Exception) -> None:
        """Note why nothing more will come."""
        if not self._over and self.failure is None:
            self.failure = error
        self._finish(reusable=False)
        self._tell()

    def _tell(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if self.on_progress is not None:
            self.on_progress()

    def _finish(self, *, reusable: bool) -> None:
        if not self._ended:
            self._ended = True
            # The parser knows its callbacks: without this, each answer would wait for the garbage collector.
            self._parser = None
            self._on_end(reusable)

    # Callbacks of the parser

    def on_message_begin(self) -> None:
        """Note a message behind the answer: the connection is of no more use."""
        self._surplus = self._over

    def on_status(self, data: bytes) -> None:
        """Take the reason phrase."""
        if not self._over:
            self._raw_reason += data

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the header. Those of a trailer are not passed on."""
        if self._headed or self._over:
            return
        if len(name) + len(value) > FIELD_LIMIT:
            self._refusal = HttpProcessingError(code=400, message=_TOO_LONG)
        elif len(self._raw_fields) == MOST_FIELDS:
            self._refusal = HttpProcessingError(code=400, message=_TOO_MANY)
        else:
            # llhttp leaves off white space before a value, not behind it (RFC 9110, section 5.5).
            self._raw_fields.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Take the head, unless it is an interim one (1xx), which ends here."""
        if self._over or self._refusal is not None or self._parser is None:
            return
        status = self._parser.get_status_code()
        self._interim = 100 <= status < 200 and status != 101
        if self._interim:
            self._raw_fields, self._raw_reason = [], b""
            return
        self._headed = True
        self.headed_at = self.arrived_at
        self.status = status
        self.reason = self._raw_reason.decode("utf-8", "surrogateescape")
        self.fields = decoded_pairs(self._raw_fields)
        self._framed = any(
            name.lower() == "content-length"
            or (name.lower() == "transfer-encoding" and value.lower().endswith("chunked"))
            for name, value in self.fields
        )
        self._keep_alive = self._parser.should_keep_alive()
        self._over = self._without_body

    def on_body(self, data: bytes) -> None:
        """Take bytes of the body."""
        if not self._over:
            self._pieces.append(data)
            self._size += len(data)

    def on_message_complete(self) -> None:
        """Take the end of the answer."""
        if not self._interim:
            self._over = True
