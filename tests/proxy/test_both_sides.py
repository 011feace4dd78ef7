"""What is recorded where candela stands between two forms of the same exchange."""

import json
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candela_tui.config import PricingSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.pricing import Pricer
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.headers import HeaderList
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import Provider, route_to
from candela_tui.providers.upstream import Attempt, ClientRequest, ProviderRequest, Reply, Translation
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.capture.record import ExchangeRecord
from candela_tui.sinks.store import StoreSink
from candela_tui.store.reader import StoreReader
from tests.proxy.running import route_speaking
from tests.standin import message, text, tool_use, usage
from tests.standin.event_frames import EVENT_STREAM, METRICS, chunk, frame
from tests.store.recording import writing

PRICER = Pricer(PricingSettings())
ASKED = b'{"model":"claude-sonnet-4-5","stream":true,"messages":[{"role":"user","content":"hi"}]}'
SENT = b'{"anthropic_version":"vertex-2023-10-16","stream":true,"messages":[{"role":"user","content":"hi"}]}'
EVENTS = [("Content-Type", "text/event-stream")]
DROPPED = Adaptation("beta", "context-management-2025-06-27", "Vertex AI does not know it")


async def _no_other(status: int, headers: HeaderList, body: bytes) -> Attempt | Reply | None:
    return None


def _never(status: int, headers: HeaderList) -> Translation:
    raise AssertionError


def raw(
    path: str = "/v1/messages",
    dialect: str = "messages",
    body: bytes = ASKED,
    *,
    headers: HeaderList | None = None,
    provider: Provider | None = None,
) -> RawExchange:
    route = route_speaking(dialect) if provider is None else route_to(provider)
    return RawExchange(ClientRequest("POST", path, headers or [], body, route))


def attempt(
    body: bytes = SENT, *, translates: bool = False, headers: Sequence[tuple[str, str]] = (), **more: Any
) -> Attempt:
    url = "https://us-east5-aiplatform.googleapis.com/v1/x:streamRawPredict?alt=sse"
    known = {
        "request": ProviderRequest("POST", url, list(headers), body),
        "provider": "vertex",
        "region": "us-east5",
        "translate": _never if translates else None,
        "on_error": _no_other,
    }
    return Attempt(**{**known, **more})


def recorded(of: RawExchange) -> Exchange:
    record = ExchangeRecord(of)
    record.read_request()
    while record.behind:
        record.fold()
    record.snapshot(PRICER)
    return record.exchange


def answer(**more: Any) -> bytes:
    """A stream of Messages."""
    steps = message(text("naïve ☕"), model="claude-sonnet-4-5-20250929", **more).steps
    return b"".join(step for step in steps if isinstance(step, bytes))


