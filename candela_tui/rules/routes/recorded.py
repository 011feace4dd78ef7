"""What [rules.routes] and [rules.fallback] would have done about recorded requests."""

from collections.abc import Iterator

from candela_tui.config import RulesSettings
from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.errors import status_of
from candela_tui.protocol.kind import Kind
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import Dialect, Provider, RouteName, route_to, title_of
from candela_tui.redaction import redact_text
from candela_tui.rules.routes.chain import NAME as FALLBACK
from candela_tui.rules.routes.chain import conditions_of
from candela_tui.rules.routes.rule import NAME as ROUTES
from candela_tui.rules.routes.weights import route_by_weight


class RecordedRoutes:
    """Judges recorded requests, the oldest first."""

    def __init__(self, settings: RulesSettings) -> None:
        self._weights = {RouteName(name): weight for name, weight in settings.routes.weights.items()}
        self._chain = tuple(map(RouteName, settings.fallback.chain))
        self._on = frozenset(settings.fallback.on)
        self._timeout_ms = settings.fallback.timeout_ms if "timeout" in self._on else None
        self._spread: set[str] = set()
        """The sessions whose route by weight was said: it is the same for all of their requests."""

    def actions(self, exchange: Exchange) -> Iterator[RuleAction]:
        """Yield what would have been done about a request and its answer."""
        if not _is_for_any_provider(exchange):
            return
        own = route_to(Provider(exchange.attempts[0].provider) if exchange.attempts else exchange.provider).name
        session = exchange.session_id if "session_id" not in exchange.inferred else None
        if own in self._weights and session is not None and session not in self._spread:
            self._spread.add(session)
            route = route_by_weight(session, self._weights)
            if route != own:
                words = f"the session's requests would go to {title_of(route)} by its weight"
                yield RuleAction(ROUTES, "route", False, words)
        following = next((route for route in self._chain if route != own), None)
        if own in self._chain and following is not None and (why := self._failure(exchange)) is not None:
            words = f"{title_of(own)} failed: {why}; {title_of(following)} would be asked"
            yield RuleAction(FALLBACK, "fallback", False, words)

    def _failure(self, exchange: Exchange) -> str | None:
        """Return why another provider would be asked, or None if none would."""
        if exchange.attempts:
            first = exchange.attempts[0]
            status, message = first.status, first.error
        elif exchange.failed and exchange.marks.first_token is None:
            status, message = _status(exchange), exchange.error.message if exchange.error is not None else None
        else:
            status = message = None
        if status is not None and not self._on.isdisjoint(conditions_of(status)):
            return f"{status} {redact_text(message or '')}".rstrip()
        if self._timeout_ms is None or not exchange.streamed or (exchange.ttfb_ms or 0) <= self._timeout_ms:
            return None
        return f"504 the answer did not begin within {self._timeout_ms / 1000:g} s"


def _status(exchange: Exchange) -> int | None:
    """Return the status of a failure: that of the error in a stream, and candela's own for one that broke off."""
    if exchange.outcome is Outcome.CUT:
        return 502
    if exchange.status is not None and exchange.status < 400 and exchange.error is not None:
        return status_of(exchange.error)
    return exchange.status


def _is_for_any_provider(exchange: Exchange) -> bool:
    """Return whether every provider can answer a request, as ``session.is_for_any_provider`` says of one that is to be
    sent."""
    if exchange.live or exchange.imported is not None:
        return False
    native = exchange.dialect in (Dialect.VERTEX, Dialect.BEDROCK)
    return exchange.asks_message or (exchange.kind is Kind.COUNT_TOKENS and not native)
