"""No message has two readings: what is ambiguous is refused, and what goes on is framed again by candela."""

import re
from pathlib import Path

from candela_tui.exchange import Outcome
from tests.proxy.running import RunningProxy, WireClient
from tests.standin.raw_peer import RawPeer, Turn, plays

HOST = b"Host: localhost\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\n" + HOST
BODY = b'{"model":"m","messages":[]}'
HIDDEN = b"GET /v1/hidden HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
"""Behind each message that candela takes: its answer ends the connection."""
LENGTH = b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def coded(value: bytes) -> bytes:
    return POST + b"Transfer-Encoding:" + value + b"\r\n\r\n" + CHUNKS


def long(value: bytes) -> bytes:
    return POST + b"Content-Length:" + value + b"\r\n\r\n" + BODY


def in_chunks(chunks: bytes) -> bytes:
    return POST + CHUNKED + b"\r\n" + chunks


def with_line(line: bytes) -> bytes:
    return POST + line + LENGTH


def to(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"


REFUSED = {
    "CL.TE": POST + b"Content-Length: %d\r\n" % (5 + len(HIDDEN)) + CHUNKED + b"\r\n0\r\n\r\n" + HIDDEN,
    "TE.CL": POST + CHUNKED + b"Content-Length: 4\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN),
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
    "one length twice": POST + b"Content-Length: %d\r\n" % len(BODY) + LENGTH,
    "a list of lengths": long(b" 27, 27"),
    "a length with a sign": long(b" +27"),
    "a length below zero": long(b" -1"),
    "a length in hexadecimal digits": long(b" 0x1b"),
    "a length with an underscore": long(b" 2_7"),
    "a length with a space inside": long(b" 2 7"),
    "a length in full-width digits": long(" ２７".encode()),
    "a length of 26 digits": long(b" 99999999999999999999999999"),
    "a space before the colon of a length": POST + b"Content-Length : 27\r\n\r\n" + BODY,
    "a space before the colon of a coding": POST + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKS,
    "an unknown coding": coded(b" xchunked"),
    "chunked twice": coded(b" chunked, chunked"),
    "two codings in two fields": coded(b" chunked\r\nTransfer-Encoding: identity"),
    "chunked before identity": coded(b" chunked, identity"),
    "identity before chunked": coded(b" identity, chunked"),
    "identity": coded(b" identity"),
    "a coding with a vertical tab": coded(b"\x0bchunked"),
    "a coding in quotes": coded(b' "chunked"'),
    "a coding with a parameter": coded(b" chunked;q=1"),
    "an empty coding": coded(b""),
    "a folded coding": coded(b"\r\n chunked"),
    "a folded line": with_line(b"X-A: b\r\n c: d\r\n"),
    "a first line that is folded": POST.replace(HOST, b" X: y\r\n" + HOST) + LENGTH,
    "bare line feeds": (POST + LENGTH).replace(b"\r\n", b"\n"),
    "a bare line feed": with_line(b"X-A: b\nX-C: d\r\n"),
    "a bare carriage return": with_line(b"X-A: b\rX-C: d\r\n"),
    "a NUL": with_line(b"X-A: b\0\r\n"),
    "a NUL in a name": with_line(b"X\0A: b\r\n"),
    "a line without a colon": with_line(b"X-A\r\n"),
    "a field without a name": with_line(b": x\r\n"),
    "two hosts": with_line(HOST),
    "a size of chunk with 0x": in_chunks(b"0x1b\r\n%b\r\n0\r\n\r\n" % BODY),
    "a size of chunk below zero": in_chunks(b"-1\r\n%b\r\n0\r\n\r\n" % BODY),
    "a size of chunk with a sign": in_chunks(b"+1b\r\n%b\r\n0\r\n\r\n" % BODY),
    "a size of chunk of 20 digits": in_chunks(b"f" * 20 + b"\r\n" + BODY),
    "bare line feeds between chunks": in_chunks(CHUNKS.replace(b"\r\n", b"\n")),
    "a bare line feed in an extension of a chunk": in_chunks(b"5;a\nx\r\nhello\r\n0\r\n\r\n"),
    "a chunk that is longer than its size": in_chunks(b"1a\r\n%b\r\n0\r\n\r\n" % BODY),
    "a length in the trailer": in_chunks(CHUNKS[:-2] + b"Content-Length: 3\r\n\r\n"),
    "a space in the target": to(b"/v1/mod els"),
    "a carriage return in the target": to(b"/v1/mod\rels"),
    "a line feed in the target": to(b"/v1/models\nX-A: b"),
    "tabs in the first line": b"GET\t/v1/models\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that is not a token": b"G=T /v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of 9,000 letters": b"A" * 9000 + b" /v1/models HTTP/1.1\r\n" + HOST + b"\r\n",
    "a version that does not exist": b"GET /v1/models HTTP/3.7\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "the version of the framing of HTTP/2": b"GET /v1/models HTTP/2.0\r\n" + HOST + b"\r\n",
    "no version": b"GET /v1/models\r\n\r\n",
}

TAKEN = {
    "a coding in upper case": (POST + b"TRANSFER-ENCODING:\tCHUNKED\r\n\r\n" + CHUNKS, 1),
    "an extension of a chunk": (in_chunks(b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)), 1),
    "a trailer": (in_chunks(CHUNKS[:-2] + b"X-Api-Key: of-a-trailer\r\n\r\n"), 1),
    "the body of a GET": (
        b"GET /v1/models HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (HOST, len(HIDDEN), HIDDEN),
        1,
    ),
    "two requests in one packet": (POST + LENGTH + HIDDEN, 2),
    "a fragment": (to(b"/v1/models#x"), 1),
    "an escaped line end": (to(b"/v1/models%0d%0aX-Injected:%20y?a=%0d%0aX-Injected:%20y"), 1),
    "fields of the connection": (with_line(b"Connection: content-length, host, x-api-key\r\nx-api-key: k\r\n"), 1),
    "no more than a line end before it": (b"\r\n\r\n" + POST + LENGTH, 1),
}