class TestAMappedRequest:
    def test_is_recorded_with_what_the_provider_was_asked(self) -> None:
        of = raw()
        secret = [("Authorization", "Bearer ya29.very-secret"), ("anthropic-beta", "effort-2025-11-24")]
        of.attempted(attempt(headers=secret, model="claude-sonnet-4-5@20250929", adaptations=(DROPPED,)))
        of.passes_untouched()
        of.answered(200, [*EVENTS, ("request-id", "req_vrtx_1"), ("retry-after", "3")])
        of.chunk(answer(usage=usage(1_000_000)))
        of.ended()
        exchange = recorded(of)
        assert (exchange.provider, exchange.region, exchange.outcome) == ("vertex", "us-east5", Outcome.OK)
        assert (exchange.model, exchange.model_sent) == ("claude-sonnet-4-5", "claude-sonnet-4-5@20250929")
        assert (exchange.adaptations, exchange.differences) == ((DROPPED,), ())
        assert exchange.url == "https://us-east5-aiplatform.googleapis.com/v1/x:streamRawPredict"
        assert exchange.request_id == "req_vrtx_1"
        assert exchange.provider_request_headers == (("Authorization", "Bearer [redacted]"), secret[1])
        assert (exchange.provider_status, exchange.provider_response_headers) == (None, ())
        assert exchange.cost is not None
        # 6 USD a million for a long prompt of Sonnet 4.5, and a tenth more in a region.
        assert exchange.cost.input == Decimal("6.6")

    def test_ends_as_its_newest_attempt_did_with_everything_that_was_changed(self) -> None:
        of = raw()
        of.attempted(attempt(model="one", adaptations=(DROPPED,)))
        of.provider_answered(400, [("x-amzn-RequestId", "first")])
        of.received(b"invalid beta flag")
        again = Adaptation("retry", "effort-2025-11-24", "the model refused it")
        of.attempted(attempt(b"without", model="two", adaptations=(DROPPED, again), region="eu"))
        of.provider_answered(429, [("x-amzn-requestid", "second"), ("Retry-After", "7")])
        of.received(b"slow down")
        of.answered(429, [("Content-Type", "application/json")])
        of.chunk(b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}')
        of.ended()
        exchange = recorded(of)
        assert (exchange.model_sent, exchange.region, exchange.adaptations) == ("two", "eu", (DROPPED, again))
        assert (exchange.status, exchange.provider_status, exchange.request_id) == (429, 429, "second")
        assert exchange.rate_limits == (("retry-after", "7"),)
        assert exchange.error is not None
        assert exchange.error.type == "rate_limit_error"
        assert of.recording.provider is not None
        assert (of.recording.provider.request, of.recording.provider.chunks) == (b"without", [b"slow down"])

    def test_tells_what_the_provider_said_also_where_it_broke_off_before_the_client_got_anything(self) -> None:
        of = raw()
        of.attempted(attempt())
        of.provider_answered(500, [("x-amzn-requestid", "r-1")])
        of.received(b"half an err")
        of.ended(Outcome.CUT)
        exchange = recorded(of)
        assert (exchange.outcome, exchange.status, exchange.provider_status) == (Outcome.CUT, None, 500)
        assert exchange.request_id == "r-1"

    def test_that_never_went_out_is_still_its_routes(self) -> None:
        of = raw(provider=Provider.BEDROCK)
        of.answered(401, [("Content-Type", "application/json")])
        of.chunk(b'{"type":"error","error":{"type":"authentication_error","message":"run aws sso login"}}')
        of.ended()
        exchange = recorded(of)
        assert (exchange.provider, exchange.url, exchange.status) == ("bedrock", "", 401)

    def test_costs_real_money_whatever_token_the_client_has_for_anthropic(self) -> None:
        headers = [("Authorization", "Bearer sk-ant-oat01-secret")]
        of = raw(headers=headers, provider=Provider.VERTEX)
        assert not recorded(of).subscription
        of.attempted(attempt())
        assert not recorded(of).subscription
        assert recorded(raw(headers=headers)).subscription


class TestANativeRequest:
    PATH = "/projects/p/locations/global/publishers/anthropic/models/claude-opus-4-8:streamRawPredict"
    USER = rb'"{\"device_id\":\"d\",\"session_id\":\"s-1\"}"'
    BODY = b'{"anthropic_version":"vertex-2023-10-16","metadata":{"user_id":%b},"messages":[]}' % USER

    def test_of_vertex_is_read_and_priced_like_any_other(self) -> None:
        headers = [("x-claude-code-agent-id", "a-1"), ("Authorization", "Bearer theirs")]
        of = raw(self.PATH, "vertex", self.BODY, headers=headers)
        of.attempted(attempt(self.BODY, headers=headers, region="global"))
        of.passes_untouched()
        of.answered(200, EVENTS)
        of.chunk(answer(usage=usage(12)))
        of.ended()
        exchange = recorded(of)
        assert (exchange.kind, exchange.model, exchange.streamed) == (Kind.MESSAGES, "claude-opus-4-8", True)
        assert (exchange.session_id, exchange.agent_id, exchange.dialect) == ("s-1", "a-1", "vertex")
        assert exchange.cost is not None
        # The client's own fields went out.
        assert exchange.provider_request_headers == ()
        assert of.recording.provider is None

    def test_that_candela_signs_shows_what_was_added(self) -> None:
        of = raw(self.PATH, "vertex", self.BODY)
        of.attempted(attempt(self.BODY, headers=[("Authorization", "Bearer ya29.secret")]))
        assert recorded(of).provider_request_headers == (("Authorization", "Bearer [redacted]"),)

    def test_that_counts_tokens_costs_nothing_and_lacks_no_price(self) -> None:
        body = b'{"model":"an-unknown-model","messages":[]}'
        path = "/projects/p/locations/global/publishers/anthropic/models/count-tokens:rawPredict"
        of = raw(path, "vertex", body)
        of.attempted(attempt(body))
        of.passes_untouched()
        of.answered(200, [("Content-Type", "application/json")])
        of.chunk(b'{"input_tokens":42}')
        of.ended()
        exchange = recorded(of)
        assert (exchange.kind, exchange.cost, exchange.unpriced_model) == (Kind.COUNT_TOKENS, None, None)


