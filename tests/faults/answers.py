"""What a provider can do wrong with an answer: a small function each, which scripts the stand-in of any place."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

from candela_tui.exchange import Outcome
from tests.faults.places import BEDROCK, CHAT, Place
from tests.standin import CLOSE, RESET, Answer, Gate, Raw
from tests.standin.steps import Step


class Sees(Enum):
    """What a client sees of a provider's answer through candela."""

    SAME = "as without candela"
    SO_FAR = "what came, and the provider's end"
    WHOLE = "a whole answer"
    BROKEN_OFF = "what came, and a connection that ends in mid-answer"
    NOTHING = "a connection that ends without an answer"
    ERROR = "a 502 that says so"
    TIME_OUT = "a 504 that says so"
    ERROR_EVENT = "what came, and an `error` event that says so"


@dataclass(frozen=True, slots=True)
class Cell:
    """What becomes of one fault at one place."""

    sees: Sees
    outcome: Outcome
    words: str = ""
    """In the record's error; for an ERROR also in the client's."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a provider's answer. It is at each place what ``cells`` say, or what it is at all of them."""

    words: str
    script: Callable[[Place], Answer]
    everywhere: Cell
    cells: dict[Place, Cell] = field(default_factory=dict)
    stream: bool = True
    """Whether the client asks for a stream."""
    seen_first: bytes = b"one "
    """What the client has of the answer before a Gate in the script opens."""

    def at(self, place: Place) -> Cell:
        """The cell of a place."""
        return self.cells.get(place, self.everywhere)


def raw(*steps: bytes | Step) -> Answer:
    """An answer whose every byte on the wire is given."""
    return Answer([Raw(step) if isinstance(step, bytes) else step for step in steps], status=None)


CHUNKED = "Transfer-Encoding: chunked"
LAST_CHUNK = b"0\r\n\r\n"


def head(place: Place, *fields: str) -> bytes:
    """The head of a streamed answer."""
    return "\r\n".join(["HTTP/1.1 200 OK", f"Content-Type: {place.content_type}", *fields, "", ""]).encode("latin-1")


def chunks(*pieces: bytes) -> bytes:
    """These pieces in HTTP's chunked encoding, without its end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def half_an_event(place: Place) -> bytes:
    """The beginning of the event that comes next."""
    return place.rest()[0][:20]


def begun(place: Place, *after: bytes | Step) -> Answer:
    """A stream that begins well."""
    return raw(head(place, CHUNKED) + chunks(*place.beginning()), *after)


def in_whole(place: Place, *fields: str, after: bytes = b"") -> Answer:
    """A whole stream."""
    return raw(head(place, CHUNKED, *fields) + chunks(*place.events()) + LAST_CHUNK + after)


def with_length(place: Place, body: bytes, length: int, *after: Step) -> Answer:
    """A stream that declares a length, as if it were known."""
    return raw(head(place, f"Content-Length: {length}") + body, *after)


def until_closed(place: Place, events: list[bytes], *after: Step) -> Answer:
    """A stream whose end is the connection's."""
    return raw(head(place, "Connection: close") + b"".join(events), *after)


