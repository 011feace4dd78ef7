"""Requests as an HTTP Archive 1.2, which browsers and HTTP tools open.

Source: http://www.softwareishard.com/blog/har-12-spec/. Names with an underscore are extensions: those of Chromium for
the events of a stream, and ``_candela`` with the fields of ``candela requests --json``.
"""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from candela_tui import __version__
from candela_tui.analysis.labels import missing_body
from candela_tui.exchange import Exchange, Kept
from candela_tui.exchange.facts import Context, iso_time
from candela_tui.protocol.answer_form import AnswerForm
from candela_tui.protocol.headers import Headers, header
from candela_tui.reports.body import AnswerBody, TimedEvent, read_answer_body, read_request_body
from candela_tui.reports.json_text import json_line
from candela_tui.reports.records import request_record
from candela_tui.reports.report import Export, Report
from candela_tui.reports.request_url import client_url
from candela_tui.store.errors import StoreError
from candela_tui.store.history import Bodies

_UNKNOWN = -1
"""What the format has where a number is not known."""
_HTTP = "HTTP/1.1"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_EVENT_STREAM = "text/event-stream"


def _pieces(export: Export) -> Iterator[bytes]:
    head = {"version": "1.2", "creator": {"name": "candela", "version": __version__}}
    yield b'{"log":' + json_line(head)[:-1] + b',"entries":['
    between = b"\n"
    for read in export.sessions:
        for exchange in read.exchanges:
            yield between + json_line(_entry(exchange, read.contexts[exchange.id], export.bodies))
            between = b",\n"
    yield b"\n]}}\n"


def _entry(listed: Exchange, context: Context, bodies: Bodies) -> dict[str, Any]:
    """Return the entry of one request. What can't be read is said in its comment."""
    troubles: list[str] = []
    exchange, request, answer = listed, None, AnswerBody()
    try:
        exchange = bodies.exchange(listed.id) or listed
        request = bodies.request_body(listed.id)
        answer = read_answer_body(exchange.response_headers or (), *bodies.response_chunks(listed.id))
    except StoreError as error:
        troubles.append(str(error))
    if listed.kept is not Kept.FULL:
        troubles.append(missing_body(listed))
    if answer.trouble is not None:
        troubles.append(f"The rest of the response can't be decoded: {answer.trouble}")
    timings = _timings(exchange)
    entry: dict[str, Any] = {
        "startedDateTime": iso_time(exchange.started_at),
        "time": round(sum(value for value in timings.values() if value > 0), 3),
        "request": _request(exchange, request),
        "response": _response(exchange, answer),
        "cache": {},
        "timings": timings,
        "_resourceType": "fetch",
        "_candela": request_record(exchange, context),
    }
    if answer.events:
        entry["_eventSourceMessages"] = [_message(exchange, event) for event in answer.events]
    if troubles:
        entry["comment"] = " ".join(troubles)
    return entry


def _request(exchange: Exchange, body: bytes | None) -> dict[str, Any]:
    headers = exchange.request_headers or ()
    url = client_url(exchange)
    request = {
        "method": exchange.method,
        "url": url,
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _fields(headers),
        "queryString": _fields(tuple(parse_qsl(url.partition("?")[2], keep_blank_values=True))),
        "headersSize": _UNKNOWN,
        "bodySize": exchange.request_bytes,
    }
    if body:
        text = read_request_body(headers, body).decode("utf-8", "replace")
        request["postData"] = {"mimeType": header(headers, "content-type") or "", "text": text}
    return request


def _response(exchange: Exchange, answer: AnswerBody) -> dict[str, Any]:
    headers = exchange.response_headers or ()
    status = exchange.status or 0
    return {
        "status": status,
        "statusText": _PHRASES.get(status, ""),
        "httpVersion": _HTTP,
        "cookies": [],
        "headers": _fields(headers),
        "content": _content(exchange, answer),
        "redirectURL": header(headers, "location") or "",
        "headersSize": _UNKNOWN,
        "bodySize": exchange.response_bytes,
        "_transferSize": exchange.response_bytes,
    }


def _content(exchange: Exchange, answer: AnswerBody) -> dict[str, Any]:
    stated = header(exchange.response_headers or (), "content-type")
    content = {
        "size": len(answer.data),
        # A stream without this type, or with another, is not shown as one.
        "mimeType": _EVENT_STREAM if answer.form is AnswerForm.EVENTS else stated or "",
    }
    if len(answer.data) != exchange.response_bytes:
        content["compression"] = len(answer.data) - exchange.response_bytes
    if answer.data:
        try:
            content["text"] = answer.data.decode()
        except UnicodeDecodeError:
            content |= {"text": b64encode(answer.data).decode(), "encoding": "base64"}
    return content


def _timings(exchange: Exchange) -> dict[str, float]:
    """Return how long each phase took, in milliseconds. Of the time before a connection was available, candela does not
    know how much was for DNS and TLS, and of the time to the first byte, how much for sending."""
    marks = exchange.marks
    end = marks.end if marks.end is not None else max(filter(None, (marks.first_byte, marks.connected)), default=0.0)
    connected = marks.connected if marks.connected is not None else end
    first_byte = marks.first_byte if marks.first_byte is not None else end
    return {
        "blocked": round(connected, 3),
        "dns": _UNKNOWN,
        "connect": _UNKNOWN,
        "ssl": _UNKNOWN,
        "send": 0,
        "wait": round(max(0.0, first_byte - connected), 3),
        "receive": round(max(0.0, end - first_byte), 3),
    }


def _message(exchange: Exchange, timed: TimedEvent) -> dict[str, Any]:
    at = exchange.started_at + timedelta(milliseconds=timed.at_ms)
    return {
        "time": at.timestamp(),
        "eventName": timed.event.name or "message",
        "eventId": "",
        "data": timed.event.data.decode("utf-8", "replace"),
    }


def _fields(pairs: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


HAR = Report("har", "HAR", ".har", _pieces, about="for browsers and HTTP tools")
