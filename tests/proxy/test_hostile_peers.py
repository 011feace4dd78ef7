"""Whatever a provider sends, its bytes are in no error of candela's: not in the log, the store, JSON or an answer."""

import errno
import ssl
from pathlib import Path

import aiohttp
import pytest
import trustme

from candela_tui import wire
from candela_tui.exchange import Exchange, Outcome
from tests.proxy.running import BODY, RunningProxy, WireClient
from tests.proxy.test_provider_connection import towards
from tests.standin.raw_peer import RawPeer, Turn, plays

SECRET = "sid-8f14e45fceea167a"
COOKIE = f"Set-Cookie: session={SECRET}".encode()
OK = b"HTTP/1.1 200 OK\r\n"

CUT = {
    b"": "the provider closed the connection without an answer",
    OK + COOKIE + b"\r\n": "the provider closed the connection in the middle of its header",
    OK + COOKIE + b"\r\nX-Half": "the provider closed the connection in the middle of its header",
    OK + COOKIE + b"\r\nContent-Length: 10\r\n\r\n{": "the provider closed the connection in mid-answer",
    OK + COOKIE + b"\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n": (
        "the provider closed the connection in mid-answer"
    ),
}
FAILED = {
    OK + b"X-Control: \x01" + SECRET.encode() + b"\r\nContent-Length: 2\r\n\r\n{}": "has a control character",
    OK + COOKIE + b"\x0b\r\nContent-Length: 2\r\n\r\n{}": "has a control character",
    OK + COOKIE + b"\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n": "a transfer coding other than chunked",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: upgrade\r\n" + COOKIE + b"\r\n\r\nodd": "(101)",
    f"{SECRET}\r\n\r\n".encode(): "not valid HTTP",
    b"HTTP/1.1 2x0 " + SECRET.encode() + b"\r\n\r\n": "not valid HTTP",
    b"HTTP/9.9 200 " + SECRET.encode() + b"\r\n\r\n": "not valid HTTP",
    OK + b"Bad Name " + SECRET.encode() + b": x\r\n\r\n": "a header field is malformed",
    OK + b"X-Long: " + SECRET.encode() * 5000 + b"\r\n\r\n": "a line of its header is too long",
    OK + b"Content-Length: " + SECRET.encode() + b"\r\n\r\n": "Content-Length is malformed",
    OK + b"".join(b"X-%d: %s\r\n" % (n, SECRET.encode()) for n in range(3400)) + b"\r\n": "too many header fields",
}


def text_of(candela: RunningProxy, exchanges: list[Exchange], log: str) -> str:
    """Everything that candela wrote about these exchanges."""
    stored = [candela.reader.exchange(exchange.id) for exchange in exchanges]
    files = [path.read_bytes().decode("latin-1") for path in candela.paths.data.rglob("*") if path.is_file()]
    live = [wire.encode(exchange).decode() for exchange in exchanges]
    return "\n".join([log, *map(repr, stored), *live, *files, *candela.notices, *candela.problems])


async def test_no_error_quotes_what_a_provider_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    packets = [*CUT, *FAILED]
    got: list[bytes] = []

    async def play(turn: Turn) -> None:
        await plays(packets[turn.number])(turn)

    async with towards(play, tmp_path) as (candela, _):
        for _packet in packets:
            async with WireClient(candela.port) as wire_client:
                await wire_client.post(headers="Connection: close\r\n")
                got.append(await wire_client.rest())
        exchanges = sorted(await candela.ended(len(packets)), key=lambda exchange: exchange.id)
        await candela.stop(1)
        written = text_of(candela, exchanges, caplog.text)

    assert SECRET not in written
    assert "Traceback" not in caplog.text
    for exchange, answer, (packet, words) in zip(exchanges, got, (CUT | FAILED).items(), strict=True):
        assert exchange.error is not None, packet
        if packet in CUT:
            assert (exchange.outcome, exchange.error.message) == (Outcome.CUT, words), packet
            # What the provider had said by then is the client's.
            assert (SECRET.encode() in answer) is (b"\r\n\r\n" in packet)
        else:
            assert answer.startswith(b"HTTP/1.1 502 "), packet
            assert SECRET.encode() not in answer
            assert words in exchange.error.message, packet
            assert "check the network" not in exchange.error.message.lower()


async def test_a_certificate_that_is_not_trusted_names_the_setting_and_no_python_object(
    client: aiohttp.ClientSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with RawPeer(plays(OK + b"\r\n"), tls=context) as peer, RunningProxy(peer.url, tmp_path) as candela:
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            words = (await answer.json())["error"]["message"]
        assert answer.status == 502
        assert words == (
            f"candela could not reach {peer.url}: its TLS certificate is not trusted: no trusted authority signed it"
            " (proxy.ca_bundle in config.toml can name the PEM file of another certificate authority)."
        )
    assert "object at 0x" not in caplog.text + words


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_no_descriptor_left_for_a_connection_is_a_503_with_true_words(
    client: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    async with towards(plays(OK + b"\r\n"), tmp_path) as (candela, _):
        async with client.get(f"{candela.origin}/healthz") as answer:
            assert answer.status == 200

        def no_socket(*_: object, **__: object) -> None:
            raise OSError(number, "no more")

        monkeypatch.setattr("aiohappyeyeballs.impl.socket.socket", no_socket)
        async with client.post(f"{candela.url}/v1/messages", data=BODY) as answer:
            words = (await answer.json())["error"]["message"]
    assert answer.status == 503
    assert "ulimit -n" in words
    assert "Check the network" not in words


async def test_an_answer_and_a_request_with_many_header_fields_pass(tmp_path: Path) -> None:
    many = b"".join(b"X-%d: y\r\n" % n for n in range(1000))
    async with (
        towards(lambda turn: turn.send(OK + many + b"Content-Length: 2\r\n\r\n{}"), tmp_path) as (candela, peer),
        WireClient(candela.port) as wire_client,
    ):
        await wire_client.post(headers=many.decode())
        head = await wire_client.until(b"\r\n\r\n")
        assert head.count(b": y\r\n") == peer.heads[0].count(b": y\r\n") == 1000
        assert head.startswith(b"HTTP/1.1 200")
