"""What candela did to a request: its changes, proof that all else passed byte for byte, and the time that it added.

Also what the client left out because it talks to candela instead of Anthropic's own address.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from candela_tui.analysis.labels import ADAPTED, ruled
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.arrival import Arrival
from candela_tui.protocol.claude_code.withheld import Measured, Withheld, measured_for
from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import Headers, header
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.protocol.user_agent import claude_code_version
from candela_tui.providers.identity import Dialect
from candela_tui.text import amounts

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CHANGES = frozenset({"strip", "end", "answer", "route", "fallback", "model", "cache"})
"""The deeds of rules that change what passes; the others only note or refuse."""
_OF_CONNECTION = "Host, Connection and framing are those of each connection"


@dataclass(frozen=True, slots=True)
class SideBody:
    """A body as it crossed on one side."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Passage:
    """How a request or an answer passed: its body on both sides, and the header fields that differ."""

    client: SideBody | None
    """None: not recorded."""
    provider: SideBody | None
    """None: not recorded, or nothing was sent."""
    fields: tuple[str, ...]
    """The fields of a JSON body that differ, with a sign: ``-`` left out, ``+`` added, ``~`` changed."""
    headers: tuple[str, ...] | None
    """The names of the header fields that differ, with such a sign. None: not recorded."""

    @property
    def same(self) -> bool | None:
        """Whether the bodies are the same, byte for byte; None if that is not known."""
        if self.client is None or self.provider is None:
            return None
        return self.client == self.provider


@dataclass(frozen=True, slots=True)
class Trust:
    """What candela did to one exchange."""

    exchange: Exchange
    relayed: bool
    """Whether it crossed candela to a provider."""
    request: Passage
    answer: Passage
    measured: Measured | None
    """What the client's version withholds at a base URL; None for another client, or another way in."""
    sent: frozenset[str]
    """The names of what could be withheld, but was sent in this request."""

    @property
    def changes(self) -> tuple[Adaptation, ...]:
        """What candela changed in the request so that it is accepted, or because the user edited it."""
        return self.exchange.adaptations

    @property
    def ruled(self) -> tuple[RuleAction, ...]:
        """What the user's rules changed in the request or its answer."""
        return tuple(each for each in self.exchange.rules if each.action in _CHANGES and not each.dry_run)


@dataclass(frozen=True, slots=True)
class Bodies:
    """The bodies of an exchange as they crossed. None: not recorded."""

    request: bytes | None
    answer: bytes | None
    provider_request: bytes | None = None
    """None if it is the client's, byte for byte."""
    provider_answer: bytes | None = None


def trust_of(exchange: Exchange, bodies: Bodies) -> Trust:
    """Compare the two sides of an exchange. Hashes the bodies, so call it off the event loop."""
    relayed = exchange.imported is None and bool(exchange.url)
    version = claude_code_version(exchange.client)
    measured = measured_for(version) if relayed and version is not None and _by_base_url(exchange) else None
    return Trust(
        exchange,
        relayed,
        _passage(
            bodies.request,
            bodies.provider_request,
            exchange.request_headers,
            exchange.provider_request_headers,
            compare=True,
            relayed=relayed,
        ),
        _passage(
            bodies.answer,
            bodies.provider_answer,
            exchange.response_headers,
            exchange.provider_response_headers,
            compare=False,
            relayed=relayed and exchange.outcome is not Outcome.BLOCKED,
        ),
        measured,
        frozenset(_sent(exchange, bodies, measured)) if measured is not None else frozenset(),
    )


def _by_base_url(exchange: Exchange) -> bool:
    """Return whether the client speaks to candela as to Anthropic. Natively to a cloud it sends other things."""
    return exchange.arrival is Arrival.BASE_URL and exchange.dialect == Dialect.MESSAGES and exchange.asks_message


def _passage(
    client: bytes | None,
    provider: bytes | None,
    own_headers: Headers | None,
    other_headers: Headers | None,
    *,
    compare: bool,
    relayed: bool,
) -> Passage:
    own = _side(client)
    if not relayed:
        return Passage(own, None, (), None)
    # Without a body of its own, the provider has the very same bytes.
    other = own if provider is None else _side(provider)
    fields = _changed_fields(client, provider) if compare and client is not None and provider is not None else ()
    headers = None if own_headers is None or other_headers is None else _changed_headers(own_headers, other_headers)
    return Passage(own, other, fields, headers)


def _side(body: bytes | None) -> SideBody | None:
    return None if body is None else SideBody(len(body), hashlib.sha256(body).hexdigest())


