"""A round trip to each provider: real sockets, real TLS, real proxies."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from candela_tui.diagnosis.check import Check, State
from candela_tui.diagnosis.patient import Patient
from candela_tui.diagnosis.providers import check_providers
from candela_tui.diagnosis.round_trip import Failed, round_trip
from tests.diagnosis.conftest import MakePatient
from tests.e2e.connect_proxy import ConnectProxy
from tests.standin import Provider
from tests.standin.answers import json_answer

PLAIN = ssl.create_default_context()


async def checked(patient: Patient) -> tuple[Check, Check]:
    """The way to Anthropic, and the clock."""
    way, clock = await check_providers(patient)
    assert (way.id, clock.id) == ("provider.anthropic", "machine.clock")
    return way, clock


def at(provider: Provider, ahead: timedelta = timedelta(), status: int = 404) -> None:
    now = datetime.now(UTC) + ahead
    provider.respond = lambda _request: json_answer({}, status, [("Date", format_datetime(now, usegmt=True))])


async def test_a_provider_that_answers_is_timed_step_by_step(make_patient: MakePatient, provider: Provider) -> None:
    at(provider)
    way, clock = await checked(make_patient({"anthropic": {"base_url": provider.url}}))
    assert way.state is State.OK
    assert [part in way.words for part in ("DNS", "TCP", "TLS", "first byte")] == [True, True, False, True]
    assert (clock.state, clock.words) == (State.OK, "agrees with the provider's")
    [request] = provider.requests
    assert request.method == "HEAD"
    assert {name.lower() for name, _ in request.headers} == {"host", "connection"}


async def test_over_tls_the_handshake_is_timed_too(
    make_patient: MakePatient, tls_provider: Provider, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(tls_provider.ca_pem)
    sections = {"anthropic": {"base_url": tls_provider.url}, "proxy": {"ca_bundle": str(bundle)}}
    way, _ = await checked(make_patient(sections))
    assert way.state is State.OK
    assert "TLS" in way.words


async def test_a_certificate_that_is_not_trusted_is_explained(
    make_patient: MakePatient, tls_provider: Provider
) -> None:
    way, clock = await checked(make_patient({"anthropic": {"base_url": tls_provider.url}}))
    assert way.state is State.BAD
    assert way.words.startswith("the certificate of localhost is refused: ")
    assert "proxy.ca_bundle" in way.fix
    assert (clock.state, clock.words) == (State.UNKNOWN, "no provider said what time it is")


async def test_the_trip_goes_through_the_http_proxy_that_candela_would_take(
    make_patient: MakePatient, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    async with ConnectProxy("api.anthropic.com", provider.url) as proxy:
        bundle.write_bytes(proxy.ca_pem)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//me:p4ssword@"))
        way, _ = await checked(make_patient({"proxy": {"ca_bundle": str(bundle)}}))
        assert way.state is State.OK
        assert f"through the HTTP proxy {urlsplit(proxy.url).netloc}" in way.words
        assert "p4ssword" not in way.words
        refused, _ = await checked(make_patient({"anthropic": {"base_url": "https://other.example"}}))
        assert (refused.state, refused.words) == (
            State.BAD,
            "the HTTP proxy lets nobody through to other.example:443 (status 502)",
        )


async def test_a_proxy_that_wants_a_password_is_told(provider: Provider) -> None:
    provider.respond = lambda _request: json_answer({}, 407)
    for url in ("https://other.example", "http://other.example"):
        with pytest.raises(Failed, match="wants a user name and password"):
            await round_trip(url, provider.url, PLAIN)


async def test_nobody_listening_is_told(make_patient: MakePatient, nobody_listens: str) -> None:
    way, _ = await checked(make_patient({"anthropic": {"base_url": f"http://{nobody_listens}"}}))
    assert (way.state, way.words) == (State.BAD, f"no connection to {nobody_listens}: connection refused")


async def test_a_name_that_does_not_exist_is_told(make_patient: MakePatient) -> None:
    way, _ = await checked(make_patient({"anthropic": {"base_url": "https://no-such-host.invalid"}}))
    assert way.state is State.BAD
    assert way.words.startswith("the name no-such-host.invalid can't be resolved: ")


@pytest.mark.parametrize(
    ("said", "words"),
    [(b"", "closed the connection without an answer"), (b"220 mail.example ESMTP\r\n\r\n", "does not answer in HTTP")],
)
async def test_what_is_no_http_server_is_told(said: bytes, words: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Failed, match=words):
            await round_trip(f"http://127.0.0.1:{port}", None, PLAIN)


async def test_what_speaks_no_tls_is_told() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Failed, match=r"no TLS with 127\.0\.0\.1"):
            await round_trip(f"https://127.0.0.1:{port}", None, PLAIN)


async def test_a_provider_in_trouble_is_warned_of(make_patient: MakePatient, provider: Provider) -> None:
    at(provider, status=503)
    way, _ = await checked(make_patient({"anthropic": {"base_url": provider.url}}))
    assert way.state is State.WARN
    assert way.words.endswith("it answers with status 503")


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (timedelta(minutes=10), State.BAD, "10 minutes behind the provider's"),
        (timedelta(hours=-3), State.BAD, "3 hours ahead of the provider's"),
        (timedelta(seconds=90), State.WARN, "seconds behind the provider's"),
    ],
)
async def test_a_clock_that_is_wrong_is_told_with_what_it_breaks(
    make_patient: MakePatient, provider: Provider, ahead: timedelta, state: State, words: str
) -> None:
    at(provider, ahead)
    _, clock = await checked(make_patient({"anthropic": {"base_url": provider.url}}))
    assert clock.state is state
    assert words in clock.words
    assert "timedatectl" in clock.fix
    assert ("InvalidSignatureException" in clock.words) is (state is State.BAD)


async def test_a_region_that_is_none_is_told(make_patient: MakePatient) -> None:
    sections = {"vertex": {"region": "US-East"}, "proxy": {"default_route": "anthropic-vertex"}}
    checks = await check_providers(make_patient(sections, environ={}))
    assert checks[0].state is State.BAD
    assert "'US-East' is no location of Vertex AI" in checks[0].words