def tiny_chunks(place: Place) -> Answer:
    """A stream in 20,000 chunks."""
    stream = b"".join(place.events(*["word "] * 180))
    ends = [len(stream) * number // 20_000 for number in range(20_001)]
    return raw(head(place, CHUNKED) + chunks(*(stream[first:last] for first, last in pairwise(ends))) + LAST_CHUNK)


def huge_event(place: Place) -> Answer:
    """A stream with an event of 50 MB, or of 26 MB where candela takes it apart, which is more than Amazon allows."""
    events = place.events("one ", "x" * (26_000_000 if place.maps else 50_000_000), "three")
    return raw(head(place, CHUNKED), *(chunks(event) for event in events), LAST_CHUNK)


def web_page(_: Place) -> Answer:
    """The page of a network that wants a login."""
    page = b"<html><title>Sign in to the hotel</title></html>"
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%b" % (len(page), page))


def packed(place: Place) -> bytes:
    """A whole stream, compressed, without its last bytes."""
    return gzip.compress(b"".join(place.events()))[:-9]


MID_ANSWER = "the provider closed the connection in mid-answer"
MID_HEAD = "the provider closed the connection in the middle of its header"
NO_STOP = "the stream ended before message_stop"
NO_GZIP = "it is not valid gzip"
LOGIN_PAGE = "the answer is a web page and not a message: Sign in to the hotel"
CORRUPT = "Bedrock's event stream is corrupt"

CUT_SHORT = Cell(Sees.SAME, Outcome.CUT, MID_ANSWER)
TRANSLATED_BREAKS = dict.fromkeys([BEDROCK, CHAT], Cell(Sees.BROKEN_OFF, Outcome.CUT, MID_ANSWER))
RESET_IN_ANSWER = Cell(Sees.SAME, Outcome.CUT, "the connection was reset")
TRANSLATED_RESET = dict.fromkeys([BEDROCK, CHAT], Cell(Sees.BROKEN_OFF, Outcome.CUT, "the connection was reset"))
NEVER_ENDS = Cell(Sees.SAME, Outcome.CUT, NO_STOP)
TRANSLATED_NEVER_ENDS = {
    BEDROCK: Cell(Sees.SO_FAR, Outcome.CUT, NO_STOP),
    # A client of chat completions takes any end in good order for the end of a whole answer.
    CHAT: Cell(Sees.BROKEN_OFF, Outcome.CUT, NO_STOP),
}
HARMLESS = Cell(Sees.SAME, Outcome.OK)
TRANSLATED_WHOLE = {BEDROCK: Cell(Sees.WHOLE, Outcome.OK), CHAT: Cell(Sees.WHOLE, Outcome.OK)}


def error(words: str) -> Cell:
    """An answer that can't be passed on."""
    return Cell(Sees.ERROR, Outcome.ERROR, words)


def nothing(words: str) -> Cell:
    """No answer at all."""
    return Cell(Sees.NOTHING, Outcome.CUT, words)


FAULTS = {
    "no-answer": Fault(
        "closes the connection without an answer",
        lambda _: raw(CLOSE),
        nothing("the provider closed the connection without an answer"),
    ),
    "no-answer-reset": Fault(
        "resets the connection instead of an answer", lambda _: raw(RESET), nothing("the connection was reset")
    ),
    "half-first-line": Fault(
        "closes the connection in its first line", lambda _: raw(b"HTTP/1.1 20", CLOSE), nothing(MID_HEAD)
    ),
    "half-head": Fault(
        "closes the connection in its header",
        lambda place: raw(head(place, CHUNKED)[:-7], CLOSE),
        nothing(MID_HEAD),
    ),
    "head-only": Fault(
        "closes the connection after its header",
        lambda place: raw(head(place, CHUNKED), CLOSE),
        CUT_SHORT,
        TRANSLATED_BREAKS,
    ),
    "head-only-reset": Fault(
        "resets the connection after its header",
        lambda place: raw(head(place, CHUNKED), Gate(), RESET),
        RESET_IN_ANSWER,
        TRANSLATED_RESET,
        seen_first=b"",
    ),
    "mid-stream": Fault(
        "closes the connection in mid-stream", lambda place: begun(place, CLOSE), CUT_SHORT, TRANSLATED_BREAKS
    ),
    "mid-stream-reset": Fault(
        "resets the connection in mid-stream",
        lambda place: begun(place, Gate(), RESET),
        RESET_IN_ANSWER,
        TRANSLATED_RESET,
    ),
    "mid-event": Fault(
        "closes the connection after half an event",
        lambda place: begun(place, chunks(half_an_event(place)), CLOSE),
        CUT_SHORT,
        TRANSLATED_BREAKS,
    ),
    "mid-document": Fault(
        "closes the connection in the middle of an answer that is not streamed",
        lambda place: raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n" + place.document()[:40],
            CLOSE,
        ),
        CUT_SHORT,
        TRANSLATED_BREAKS,
        stream=False,
    ),
    "no-stop": Fault(
        "ends a stream in good order before its last event",
        lambda place: begun(place, LAST_CHUNK),
        NEVER_ENDS,
        TRANSLATED_NEVER_ENDS,
    ),
    "half-event": Fault(
        "ends a stream in good order after half an event",
        lambda place: begun(place, chunks(half_an_event(place)) + LAST_CHUNK),
        NEVER_ENDS,
        TRANSLATED_NEVER_ENDS,
    ),
    "length-too-long": Fault(
        "declares a length that is too long, and closes the connection",
        lambda place: with_length(place, b"".join(place.beginning()), 5000, CLOSE),
        CUT_SHORT,
        TRANSLATED_BREAKS,
    ),
    "length-too-short": Fault(
        "declares a length that is too short",
        lambda place: with_length(place, b"".join(place.events()), len(b"".join(place.beginning()))),
        NEVER_ENDS,
        TRANSLATED_NEVER_ENDS,
    ),
    "two-lengths": Fault(
        "declares a length and chunks",
        lambda place: in_whole(place, "Content-Length: 5"),
        error("it has both Content-Length and Transfer-Encoding"),
    ),
    "until-closed": Fault(
        "ends the answer by closing the connection",
        lambda place: until_closed(place, place.events(), CLOSE),
        HARMLESS,
        TRANSLATED_WHOLE,
    ),
    "until-reset": Fault(
        "resets a connection whose end would be the answer's",
        lambda place: until_closed(place, place.beginning(), Gate(), RESET),
        RESET_IN_ANSWER,
        TRANSLATED_RESET,
    ),
    "bad-chunk": Fault(
        "sends a malformed chunk",
        lambda place: begun(place, b"zz\r\nbroken"),
        Cell(Sees.SAME, Outcome.CUT, "its chunked encoding is malformed"),
        dict.fromkeys([BEDROCK, CHAT], Cell(Sees.BROKEN_OFF, Outcome.CUT, "its chunked encoding is malformed")),
    ),
    "bad-chunk-at-once": Fault(
        "sends a malformed chunk in the same packet as what comes before it",
        lambda place: raw(head(place, CHUNKED) + chunks(*place.beginning()) + b"zz\r\nbroken"),
        Cell(Sees.SAME, Outcome.CUT, "its chunked encoding is malformed"),
        dict.fromkeys([BEDROCK, CHAT], Cell(Sees.BROKEN_OFF, Outcome.CUT, "its chunked encoding is malformed")),
    ),
    "trailing-bytes": Fault(
        "sends further bytes after the answer",
        lambda place: in_whole(place, after=b"surplus"),
        HARMLESS,
        TRANSLATED_WHOLE,
    ),
    "second-answer": Fault(
        "sends a second answer after the first",
        lambda place: in_whole(place, after=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
        HARMLESS,
        TRANSLATED_WHOLE,
    ),
    "trailers": Fault(
        "sends trailers",
        lambda place: raw(head(place, CHUNKED) + chunks(*place.events()) + b"0\r\nX-Late: 1\r\n\r\n"),
        HARMLESS,
        TRANSLATED_WHOLE,
    ),
    "interim": Fault(
        "sends interim answers (1xx) first",
        lambda place: raw(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", *in_whole(place).steps
        ),
        HARMLESS,
        TRANSLATED_WHOLE,
    ),
    "switches": Fault(
        "switches to another protocol (101)",
        lambda _: raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: upgrade\r\n\r\nodd",
            CLOSE,
        ),
        error("it switches to another protocol, which was not requested (101)"),
    ),
    "not-http": Fault(
        "sends something else than HTTP",
        lambda _: raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", CLOSE),
        error("its answer is not valid HTTP: it does not begin with HTTP/"),
    ),
    "control-character": Fault(
        "sends a control character in its header",
        lambda place: in_whole(place, "X-Odd: \x01"),
        error("a header field of its answer has a control character"),
    ),
    "garbage": Fault(
        "sends garbage instead of events",
        lambda place: raw(head(place, CHUNKED) + chunks(bytes(range(256)) * 40) + LAST_CHUNK),
        Cell(Sees.SAME, Outcome.ERROR, "the answer is not a message"),
        {
            BEDROCK: Cell(Sees.ERROR_EVENT, Outcome.ERROR, CORRUPT),
            CHAT: Cell(Sees.BROKEN_OFF, Outcome.CUT, NO_STOP),
        },
    ),
    "garbage-inside": Fault(
        "sends garbage between two events",
        lambda place: begun(place, chunks(b"\xff\x00 garbage\n\n", *place.rest()) + LAST_CHUNK),
        HARMLESS,
        {BEDROCK: Cell(Sees.ERROR_EVENT, Outcome.ERROR, CORRUPT), CHAT: Cell(Sees.WHOLE, Outcome.OK)},
    ),
    "web-page": Fault(
        "is a network that answers with its login page",
        web_page,
        Cell(Sees.SAME, Outcome.ERROR, LOGIN_PAGE),
        {BEDROCK: Cell(Sees.SO_FAR, Outcome.ERROR, LOGIN_PAGE), CHAT: Cell(Sees.BROKEN_OFF, Outcome.ERROR, LOGIN_PAGE)},
    ),
    "empty": Fault(
        "sends an empty answer",
        lambda place: with_length(place, b"", 0),
        Cell(Sees.SAME, Outcome.ERROR, "the answer is empty"),
        {
            BEDROCK: Cell(Sees.SO_FAR, Outcome.ERROR, "the answer is empty"),
            CHAT: Cell(Sees.BROKEN_OFF, Outcome.CUT, NO_STOP),
        },
    ),
    "wrong-encoding": Fault(
        "declares a compression that the body does not have",
        lambda place: in_whole(place, "Content-Encoding: gzip"),
        Cell(Sees.SAME, Outcome.ERROR, NO_GZIP),
        dict.fromkeys([BEDROCK, CHAT], Cell(Sees.BROKEN_OFF, Outcome.CUT, NO_GZIP)),
    ),
    "cut-encoding": Fault(
        "ends a stream in good order in the middle of its compression",
        lambda place: raw(head(place, CHUNKED, "Content-Encoding: gzip") + chunks(packed(place)[:150]) + LAST_CHUNK),
        Cell(Sees.SAME, Outcome.CUT, "its gzip encoding is cut short"),
        dict.fromkeys([BEDROCK, CHAT], Cell(Sees.BROKEN_OFF, Outcome.CUT, "its gzip encoding is cut short")),
    ),
    "unknown-encoding": Fault(
        "declares a compression that nobody knows",
        lambda place: in_whole(place, "Content-Encoding: odd"),
        HARMLESS,
        dict.fromkeys([BEDROCK, CHAT], error("unknown content encoding")),
    ),
    "tiny-chunks": Fault("sends a stream in 20,000 chunks", tiny_chunks, HARMLESS, TRANSLATED_WHOLE),
    "huge-event": Fault(
        "sends an event of 50 MB (26 MB where it is translated)",
        huge_event,
        HARMLESS,
        {
            # Amazon's own limit is 24 MB: https://smithy.io/2.0/aws/amazon-eventstream.html
            BEDROCK: Cell(Sees.ERROR_EVENT, Outcome.ERROR, "more than Amazon's limits"),
            CHAT: Cell(Sees.WHOLE, Outcome.OK),
        },
    ),
}
"""By name. The subject of each sentence is the provider."""