async def answers_ok(turn: Turn) -> None:
    await turn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


NEVER_SENT = (b"transfer-encoding", b"upgrade", b"connection", b"\r\nx-", b"of-a-trailer")


def statuses(answers: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/\d\.\d (\d+) ", answers)]


async def test_a_request_with_two_readings_is_refused_and_nothing_of_it_reaches_the_provider(tmp_path: Path) -> None:
    wrong = {}
    async with RawPeer(answers_ok) as peer, RunningProxy(peer.url, tmp_path) as candela:
        for name, message in REFUSED.items():
            async with WireClient(candela.port) as client:
                client.writer.write(message)
                got = statuses(await client.rest())
            if len(got) != 1 or got[0] not in (400, 501, 505) or peer.heads:
                wrong[name] = (got, peer.heads[:])
                peer.heads.clear()
    assert wrong == {}


async def test_a_request_that_is_taken_goes_on_with_one_length_and_nothing_else_comes_out_of_it(
    tmp_path: Path,
) -> None:
    wrong = {}
    async with RawPeer(answers_ok) as peer, RunningProxy(peer.url, tmp_path) as candela:
        for name, (message, requests) in TAKEN.items():
            async with WireClient(candela.port) as client:
                client.writer.write(message + LAST)
                got = statuses(await client.rest())
            heads = [head.lower() for head in peer.heads]
            once = all(head.count(b"\r\ncontent-length:") <= 1 for head in heads)
            clean = not any(word in head for head in heads for word in NEVER_SENT)
            if got != [200] * (requests + 1) or len(heads) != requests or not once or not clean:
                wrong[name] = (got, peer.heads[:])
            peer.heads.clear()
    assert wrong == {}


BEGIN = b"HTTP/1.1 200 OK\r\n"
END = b"Content-Length: 2\r\n\r\n{}"
IN_CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"
BAD_ANSWERS = {
    "CL.TE": BEGIN + b"Content-Length: 2\r\n" + CHUNKED + b"\r\n" + IN_CHUNKS,
    "TE.CL": BEGIN + CHUNKED + b"Content-Length: 2\r\n\r\n" + IN_CHUNKS,
    "two lengths": BEGIN + b"Content-Length: 4\r\n" + END,
    "a list of lengths": BEGIN + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": BEGIN + b"Content-Length: +2\r\n\r\n{}",
    "a length with an underscore": BEGIN + b"Content-Length: 0_2\r\n\r\n{}",
    "a length of 23 digits": BEGIN + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "a space before the colon of a length": BEGIN + b"Content-Length : 2\r\n\r\n{}",
    "a space before the colon of a coding": BEGIN + b"Transfer-Encoding : chunked\r\n\r\n" + IN_CHUNKS,
    "a space before a colon": BEGIN + b"X-A : b\r\n" + END,
    "a coding with a parameter": BEGIN + b"Transfer-Encoding: chunked;a\r\n\r\n" + IN_CHUNKS,
    "an unknown coding": BEGIN + b"Transfer-Encoding: xchunked\r\n\r\n" + IN_CHUNKS,
    "a bare carriage return": BEGIN + b"X-A: b\rX-Injected: d\r\n" + END,
    "two carriage returns": BEGIN + b"X-A: b\r\r\n" + END,
    "a NUL": BEGIN + b"X-A: b\0c\r\n" + END,
    "a NUL in a name": BEGIN + b"X\0A: b\r\n" + END,
    "a space in a name": BEGIN + b"X A: b\r\n" + END,
    "a line without a colon": BEGIN + b"X-A\r\n" + END,
    "a field without a name": BEGIN + b": b\r\n" + END,
    "a name beyond ASCII": BEGIN + b"X-\xe9: b\r\n" + END,
    "a carriage return in the reason": b"HTTP/1.1 200 O\rK\r\n" + END,
    "an escape sequence in the reason": b"HTTP/1.1 200 \x1b[2J\r\n" + END,
    "a status of two digits": b"HTTP/1.1 99 x\r\n" + END,
    "a status below 100": b"HTTP/1.1 099 x\r\n" + END,
    "a status of four digits": b"HTTP/1.1 1000 x\r\n" + END,
    "another protocol": b"ICY 200 OK\r\n" + END,
}
GOOD_ANSWERS = {
    "a folded line": BEGIN + b"X-A: b\r\n X-Folded: d\r\n" + END,
    "bare line feeds": (BEGIN + b"X-A: b\r\n" + END).replace(b"\r\n", b"\n"),
    "bytes that are no text": BEGIN + b"X-A: \xe9\x80\x85\r\n" + END,
    "line separators of Unicode": BEGIN + "X-A: a\u0085X-Folded: b\u2028X-Folded: c\r\n".encode() + END,
    "fields of the connection": BEGIN + b"Connection: set-cookie, content-length\r\nSet-Cookie: a=b\r\n" + END,
    "chunks of HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n" + IN_CHUNKS,
    "another answer behind it": BEGIN + END + b"HTTP/1.1 200 OK\r\nX-Injected: 1\r\n" + END,
    "a trailer": BEGIN + CHUNKED + b"\r\n2\r\n{}\r\n0\r\nX-Trail: 1\r\n\r\n",
    "a body where none can be": b"HTTP/1.1 204 No Content\r\n" + END,
    "200 interim answers": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 200 + BEGIN + END,
}


async def test_an_answer_with_two_readings_becomes_an_error_of_candelas(tmp_path: Path) -> None:
    wrong = {}
    packets = list(BAD_ANSWERS.values())
    async with (
        RawPeer(lambda turn: plays(packets[turn.number])(turn)) as peer,
        RunningProxy(peer.url, tmp_path) as candela,
    ):
        for name in BAD_ANSWERS:
            async with WireClient(candela.port) as client:
                await client.post(headers="Connection: close\r\n")
                got = await client.rest()
            if statuses(got) != [502] or b"X-Injected" in got:
                wrong[name] = got
        ended = await candela.ended(len(packets))
    assert wrong == {}
    assert {exchange.outcome for exchange in ended} == {Outcome.ERROR}


async def test_an_answer_that_passes_is_framed_once_and_has_no_field_that_the_provider_hid_in_another(
    tmp_path: Path,
) -> None:
    wrong = {}
    packets = list(GOOD_ANSWERS.values())
    async with (
        RawPeer(lambda turn: plays(packets[turn.number])(turn)) as peer,
        RunningProxy(peer.url, tmp_path) as candela,
    ):
        for name in GOOD_ANSWERS:
            async with WireClient(candela.port) as client:
                await client.post()
                client.writer.write(LAST)
                got = await client.rest()
            head = got.partition(b"\r\n\r\n")[0].lower()
            framings = head.count(b"\r\ncontent-length:") + head.count(b"\r\ntransfer-encoding:")
            hidden = re.search(rb"\n *x-(folded|injected|trail)|set-cookie", got.lower())
            if len(statuses(got)) != 2 or framings > 1 or b"\n" in head.replace(b"\r\n", b"") or hidden:
                wrong[name] = got
    assert wrong == {}
