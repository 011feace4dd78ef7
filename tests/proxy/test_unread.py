"""What can't be read is not "ok": an answer is known by its bytes, and what is not known of it makes sums at least."""

import gzip
import json
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.ledger.totals import Totals
from candela_tui.pricing import Pricer
from candela_tui.protocol.encoding import MOST_DECODED_BYTES
from candela_tui.protocol.errors import ApiError
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from tests.protocol.chunks import cuts
from tests.proxy.running import BODY
from tests.standin import message, text, usage, whole_message
from tests.standin.answers import Answer

PRICER = Pricer(PricingSettings())
COUNTING = "/v1/messages/count_tokens"


def body_of(answer: Answer) -> bytes:
    return b"".join(step for step in answer.steps if isinstance(step, bytes))


STREAM = body_of(message(text("naïve ☕"), usage=usage(1000), output_tokens=200))
DOCUMENT = body_of(whole_message(text("naïve ☕"), usage=usage(1000), output_tokens=200))
COST = Decimal("0.01")
"""Of claude-opus-4-8, 1000 in and 200 out."""

ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
HEADERS = {"gzip": ["gzip", "x-gzip", "", "utf-8"], "zstd": ["zstd", "", "none"], "deflate": ["deflate"], "br": ["br"]}


def recorded(
    *chunks: bytes, headers: dict[str, str] | None = None, status: int = 200, path: str = "/v1/messages"
) -> Exchange:
    """What is recorded of an answer that ended by itself."""
    raw = RawExchange(ClientRequest("POST", path, [], BODY))
    raw.connected()
    raw.answered(status, list((headers or {}).items()))
    for chunk in chunks:
        raw.chunk(chunk)
    return ended(raw)


def ended(raw: RawExchange, outcome: Outcome | None = None) -> Exchange:
    raw.ended(outcome)
    record = ExchangeRecord(raw)
    record.read_request()
    while record.behind:
        record.fold()
    record.snapshot(PRICER)
    return record.exchange


def totals(*exchanges: Exchange) -> Totals:
    sums = Totals()
    for exchange in exchanges:
        sums.add(exchange)
    return sums


@given(
    data=st.data(),
    content_type=st.sampled_from([None, "", "text/event-stream", "application/json", "text/plain", "text/html", "x"]),
    body=st.sampled_from([STREAM, DOCUMENT]),
    coding=st.sampled_from([None, *ENCODE]),
)
def test_any_split_and_any_headers_give_the_same_reading(
    data: st.DataObject, content_type: str | None, body: bytes, coding: str | None
) -> None:
    """Claude Code 2.1.332 reads all of these but those whose coding no header names."""
    headers: dict[str, str] = {} if content_type is None else {"Content-Type": content_type}
    if coding is None:
        named = data.draw(st.sampled_from(["", "identity", "utf-8", "none"]))
    else:
        body, named = ENCODE[coding](body), data.draw(st.sampled_from(HEADERS[coding]))
    exchange = recorded(*data.draw(cuts(body)), headers={**headers, "Content-Encoding": named})
    assert (exchange.outcome, exchange.error, exchange.unread) == (Outcome.OK, None, None)
    assert exchange.stop_reason == "end_turn"
    assert exchange.usage is not None
    assert (exchange.usage.input_tokens, exchange.usage.output_tokens) == (1000, 200)
    assert exchange.cost is not None
    assert (exchange.cost.total, exchange.cost.at_least) == (COST, False)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer is empty"),
        (b"<html><head><title>Hotel Wi-Fi</title></head></html>", "a web page and not a message: Hotel Wi-Fi"),
        (b'{"success": false, "msg": "no quota"}', "no quota"),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', "busy"),
        (b'{"error": {"message": "busy"}}', "busy"),
        (b'data: {"error": {"message": "busy"}}\n\n', "busy"),
        (b"upstream connect error", "not a message: upstream connect error"),
    ],
)
@pytest.mark.parametrize("content_type", ["text/event-stream", "application/json", "text/html", ""])
def test_a_good_status_without_a_message_is_an_error_in_the_providers_words(
    body: bytes, words: str, content_type: str
) -> None:
    exchange = recorded(body, headers={"Content-Type": content_type})
    assert exchange.outcome is Outcome.ERROR
    assert exchange.error is not None
    assert exchange.error.message.endswith(words)


