"""candela's span stands between the client's and the provider's, only while telemetry is on."""

from pathlib import Path

from candela_tui.analysis.trust import Bodies, trust_of, trust_rows
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.trace_context import in_own_span
from candela_tui.sinks.telemetry.identifiers import span_of_exchange
from tests.proxy.running import RunningProxy
from tests.sinks.telemetry.asking import ask
from tests.standin import Provider
from tests.standin.otlp import HttpCollector

SESSION = "0c7f5a5e-0000-4000-8000-000000000001"
CLIENTS = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_without_telemetry_the_field_passes_as_it_is(provider: Provider, tmp_path: Path) -> None:
    async with RunningProxy(provider.url, tmp_path) as proxy:
        await ask(proxy, SESSION, traceparent=CLIENTS)
        exchange = await proxy.exchange()
    assert (await provider.request(0)).header("traceparent") == CLIENTS
    assert exchange.adaptations == ()


async def test_with_telemetry_the_provider_gets_candelas_span_as_parent_and_the_user_is_told(
    provider: Provider, tmp_path: Path
) -> None:
    with HttpCollector() as collector:
        sections = {"telemetry": {"otlp_endpoint": collector.url}}
        async with RunningProxy(provider.url, tmp_path, sections=sections) as proxy:
            await ask(proxy, SESSION, traceparent=CLIENTS)
            await ask(proxy, SESSION)
            first, second = sorted(await proxy.ended(2), key=lambda exchange: exchange.id)
    own = f"00-4bf92f3577b34da6a3ce929d0e0e4736-{span_of_exchange(first.id):016x}-01"
    assert (await provider.request(0)).header("traceparent") == own
    assert (await provider.request(1)).header("traceparent") is None
    assert second.adaptations == ()
    [row] = [row for row in trust_rows(trust_of(first, Bodies(b"", b""))) if "traceparent" in row.words and row.label]
    assert row.words == "traceparent · names candela's span as the parent, because [telemetry] is on"
    [span] = [span for span in collector.spans if span.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736"]
    assert span.span_id == span_of_exchange(first.id).to_bytes(8, "big")


def test_a_field_that_the_client_signed_passes_as_it_is() -> None:
    signed = "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;traceparent, Signature=0"
    request = ClientRequest("POST", "/model/x/invoke", [("traceparent", CLIENTS), ("authorization", signed)], b"{}")
    raw = RawExchange(request)
    assert in_own_span(request, raw) is request
    assert raw.changes == ()
