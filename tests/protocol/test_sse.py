"""Server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.sse import SSEDecoder
from tests.protocol.chunks import cuts


def events(*chunks: bytes) -> list[tuple[str, bytes]]:
    decoder = SSEDecoder()
    return [(event.name, event.data) for chunk in chunks for event in decoder.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"event: ping\ndata: {}\n\n", [("ping", b"{}")], id="a name and data"),
        pytest.param(b"data: a\n\n", [("", b"a")], id="no name"),
        pytest.param(b"event:ping\ndata:a\n\n", [("ping", b"a")], id="no space after the colon"),
        pytest.param(b"data:  a\n\n", [("", b" a")], id="only the first space is dropped"),
        pytest.param(b"data: a\ndata: b\n\n", [("", b"a\nb")], id="several data lines are joined by LF"),
        pytest.param(b"data\n\n", [("", b"")], id="a data line without a colon is empty data"),
        pytest.param(b"data: a\n\ndata: b\n\n", [("", b"a"), ("", b"b")], id="two events"),
        pytest.param(
            b"event: x\n\ndata: a\n\n", [("", b"a")], id="an event without data is none, and its name is lost"
        ),
        pytest.param(b": keep-alive\n\ndata: a\n\n", [("", b"a")], id="a comment"),
        pytest.param(b"id: 1\nretry: 5\nwhat: ever\ndata: a\n\n", [("", b"a")], id="other fields"),
        pytest.param(b"event: a\nevent: b\ndata: x\n\n", [("b", b"x")], id="the last name holds"),
        pytest.param(b"data: a\n", [], id="an event that breaks off before its empty line is not dispatched"),
        pytest.param(b"data: a", [], id="nor one whose line breaks off"),
        pytest.param(b"data: a: b\n\n", [("", b"a: b")], id="a colon in the data"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [("", b"a")], id="a byte order mark"),
        pytest.param(b"\n\xef\xbb\xbfdata: a\n\n", [], id="a byte order mark that is not at the beginning is no mark"),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_a_stream_gives_the_events_of_the_specification(stream, end, expected):
    expected = [(name, data) for name, data in expected]
    assert events(stream.replace(b"\n", end)) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_an_event_is_there_with_the_byte_that_ends_its_empty_line(end):
    stream = b"data: a\n\n".replace(b"\n", end)
    until_complete = len(stream) - (1 if end == b"\r\n" else 0)
    assert events(*(stream[:until_complete][i : i + 1] for i in range(until_complete))) == [("", b"a")]


LINES = st.sampled_from(
    [b"data: a", b"data: \xc3\xa4\xf0\x9f\x98\x80", b"event: x", b":", b"", b"\xef\xbb\xbf", b"data"]
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"]))).map(
    lambda lines: b"".join(line + end for line, end in lines)
)


@given(st.data(), STREAMS | st.binary(max_size=60))
def test_any_chunking_of_a_stream_gives_the_same_events(data, stream):
    assert events(*data.draw(cuts(stream))) == events(stream)


def test_a_long_line_in_many_chunks_is_put_together():
    text = b"x" * 200_000
    stream = b"data: " + text + b"\n\n"
    assert events(*(stream[i : i + 7] for i in range(0, len(stream), 7))) == [("", text)]