@pytest.mark.parametrize(
    ("body", "coding", "outcome", "reason"),
    [
        (gzip.compress(STREAM)[:-9], "gzip", Outcome.CUT, "its gzip encoding is cut short"),
        (gzip.compress(STREAM)[: len(STREAM) // 3], "gzip", Outcome.CUT, "its gzip encoding is cut short"),
        (STREAM, "gzip", Outcome.ERROR, "it is not valid gzip"),
        (gzip.compress(STREAM), "zstd", Outcome.ERROR, "it is not valid zstd"),
        (gzip.compress(bytes(MOST_DECODED_BYTES + 1), 1), "gzip", Outcome.ERROR, "it decodes to more than 64 MiB"),
        (b"\x1f\x9d\x90", "compress", Outcome.ERROR, "unknown content encoding 'compress'"),
        (STREAM, "gzip, gzip, gzip, gzip, gzip", Outcome.ERROR, "5 content encodings, one over the other"),
    ],
    ids=["without its end", "a third", "plain", "of another coding", "a bomb", "unknown", "too many"],
)
def test_what_cannot_be_decoded_is_recorded_with_the_reason_and_is_not_ok(
    body: bytes, coding: str, outcome: Outcome, reason: str
) -> None:
    exchange = recorded(body, headers={"Content-Type": "text/event-stream", "Content-Encoding": coding})
    assert (exchange.outcome, exchange.unread) == (outcome, f"the answer can't be decoded: {reason}")
    assert exchange.error == ApiError("cut" if outcome is Outcome.CUT else "api_error", exchange.unread)
    assert (totals(exchange).unread, totals(exchange).at_least) == (1, True)


def test_an_error_whose_words_cannot_be_decoded_says_so() -> None:
    exchange = recorded(b"{}", status=429, headers={"Content-Encoding": "gzip"})
    assert exchange.error == ApiError(
        "rate_limit_error", "HTTP 429, and the answer can't be decoded: it is not valid gzip"
    )
    assert exchange.unread is None


def with_usage(**counts: Any) -> bytes:
    return body_of(message(text("hi"), usage=usage(1000), final_usage=counts))


@pytest.mark.parametrize("spelled", [200, 200.0, "200", "2e2"])
def test_a_count_in_any_spelling_is_counted(spelled: Any) -> None:
    exchange = recorded(with_usage(output_tokens=spelled))
    assert exchange.cost is not None
    assert (exchange.cost.total, exchange.cost.at_least, exchange.unread) == (COST, False, None)


@pytest.mark.parametrize("spelled", [200.45, "200.45"])
def test_a_count_that_is_not_whole_is_counted_as_at_least(spelled: Any) -> None:
    exchange = recorded(with_usage(output_tokens=spelled))
    assert exchange.cost is not None
    assert (exchange.cost.total, exchange.cost.at_least) == (COST, True)
    assert exchange.unread == "the usage has counts that are not whole numbers: output_tokens 200.45"


def test_a_message_without_usage_makes_every_sum_at_least() -> None:
    bare = json.dumps({"type": "message", "model": "claude-opus-4-8", "content": [], "stop_reason": "end_turn"})
    silent = recorded(bare.encode())
    assert (silent.outcome, silent.cost, silent.unread) == (Outcome.OK, None, "the answer states no usage")
    sums = totals(silent, recorded(STREAM))
    assert (sums.cost, sums.at_least, sums.unread, sums.unpriced) == (COST, True, 1, 0)


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.CUT, Outcome.INTERRUPTED])
def test_a_message_that_broke_off_before_its_usage_is_unread(outcome: Outcome) -> None:
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], BODY))
    raw.connected()
    exchange = ended(raw, outcome)
    assert (exchange.outcome, exchange.unread) == (outcome, "it ended before the provider answered")
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], BODY))
    raw.answered(200, [("Content-Type", "text/event-stream")])
    assert ended(raw, outcome).unread == "it ended before the provider stated its usage"


def test_what_never_reached_a_provider_costs_nothing() -> None:
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], BODY))
    assert ended(raw, Outcome.CANCELLED).unread is None


@pytest.mark.parametrize("status", [400, 429, 500, 529])
def test_an_error_is_not_billed(status: int) -> None:
    exchange = recorded(b'{"type":"error","error":{"type":"x","message":"no"}}', status=status)
    assert exchange.unread is None
    assert not totals(exchange).at_least


@pytest.mark.parametrize("body", [b'{"input_tokens": 5}', b"", b"<html>", b"{"])
def test_what_asks_for_no_message_needs_no_usage(body: bytes) -> None:
    exchange = recorded(body, path=COUNTING)
    assert exchange.unread is None
    assert exchange.outcome is (Outcome.CUT if body == b"{" else Outcome.OK)


def test_a_client_that_leaves_after_message_stop_has_a_whole_answer_however_it_is_encoded() -> None:
    compressor = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    raw = RawExchange(ClientRequest("POST", "/v1/messages", [], BODY))
    raw.answered(200, [("Content-Encoding", "gzip")])
    raw.chunk(compressor.compress(STREAM) + compressor.flush(zlib.Z_SYNC_FLUSH))
    exchange = ended(raw, Outcome.CANCELLED)
    assert (exchange.outcome, exchange.unread) == (Outcome.OK, None)
