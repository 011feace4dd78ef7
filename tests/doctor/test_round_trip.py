"""A round trip to each provider: real sockets, real TLS, real proxies."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.providers import check_providers
from candela_tui.doctor.round_trip import RoundTripError, round_trip
from candela_tui.providers import identity
from candela_tui.providers.registry import checks_of
from tests.doctor.conftest import MakeContext
from tests.e2e.candela import free_port
from tests.e2e.connect_proxy import ConnectProxy
from tests.standin import Provider, ReceivedRequest
from tests.standin.answers import Answer, json_answer

PLAIN = ssl.create_default_context()


async def checked(context: DoctorContext) -> tuple[CheckResult, CheckResult]:
    """The way to Anthropic, and the clock."""
    way, clock = await check_providers(context)
    assert (way.id, clock.id) == ("provider.anthropic", "machine.clock")
    return way, clock


def at(provider: Provider, ahead: timedelta = timedelta(), status: int = 404) -> None:
    now = datetime.now(UTC) + ahead
    provider.respond = lambda _request: json_answer({}, status, [("Date", format_datetime(now, usegmt=True))])


async def test_a_provider_that_answers_is_timed_step_by_step(make_context: MakeContext, provider: Provider) -> None:
    at(provider)
    way, clock = await checked(make_context({"anthropic": {"base_url": provider.url}}))
    assert way.state is CheckState.OK
    assert [part in way.words for part in ("DNS", "TCP", "TLS", "first byte")] == [True, True, False, True]
    assert (clock.state, clock.words) == (CheckState.OK, "agrees with the provider's")
    [request] = provider.requests
    assert (request.method, request.path) == ("HEAD", "/v1/messages")
    assert {name.lower() for name, _ in request.headers} == {"host", "connection"}


async def test_over_tls_the_handshake_is_timed_too(
    make_context: MakeContext, tls_provider: Provider, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(tls_provider.ca_pem)
    sections = {"anthropic": {"base_url": tls_provider.url}, "proxy": {"ca_bundle": str(bundle)}}
    way, _ = await checked(make_context(sections))
    assert way.state is CheckState.OK
    assert "TLS" in way.words


async def test_a_certificate_that_is_not_trusted_is_explained(
    make_context: MakeContext, tls_provider: Provider
) -> None:
    way, clock = await checked(make_context({"anthropic": {"base_url": tls_provider.url}}))
    assert way.state is CheckState.BAD
    assert way.words.startswith("the certificate of localhost is not accepted: ")
    assert "proxy.ca_bundle" in way.fix
    assert (clock.state, clock.words) == (CheckState.UNKNOWN, "no provider gave the time")


async def test_the_trip_goes_through_the_http_proxy_that_candela_would_take(
    make_context: MakeContext, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    async with ConnectProxy("api.anthropic.com", provider.url) as proxy:
        bundle.write_bytes(proxy.ca_pem)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:p4ssword@"))
        way, _ = await checked(make_context({"proxy": {"ca_bundle": str(bundle)}}))
        assert way.state is CheckState.OK
        assert f"through the HTTP proxy {urlsplit(proxy.url).netloc}" in way.words
        assert "p4ssword" not in way.words
        refused, _ = await checked(make_context({"anthropic": {"base_url": "https://other.example"}}))
        assert (refused.state, refused.words) == (
            CheckState.BAD,
            "the HTTP proxy refuses connections to other.example:443 (status 502)",
        )


async def test_a_proxy_that_wants_a_password_is_told(provider: Provider) -> None:
    provider.respond = lambda _request: json_answer({}, 407)
    for url in ("https://other.example", "http://other.example"):
        with pytest.raises(RoundTripError, match="requires a user name and password"):
            await round_trip(url, provider.url, PLAIN)


async def test_nobody_listening_is_told(make_context: MakeContext, nobody_listens: str) -> None:
    way, _ = await checked(make_context({"anthropic": {"base_url": f"http://{nobody_listens}"}}))
    assert (way.state, way.words) == (CheckState.BAD, f"no connection to {nobody_listens}: connection refused")


async def test_a_name_that_does_not_exist_is_told(make_context: MakeContext) -> None:
    way, _ = await checked(make_context({"anthropic": {"base_url": "https://no-such-host.invalid"}}))
    assert way.state is CheckState.BAD
    assert way.words.startswith("the name no-such-host.invalid can't be resolved: ")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "closed the connection without an answer"),
        (b"220 mail.example ESMTP\r\n\r\n", "does not respond with HTTP"),
    ],
)
async def test_what_is_no_http_server_is_told(said: bytes, words: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RoundTripError, match=words):
            await round_trip(f"http://127.0.0.1:{port}", None, PLAIN)


async def test_what_speaks_no_tls_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(RoundTripError, match=r"no TLS with 127\.0\.0\.1"):
            await round_trip(f"https://127.0.0.1:{port}", None, PLAIN)


async def test_a_provider_in_trouble_is_warned_of(make_context: MakeContext, provider: Provider) -> None:
    at(provider, status=503)
    way, _ = await checked(make_context({"anthropic": {"base_url": provider.url}}))
    assert way.state is CheckState.WARN
    assert way.words.endswith("it answers with status 503")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://me:p4ss@gateway.example:8443/secret?key=1", "a redirect to https://gateway.example:8443"),
        ("/login?key=1", "a redirect"),
        (None, "a redirect"),
    ],
)
async def test_a_redirect_is_a_warning_that_names_the_host_only(
    make_context: MakeContext, provider: Provider, location: str | None, words: str
) -> None:
    fields = [("Location", location)] if location else []
    provider.respond = lambda _request: json_answer({}, 307, fields)
    way, _ = await checked(make_context({"anthropic": {"base_url": provider.url}}))
    assert way.state is CheckState.WARN
    assert way.words.endswith(f"; it answers with {words}")
    assert "base_url" in way.fix


async def test_a_redirect_away_from_where_no_request_goes_is_nothing(
    make_context: MakeContext, provider: Provider
) -> None:
    def respond(request: ReceivedRequest) -> Answer:
        if request.path in ("/", "/gateway"):
            return json_answer({}, 302, [("Location", "https://docs.example/")])
        return json_answer({}, 405)

    provider.respond = respond
    way, _ = await checked(make_context({"anthropic": {"base_url": f"{provider.url}/gateway"}}))
    assert way.state is CheckState.OK
    assert [request.path for request in provider.requests] == ["/gateway/v1/messages"]


async def test_a_login_page_is_not_an_answer(make_context: MakeContext, provider: Provider) -> None:
    provider.respond = lambda _request: Answer([], headers=(("Content-Type", "text/html; charset=utf-8"),))
    way, _ = await checked(make_context({"anthropic": {"base_url": provider.url}}))
    assert way.state is CheckState.WARN
    assert way.words.endswith("it answers with a web page instead of an API's response")


async def test_a_base_url_that_is_candelas_own_address_is_a_problem(make_context: MakeContext) -> None:
    port = free_port()
    way, _ = await checked(
        make_context({"anthropic": {"base_url": f"http://localhost:{port}"}, "proxy": {"port": port}})
    )
    assert (way.state, way.words) == (CheckState.BAD, f"http://localhost:{port} is candela's own address")


async def test_an_http_proxy_that_does_not_run_is_named(
    make_context: MakeContext, monkeypatch: pytest.MonkeyPatch, nobody_listens: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{nobody_listens}")
    way, _ = await checked(make_context({"anthropic": {"base_url": "https://other.example"}}))
    words = f"the HTTP proxy can't be reached: no connection to {nobody_listens}: connection refused"
    assert (way.state, way.words) == (CheckState.BAD, words)
    assert "HTTPS_PROXY" in way.fix


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (timedelta(minutes=10), CheckState.BAD, "10 minutes behind the provider's"),
        (timedelta(hours=-3), CheckState.BAD, "3 hours ahead of the provider's"),
        (timedelta(seconds=90), CheckState.WARN, "seconds behind the provider's"),
    ],
)
async def test_a_clock_that_is_wrong_is_told_with_what_it_breaks(
    make_context: MakeContext, provider: Provider, ahead: timedelta, state: CheckState, words: str
) -> None:
    at(provider, ahead)
    _, clock = await checked(make_context({"anthropic": {"base_url": provider.url}}))
    assert clock.state is state
    assert words in clock.words
    assert "timedatectl" in clock.fix
    assert ("InvalidSignatureException" in clock.words) is (state is CheckState.BAD)


async def test_a_region_that_is_none_is_told(make_context: MakeContext) -> None:
    sections = {"proxy": {"default_route": "anthropic-vertex"}}
    checks = await check_providers(make_context(sections, environ={"CLOUD_ML_REGION": "US-East"}))
    assert checks[0].state is CheckState.BAD
    assert "'US-East' is no location of Vertex AI" in checks[0].words


@pytest.mark.parametrize("provider", identity.Provider)
async def test_each_provider_has_a_url_to_reach_before_region_and_project_are_known(
    provider: identity.Provider, home: Path, make_context: MakeContext
) -> None:
    context = make_context({"foundry": {"resource": "mine"}}, environ={"ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID": "w"})
    url = urlsplit(await checks_of(provider).endpoint(context))
    assert (url.scheme, "." in (url.hostname or "")) == ("https", True)