def _changed_fields(client: bytes, provider: bytes) -> tuple[str, ...]:
    try:
        own, other = _OBJECT.decode(client), _OBJECT.decode(provider)
    except msgspec.DecodeError:
        return ()
    changed = [*(f"-{name}" for name in own if name not in other)]
    changed += [f"+{name}" for name in other if name not in own]
    changed += [f"~{name}" for name in own if name in other and bytes(own[name]) != bytes(other[name])]
    return tuple(changed)


_HOP_BY_HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding", "x-request-id"})


def _changed_headers(own: Headers, other: Headers) -> tuple[str, ...]:
    """Return the names that differ. ``other`` is empty if the client's own fields were passed on."""
    if not other:
        return ()
    one, two = ({name.lower(): value for name, value in fields} for fields in (own, other))
    names = sorted((one.keys() | two.keys()) - _HOP_BY_HOP)
    signs = ((name, "+" if name not in one else "-" if name not in two else "~") for name in names)
    return tuple(f"{sign}{name}" for name, sign in signs if sign != "~" or one[name] != two[name])


def _sent(exchange: Exchange, bodies: Bodies, measured: Measured) -> Iterator[str]:
    headers = exchange.request_headers
    names = {name.lower() for name, _ in headers or ()}
    fields = _fields_of(bodies.request, headers)
    for each in measured.withheld:
        match each.kind:
            case "beta" if any(beta.startswith(f"{each.name}-") for beta in exchange.betas or ()):
                yield each.name
            case "header" if each.name in names:
                yield each.name
            case "field" if each.name in fields:
                yield each.name
            case "tools" if any(beta.startswith("advanced-tool-use-") for beta in exchange.betas or ()):
                yield each.name


def _fields_of(body: bytes | None, headers: Headers | None) -> frozenset[str]:
    try:
        return frozenset(_OBJECT.decode(decode_whole(header(headers or (), "content-encoding") or "", body or b"")))
    except (msgspec.DecodeError, BadEncoding):
        return frozenset()


# In words


@dataclass(frozen=True, slots=True)
class TrustRow:
    """One line of the panel. ``style`` is good, warn or plain."""

    label: str
    words: str
    style: str = "text"


def trust_rows(trust: Trust) -> list[TrustRow]:
    """Return what candela did to the request, in words."""
    exchange = trust.exchange
    if exchange.imported is not None:
        return [TrustRow("not relayed", "This request was imported: candela had no part in it.")]
    if not trust.relayed:
        return [TrustRow("not relayed", "candela answered this request itself: nothing was sent to a provider.")]
    rows = [
        TrustRow(ADAPTED[each.what], " · ".join(filter(None, (each.name, each.why))), "warn") for each in trust.changes
    ]
    rows += [TrustRow("rule", f"{each.rule}: {ruled(each)}", "warn") for each in trust.ruled]
    if not rows:
        rows = [TrustRow("changed", "nothing", "good")]
    rows += _passage_rows("request", trust.request)
    rows += _passage_rows("answer", trust.answer)
    rows += _time_rows(exchange)
    rows.append(TrustRow("came in", _ARRIVALS[exchange.arrival]))
    return rows


_ARRIVALS = {
    Arrival.BASE_URL: "by the base URL that the client was given",
    Arrival.INTERCEPTED: "on a connection to the provider itself, which candela opened; the client withholds nothing",
    Arrival.TRANSPARENT: "on a connection to the provider itself, which the system redirected; the client withholds"
    " nothing",
}


def trust_summary(trust: Trust) -> str:
    """Return the panel in a few words: ``nothing changed, +0.4 ms``."""
    if not trust.relayed:
        return "not relayed"
    changed = len(trust.changes) + len(trust.ruled)
    passed = f"{changed} changed" if changed else "sent unchanged" if trust.request.same else "changed"
    if trust.request.same is None:
        passed = f"{changed} changed" if changed else "not recorded"
    overhead = trust.exchange.overhead
    added = overhead.first_byte_ms if overhead is not None else None
    return f"{passed}, {_ms(added)} added before the first byte"


