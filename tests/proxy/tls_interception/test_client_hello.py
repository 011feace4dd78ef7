"""A ClientHello is read whole, however it is split, and nothing else is taken for one."""

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as some

from candela_tui.proxy.tls_interception.client_hello import ClientHello, NotTls, client_hello


def hello_of(name: str | None, *protocols: str) -> bytes:
    """What OpenSSL says first."""
    context = ssl.create_default_context()
    context.check_hostname = False
    if protocols:
        context.set_alpn_protocols(list(protocols))
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


HELLO = hello_of("API.Anthropic.com", "h2", "http/1.1")
MESSAGE = HELLO[5:]


def in_records(message: bytes, *lengths: int) -> bytes:
    """A handshake message in several records."""
    records, rest = b"", message
    for length in (*lengths, len(message)):
        part, rest = rest[:length], rest[length:]
        if part:
            records += b"\x16\x03\x01" + len(part).to_bytes(2) + part
    return records


def test_the_name_and_the_protocols_are_read() -> None:
    assert client_hello(HELLO) == ClientHello("api.anthropic.com", ("h2", "http/1.1"))
    assert client_hello(HELLO + b"more") == ClientHello("api.anthropic.com", ("h2", "http/1.1"))
    assert client_hello(hello_of(None)) == ClientHello(None, ())


@pytest.mark.parametrize(
    ("protocols", "fits"), [((), True), (("h2", "http/1.1"), True), (("http/1.1",), True), (("h2",), False)]
)
def test_what_offers_no_http_1_is_known_by_it(protocols: tuple[str, ...], fits: bool) -> None:
    hello = client_hello(hello_of("a.example", *protocols))
    assert hello is not None
    assert hello.speaks_http_1 is fits


@given(some.integers(0, len(HELLO) - 1))
def test_a_part_of_it_is_not_enough_and_never_wrong(length: int) -> None:
    assert client_hello(HELLO[:length]) is None


@given(some.lists(some.integers(1, 200), max_size=12), some.data())
def test_any_number_of_records_is_the_same_hello(lengths: list[int], data: some.DataObject) -> None:
    whole = in_records(MESSAGE, *lengths)
    assert client_hello(whole) == client_hello(HELLO)
    cut = data.draw(some.integers(0, len(whole) - 1))
    assert client_hello(whole[:cut]) is None


@given(some.binary(max_size=300))
def test_other_bytes_are_no_tls_or_not_enough(data: bytes) -> None:
    with contextlib.suppress(NotTls):
        assert client_hello(data) is None


@given(some.integers(0, len(HELLO) - 1), some.integers(0, 255))
def test_a_damaged_hello_is_read_or_refused_and_raises_nothing_else(place: int, value: int) -> None:
    damaged = HELLO[:place] + bytes([value]) + HELLO[place + 1 :]
    with contextlib.suppress(NotTls):
        client_hello(damaged)


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\x00\x05\x02\0\0\1\0"]
)
def test_what_can_never_be_a_hello_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(NotTls):
        client_hello(data)