class TestBedrocksOwnStream:
    ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2"
    EVENTS = (
        {
            "type": "message_start",
            "message": {"id": "m", "type": "message", "model": "claude-haiku-4-5-20251001", "usage": usage(1_000_000)},
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 0}},
    )

    def crossed(self, *frames: bytes) -> Exchange:
        of = raw(f"/model/{quote(self.ARN, safe='')}/invoke-with-response-stream", "bedrock", b'{"messages":[]}')
        of.attempted(attempt(b'{"messages":[]}', provider="bedrock", region="us-east-1"))
        of.passes_untouched()
        of.answered(200, [("Content-Type", EVENT_STREAM), ("x-amzn-RequestId", "r-1")])
        for each in frames:
            of.chunk(each)
        of.ended()
        return recorded(of)

    def test_is_read_as_what_it_says(self) -> None:
        stop = {"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}
        exchange = self.crossed(*map(chunk, (*self.EVENTS, stop)))
        assert (exchange.outcome, exchange.stop_reason, exchange.request_id) == (Outcome.OK, "end_turn", "r-1")
        assert (exchange.model, exchange.model_used) == (self.ARN, "claude-haiku-4-5-20251001")
        # The ARN hides the model: it is no other one than was asked for, and what answered has a price.
        assert exchange.differences == ()
        assert exchange.cost is not None
        assert exchange.cost.total == Decimal("1.1")
        assert dict(exchange.provider_metrics)["firstByteLatency"] == str(METRICS["firstByteLatency"])

    def test_that_ends_in_an_exception_is_an_error_in_amazons_words(self) -> None:
        exchange = self.crossed(
            *map(chunk, self.EVENTS[:3]),
            frame({":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"slow down"}'),
        )
        assert exchange.outcome is Outcome.ERROR
        assert exchange.error is not None
        assert exchange.error.message == "slow down"
        assert exchange.cost is not None
        assert exchange.cost.at_least

    def test_that_ends_early_is_cut(self) -> None:
        assert self.crossed(*map(chunk, self.EVENTS)).outcome is Outcome.CUT


class TestAChatCompletion:
    BODY = (
        b'{"model":"claude-sonnet-4-5","stream":true,"service_tier":"flex","messages":[{"role":"user","content":"hi"}]}'
    )

    def test_is_understood_from_the_providers_side(self) -> None:
        of = raw("/v1/chat/completions", "openai", self.BODY)
        of.attempted(attempt(translates=True))
        of.provider_answered(200, [*EVENTS, ("request-id", "req_1")])
        of.answered(200, EVENTS)
        steps = message(
            text("Once"), tool_use("Bash", {"command": "ls"}), model="claude-sonnet-4-5", usage=usage(12, read=90)
        ).steps
        for step in steps:
            assert isinstance(step, bytes)
            of.received(step)
            of.chunk(b'data: {"object":"chat.completion.chunk"}\n\n')
        of.ended()
        exchange = recorded(of)
        assert exchange.usage is not None
        assert (exchange.usage.input_tokens, exchange.usage.cache_read_tokens) == (12, 90)
        assert (exchange.stop_reason, exchange.tools_called, exchange.differences) == ("tool_use", ("Bash",), ())
        assert (exchange.kind, exchange.dialect, exchange.request_id) == (Kind.MESSAGES, "openai", "req_1")
        assert exchange.response_bytes == sum(map(len, of.recording.chunks))
        assert of.recording.provider is not None
        brought = next(place for place, chunk in enumerate(of.recording.provider.chunks) if b"Once" in chunk)
        assert exchange.marks.first_token == of.recording.provider.times[brought]

    def test_that_fails_is_read_as_the_client_got_it(self) -> None:
        of = raw("/v1/chat/completions", "openai", self.BODY)
        of.attempted(attempt(translates=True))
        of.provider_answered(403, [])
        of.received(b'[{"error":{"code":403,"message":"enable it","status":"PERMISSION_DENIED"}}]')
        of.answered(403, [("Content-Type", "application/json")])
        of.chunk(b'{"error":{"message":"enable it in the console","type":"permission_error","code":null}}')
        of.ended()
        exchange = recorded(of)
        assert (exchange.outcome, exchange.status, exchange.provider_status) == (Outcome.ERROR, 403, 403)
        assert exchange.error is not None
        assert exchange.error.message == "enable it in the console"

    def test_is_no_matter_of_messages_on_the_same_route(self) -> None:
        assert recorded(raw("/v1/messages?beta=true", "openai")).dialect == "messages"


BYTES = st.binary(max_size=200)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_store_gives_back_what_crossed_on_both_sides_whatever_happened(data: st.DataObject) -> None:
    """Attempts that fail, one that is answered untouched or in another form, and the store asking at any moment."""
    request = data.draw(BYTES)
    of = raw(body=request)
    record = ExchangeRecord(of)
    record.read_request()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "candela.db"
        with writing(path) as (writer, reports):
            store = StoreSink(writer)
            store.began(record.exchange, of.recording)

            def look() -> None:
                if data.draw(st.booleans()):
                    while record.behind:
                        record.fold()
                    record.snapshot(PRICER)
                    store.grew(record.exchange, record.take_growth())

            for _ in range(data.draw(st.integers(0, 2))):
                of.attempted(attempt(data.draw(BYTES)))
                look()
                of.provider_answered(400, [])
                of.received(data.draw(BYTES))
                look()
            how = data.draw(st.sampled_from(["untouched", "translated", "replied", "broken"]))
            if how != "replied":
                same = data.draw(st.booleans())
                of.attempted(attempt(request if same else data.draw(BYTES), translates=how == "translated"))
                look()
            if how == "untouched":
                of.passes_untouched()
            if how == "translated":
                of.provider_answered(200, [])
            if how != "broken":
                of.answered(200, EVENTS)
                for _ in range(data.draw(st.integers(0, 4))):
                    if how == "translated" and data.draw(st.booleans()):
                        of.received(data.draw(BYTES))
                    if data.draw(st.booleans()):
                        of.chunk(data.draw(BYTES))
                    look()
            of.ended(Outcome.CUT if how == "broken" else None)
            record.snapshot(PRICER)
            store.ended(record.exchange, record.take_growth(rest=True))
        assert reports.problems == []
        reader = StoreReader(path)
        own, provider = of.recording, of.recording.provider
        assert reader.request_body(of.id) == own.request
        assert reader.response_chunks(of.id)[0] == own.chunks
        assert reader.provider_request_body(of.id) == (provider.request if provider else None)
        chunks, times = reader.provider_response_chunks(of.id)
        assert chunks == (provider.chunks if provider else [])
        assert times == pytest.approx(provider.times if provider else [], abs=0.001)


def test_a_translated_answer_that_is_live_is_seen_on_both_sides() -> None:
    of = raw()
    of.attempted(attempt(translates=True))
    record = ExchangeRecord(of)
    record.read_request()
    record.snapshot(PRICER)
    assert not record.changed
    of.provider_answered(200, [("x-amzn-requestid", "r-1")])
    of.answered(200, EVENTS)
    of.received(b"half a frame")
    assert record.has_grown
    growth = record.take_growth()
    side = growth.provider
    assert growth.chunks == []
    assert side is not None
    assert (side.request, list(side.chunks), side.untouched) == (SENT, [b"half a frame"], False)
    assert not record.has_grown
    of.chunk(answer()[:40])
    assert record.changed
    record.snapshot(PRICER)
    assert (record.exchange.provider_status, record.exchange.response_bytes) == (200, 40)
    assert json.dumps(record.exchange.provider_response_headers) == '[["x-amzn-requestid", "r-1"]]'
