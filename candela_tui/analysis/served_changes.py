"""Notices when what is served changes over time: another model, speed, tier, place or lifetime of the cache.

A change is told once, not with each request. What the user changes himself is none: for model, speed, tier and place,
requests that ask for the same are compared. The lifetime of the cache is compared whatever was asked for, since the
client chooses it and not the user.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from candela_tui.analysis.served import served_lifetime
from candela_tui.exchange import Exchange, Outcome, ServiceAsked
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.model_ids import same_model
from candela_tui.protocol.rule_action import chose_model
from candela_tui.text.times import Clock

_TTL = "cache_ttl"
_KINDS = (Kind.MESSAGES, Kind.COMPACTION)

Series = tuple[str | None, str, str | None]
"""What is compared over time: an agent's requests, in one respect, that ask for the same."""


@dataclass(frozen=True, slots=True)
class ServedChange:
    """From one request on, something else is served than before, or than is asked for."""

    what: str
    """model, speed, service_tier, inference_geo or cache_ttl."""
    at: datetime
    exchange_id: str
    agent_id: str | None
    served: str
    asked: str | None
    """What is asked for; None if that is not known."""
    before: str | None
    """What was served before; None for the first request of its kind."""
    as_asked: bool
    """Whether what is served now is what is asked for."""


class ServedWatch:
    """Follows the exchanges of one session, in the order in which they ended."""

    def __init__(self) -> None:
        self._latest: dict[Series, str] = {}
        self._standing: dict[Series, ServedChange] = {}

    def copy(self) -> "ServedWatch":
        """Return a copy that can be continued independently."""
        other = ServedWatch()
        other._latest, other._standing = self._latest.copy(), self._standing.copy()
        return other

    @property
    def standing(self) -> tuple[ServedChange, ...]:
        """The changes that still hold, the latest last. One that was undone, so that all is as asked, does not."""
        return tuple(sorted(self._standing.values(), key=lambda change: change.exchange_id))

    def add(self, exchange: Exchange) -> tuple[ServedChange, ...]:
        """Take the next exchange, and return what changed with it."""
        if exchange.kind not in _KINDS or exchange.outcome is not Outcome.OK:
            return ()
        differing = {each.what: each.asked for each in exchange.differences}
        found = []
        for what, served, asked in _served(exchange, differing):
            series = (exchange.agent_id, what, None if what == _TTL else asked)
            before = self._latest.get(series)
            self._latest[series] = served
            if before is None and what not in differing:
                continue
            if before is not None and _same(what, before, served):
                continue
            change = ServedChange(
                what, exchange.started_at, exchange.id, exchange.agent_id, served, asked, before, what not in differing
            )
            found.append(change)
            if change.as_asked and what != _TTL:
                self._standing.pop(series, None)
            elif change.as_asked and served == "1h":
                # Nobody minds a cache that lives longer again.
                self._standing.pop(series, None)
            else:
                self._standing[series] = change
        return tuple(found)


def served_changes(exchanges: Iterable[Exchange]) -> list[ServedChange]:
    """Return the changes in one session, the earliest first. The exchanges may come in any order."""
    watch = ServedWatch()
    return [change for each in sorted(exchanges, key=lambda each: each.id) for change in watch.add(each)]


def changes_since_before(session: Iterable[Exchange], exchange: Exchange) -> tuple[ServedChange, ...]:
    """Return what is served otherwise from one exchange of a session on.

    What differs from the request alone is not among them: its ``differences`` say so."""
    changes = served_changes(session)
    return tuple(each for each in changes if each.exchange_id == exchange.id and each.before is not None)


def _served(exchange: Exchange, differing: dict[str, str]) -> Iterable[tuple[str, str, str | None]]:
    """Yield what was served in each respect, with what was asked for."""
    usage = exchange.usage
    if exchange.model is not None and exchange.model_used is not None:
        asked = exchange.model_sent if chose_model(exchange.rules) else exchange.model
        yield "model", exchange.model_used, asked
    if usage is None:
        return
    asks = exchange.service_asked or ServiceAsked()
    for what, served, asked in (
        ("speed", usage.speed, asks.speed),
        ("service_tier", usage.service_tier, asks.service_tier),
        ("inference_geo", usage.inference_geo, asks.inference_geo),
    ):
        if served is not None and served != "not_available":
            # An older record keeps what was asked for only where it differs.
            yield what, served, asked or differing.get(what, served if what == "speed" else None)
    lifetime = served_lifetime(usage)
    if lifetime is not None and len(exchange.cache_ttls) == 1:
        yield _TTL, lifetime, exchange.cache_ttls[0]


def _same(what: str, before: str, served: str) -> bool:
    return same_model(before, served) if what == "model" else before == served


_NAMES = {
    "model": "the answers are by",
    "speed": "requests are served at speed",
    "service_tier": "requests are served at tier",
    "inference_geo": "requests are served in",
    _TTL: "cache writes are",
}


def change_words(change: ServedChange, clock: Clock) -> str:
    """Return a change as a sentence: ``since 14:02 cache writes are 5m, before 1h``."""
    at = clock.local(change.at)
    said = f"since {at:%H:%M} {_NAMES[change.what]} {change.served}"
    if change.before is not None:
        said += f", before {change.before}"
    if not change.as_asked:
        return f"{said}; requested {change.asked}"
    if change.what == _TTL:
        return f"{said}; the client requests {change.asked}"
    return said


def short_words(change: ServedChange) -> str:
    """Return a change in a few cells: ``≠ cache 5m``, ``≠ speed standard``."""
    name = {_TTL: "cache", "service_tier": "tier", "inference_geo": "in"}.get(change.what, change.what)
    served = change.served.removeprefix("claude-") if change.what == "model" else change.served
    return f"≠ {name} {served}"
