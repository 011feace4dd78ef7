"""Read the requests for messages in a HAR file, as browsers, proxies and candela itself write them.

Source: HAR 1.2 (http://www.softwareishard.com/blog/har-12-spec/). ``_eventSourceMessages`` is Chromium's: the events of
a stream with their times. Bodies of answers are decoded in a HAR file, whatever Content-Encoding its header names.
"""

import base64
import binascii
import mmap
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from candela_tui.claude_code.transcripts import BadLine, in_utc
from candela_tui.exchange import Imported, Outcome
from candela_tui.imports.found import FoundExchange, new_id
from candela_tui.pricing import Pricer
from candela_tui.protocol.claude_code.session_clues import session_clues
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import ROUTES, Dialect, Route
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.conversations import Conversations, Origins
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from candela_tui.redaction import redact_url

HAR_SUFFIX: Final = ".har"
_LONGEST_MS: Final = 7 * 86_400_000.0
_EVENT_END = re.compile(rb"\r?\n\r?\n")
_MESSAGES = re.compile(r"/v1/messages$|/model/[^/]+/invoke(-with-response-stream)?$|:(streamR|r)awPredict$")
"""Ends of the paths that ask for a message, in the order of ``_DIALECTS``."""
_DECODED: Final = ("content-encoding", "content-length", "transfer-encoding")


class _Content(msgspec.Struct):
    text: str = ""
    encoding: str = ""
    mimeType: str = ""  # noqa: N815 - HAR's name


class _Pair(msgspec.Struct):
    name: str = ""
    value: str = ""


class _PostData(msgspec.Struct):
    text: str = ""


class _Request(msgspec.Struct):
    method: str = ""
    url: str = ""
    headers: list[_Pair] = []
    postData: _PostData | None = None  # noqa: N815


class _Response(msgspec.Struct):
    status: int = 0
    headers: list[_Pair] = []
    content: _Content = msgspec.field(default_factory=_Content)


class _Timings(msgspec.Struct):
    blocked: float | None = None
    dns: float | None = None
    connect: float | None = None
    send: float | None = None
    wait: float | None = None
    receive: float | None = None


class _Event(msgspec.Struct):
    time: float = 0.0
    """Seconds since 1970."""


class _Entry(msgspec.Struct):
    startedDateTime: datetime  # noqa: N815
    request: _Request
    response: _Response = msgspec.field(default_factory=_Response)
    time: float = 0.0
    timings: _Timings = msgspec.field(default_factory=_Timings)
    events: list[_Event] = msgspec.field(name="_eventSourceMessages", default_factory=list)


class _Log(msgspec.Struct):
    entries: list[msgspec.Raw]


class _Har(msgspec.Struct):
    log: _Log


_NOT_READ = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, binascii.Error)


def har_exchanges(
    file: Path, pricer: Pricer, on_bad: Callable[[BadLine], None], origins: Origins
) -> Iterator[FoundExchange]:
    """Yield the requests for messages in a file, priced. ``origins`` knows which sessions one may go on from; each
    request that is stored is to be told to it before the next one is taken. Blocks."""
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield from _exchanges(file, content, pricer, on_bad, origins)
    except OSError as error:
        on_bad(BadLine(file, 0, f"it can't be read: {error.strerror}"))
    except ValueError:
        on_bad(BadLine(file, 0, "it is empty"))


def _exchanges(
    file: Path, content: mmap.mmap, pricer: Pricer, on_bad: Callable[[BadLine], None], origins: Origins
) -> Iterator[FoundExchange]:
    # The entries are slices of the file, decoded one at a time.
    with memoryview(content) as view:
        try:
            entries: Sequence[msgspec.Raw] = msgspec.json.decode(view, type=_Har).log.entries
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            on_bad(BadLine(file, 0, "it is not a HAR file"))
            return
        known = _Known(Conversations(), origins, set())
        for number, raw in enumerate(entries, 1):
            try:
                entry = msgspec.json.decode(raw, type=_Entry)
                route = _route(entry.request)
                found = _found(entry, *route, pricer, known) if route is not None else None
            except _NOT_READ:
                on_bad(BadLine(file, number, "the entry is not complete"))
                continue
            if found is not None:
                yield found
        del entries, raw