def _passage_rows(name: str, passage: Passage) -> Iterator[TrustRow]:
    client, provider = passage.client, passage.provider
    if passage.same is None:
        yield TrustRow(name, "not recorded, so the two sides can't be compared")
    elif passage.same and client is not None:
        yield TrustRow(name, f"the same {client.size:,} bytes on both sides, byte for byte", "good")
        yield TrustRow("", f"SHA-256 {client.sha256}")
    elif client is not None and provider is not None:
        yield TrustRow(name, "differs:", "warn")
        yield TrustRow("", f"client    {client.size:,} bytes, SHA-256 {client.sha256}")
        yield TrustRow("", f"provider  {provider.size:,} bytes, SHA-256 {provider.sha256}")
        if passage.fields:
            yield TrustRow("", _signed("fields of the body", passage.fields))
            yield TrustRow("", "every other field is the same, byte for byte")
    if passage.headers:
        yield TrustRow("", _signed("header fields", passage.headers), "warn")
    elif passage.headers is not None:
        added = ", with X-Request-ID if the provider sent none" if name == "answer" else ""
        yield TrustRow("", f"header fields passed on{added}; {_OF_CONNECTION}")


_SIGNS = {"-": "left out", "+": "added", "~": "changed"}


def _signed(what: str, names: tuple[str, ...]) -> str:
    parts = []
    for sign, said in _SIGNS.items():
        if found := [name[1:] for name in names if name[0] == sign]:
            parts.append(f"{said} {', '.join(found)}")
    return f"{what}: {'; '.join(parts)}"


def _time_rows(exchange: Exchange) -> Iterator[TrustRow]:
    overhead = exchange.overhead
    if overhead is None:
        unknown = "while it streams" if exchange.live else "not measured"
        yield TrustRow("time added", f"{amounts.UNKNOWN}  {unknown}")
        return
    yield TrustRow(
        "time added",
        f"{_ms(overhead.first_byte_ms)} before the first byte "
        f"(request {_ms(overhead.request_ms)}, answer {_ms(overhead.head_ms)})",
    )
    if overhead.request_ms is None:
        yield TrustRow("", "The request was sent more than once, so its own part can't be told from the answers'.")
    if overhead.chunks:
        pieces = "1 piece" if overhead.chunks == 1 else f"{overhead.chunks:,} pieces"
        yield TrustRow("", f"{_ms(overhead.chunk_ms)} for each of {pieces}, {_ms(overhead.longest_ms)} at most")
    if exchange.held_ms is not None:
        yield TrustRow("", f"You held it for {exchange.held_ms / 1000:.1f} s, which is not counted.")


def _ms(milliseconds: float | None) -> str:
    if milliseconds is None:
        return amounts.UNKNOWN
    return f"{milliseconds:.3f} ms" if milliseconds < 1 else f"{milliseconds:.1f} ms"


def withheld_heading(measured: Measured) -> str:
    """Return where the list of what the client withholds is from."""
    return f"measured with {'.'.join(map(str, measured.version))}, {measured.at}"


def gives_back(each: Withheld, trust: Trust) -> str:
    """Return what gives it back, or that it was sent."""
    if each.name in trust.sent:
        return "sent in this request"
    return each.gives_back or "nothing at a base URL"


def trust_record(trust: Trust) -> dict[str, object]:
    """Return the panel as JSON."""
    exchange, overhead = trust.exchange, trust.exchange.overhead
    return {
        "id": exchange.id,
        "relayed": trust.relayed,
        "arrival": exchange.arrival,
        "changes": [{"what": each.what, "name": each.name, "why": each.why} for each in trust.changes],
        "rules": [{"rule": each.rule, "action": each.action, "words": each.words} for each in trust.ruled],
        "request": _passage_record(trust.request),
        "answer": _passage_record(trust.answer),
        "added_ms": None
        if overhead is None
        else {
            "before_first_byte": overhead.first_byte_ms,
            "request": overhead.request_ms,
            "answer_head": overhead.head_ms,
            "per_chunk": overhead.chunk_ms,
            "longest_chunk": overhead.longest_ms if overhead.chunks else None,
            "chunks": overhead.chunks,
        },
        "held_ms": exchange.held_ms,
        "client": exchange.client,
        "withheld_measured_with": ".".join(map(str, trust.measured.version)) if trust.measured is not None else None,
        "withheld": [
            {
                "kind": each.kind,
                "name": each.name,
                "effect": each.effect,
                "sent": each.name in trust.sent if each.kind in ("beta", "header", "field", "tools") else None,
                "gives_back": each.gives_back,
            }
            for each in (trust.measured.withheld if trust.measured is not None else ())
        ],
    }


def _passage_record(passage: Passage) -> dict[str, object]:
    return {
        "same": passage.same,
        "client": _side_record(passage.client),
        "provider": _side_record(passage.provider),
        "changed_fields": list(passage.fields),
        "changed_headers": list(passage.headers) if passage.headers is not None else None,
    }


def _side_record(side: SideBody | None) -> dict[str, object] | None:
    return None if side is None else {"bytes": side.size, "sha256": side.sha256}