def _route(request: _Request) -> tuple[Route, str] | None:
    """Return the route that a request would take at candela, and its path there. None if it asks for no message."""
    url = urlsplit(request.url)
    if request.method != "POST" or not _MESSAGES.search(url.path):
        return None
    query = f"?{url.query}" if url.query else ""
    for route in ROUTES:
        if url.path.startswith(f"{route.prefix}/"):
            return route, url.path.removeprefix(route.prefix) + query
    if url.path.endswith("/messages"):
        return ROUTES[0], f"/v1/messages{query}"
    dialect = Dialect.VERTEX if url.path.endswith("awPredict") else Dialect.BEDROCK
    return next(route for route in ROUTES if route.dialect is dialect), url.path + query


def _found(entry: _Entry, route: Route, path: str, pricer: Pricer, known: "_Known") -> FoundExchange:
    request, response = entry.request, entry.response
    body = request.postData.text.encode("utf-8", "surrogatepass") if request.postData is not None else b""
    answer = _bytes(response.content)
    raw = RawExchange(ClientRequest(request.method, path, _headers(request.headers), body, route))
    raw.started_at = in_utc(entry.startedDateTime)
    raw.id = new_id(raw.started_at)
    timings = entry.timings
    raw.connected_ms = _sum(timings.blocked, timings.dns, timings.connect)
    raw.first_byte_ms = raw.connected_ms + _sum(timings.send, timings.wait)
    raw.end_ms = max(entry.time, raw.first_byte_ms)
    if not raw.end_ms < _LONGEST_MS:
        raise ValueError("it took longer than any request can")
    raw.status = response.status or None
    raw.response_headers = _headers(response.headers)
    if not response.status:
        raw.outcome = Outcome.CANCELLED
    for chunk, at in _chunks(answer, raw, entry):
        raw.recording.add(chunk, at)
    record = ExchangeRecord(raw)
    _read(record, pricer, known)
    exchange = replace(record.exchange, url=redact_url(request.url.partition("?")[0]), imported=Imported.HAR, pid=None)
    recording = raw.recording
    return FoundExchange(exchange, body, tuple(recording.chunks), tuple(recording.times))


class _Known(NamedTuple):
    """What is known of the entries before."""

    conversations: Conversations
    origins: Origins
    sessions: set[str]


def _read(record: ExchangeRecord, pricer: Pricer, known: _Known) -> None:
    """Read the request and its answer as capture does when they cross the proxy."""
    record.read_request()
    record.join(known.conversations)
    if record.request is not None and record.exchange.kind is Kind.MESSAGES:
        if record.exchange.agent_id is None:
            record.exchange = replace(record.exchange, clues=session_clues(record.request))
            if record.exchange.session_id is not None and record.exchange.session_id not in known.sessions:
                record.seek(known.origins)
                known.sessions.add(record.exchange.session_id)
        else:
            record.read_task()
    while record.unread:
        record.read_on()
    while record.behind:
        record.fold()
    record.snapshot(pricer)


def _chunks(answer: bytes, raw: RawExchange, entry: _Entry) -> Iterator[tuple[bytes, float]]:
    """Yield the body of an answer: event by event where their times are known, otherwise at the end."""
    end_ms = raw.end_ms or 0.0
    events = _events(answer)
    if len(events) != len(entry.events):
        yield answer, end_ms
        return
    for event, message in zip(events, entry.events, strict=True):
        at = (message.time - raw.started_at.timestamp()) * 1000
        yield event, min(max(at, raw.first_byte_ms or 0.0), end_ms)


def _events(stream: bytes) -> list[bytes]:
    events, start = [], 0
    for match in _EVENT_END.finditer(stream):
        events.append(stream[start : match.end()])
        start = match.end()
    return [*events, stream[start:]] if stream[start:] else events


def _bytes(content: _Content) -> bytes:
    if content.encoding == "base64":
        return base64.b64decode(content.text)
    return content.text.encode("utf-8", "surrogatepass")


def _headers(pairs: Sequence[_Pair]) -> HeaderList:
    return [(pair.name, pair.value) for pair in pairs if pair.name.lower() not in _DECODED and pair.name[:1] != ":"]


def _sum(*milliseconds: float | None) -> float:
    """Return a sum of HAR's timings, of which -1 means that it does not apply."""
    return sum(each for each in milliseconds if each is not None and each > 0)
