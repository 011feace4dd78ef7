"""The rule: refuses requests that a budget has no room for."""

import logging
from collections.abc import Iterable, Mapping

from candela_tui.config import RulesSettings
from candela_tui.exchange import Exchange
from candela_tui.ledger.running import Spending
from candela_tui.protocol.claude_code.gateway import (
    PERIODS,
    QUOTA,
    USAGE_PATH,
    SpendLimit,
    blocked_fields,
    quota_document,
    speaks_to_gateway,
    spend_fields,
    usage_document,
)
from candela_tui.protocol.claude_code.session_clues import first_user_text, session_clues
from candela_tui.protocol.errors import ApiError, error_document
from candela_tui.protocol.kind import Kind
from candela_tui.providers.identity import Dialect
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.budgets.asked import Asked
from candela_tui.rules.budgets.engine import Budgets, NotReady, Refusal
from candela_tui.rules.budgets.most import most_of
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.rules.budgets.targets import Place
from candela_tui.rules.matching import RequestFilter
from candela_tui.rules.reading import arrival, beside_the_loop, parsed
from candela_tui.rules.refusal import refused
from candela_tui.rules.rule import RuleContext
from candela_tui.text.times import utc_now

logger = logging.getLogger(__name__)

_NAME = "rules.budgets"
_UNCHECKED = (
    'candela can\'t check the budgets in config.toml, and one of them has fail = "closed". The log of candela says why.'
)
_JSON = ("content-type", "application/json")
_PLACES = frozenset({"project", "branch"})
_QUOTA_BYTES = 4096
"""No request for the standing of limits is as large."""


def rule(settings: RulesSettings, context: RuleContext) -> "BudgetRules | None":
    """Make the rule, or return None if it is off."""
    if not settings.budgets:
        return None
    return BudgetRules(context.budgets, RequestReader(settings, context.spending, context.budgets))


class RequestReader:
    """Reads what budgets want to know of a request."""

    def __init__(self, settings: RulesSettings, spending: Spending, budgets: Budgets) -> None:
        """Raises FilterError."""
        filters = {each.name: RequestFilter(each.match, spending) for each in settings.budgets}
        self._unfiltered = frozenset(name for name, wanted in filters.items() if wanted.matches_all)
        """The budgets that every request may fall under."""
        self._filters: Mapping[str, RequestFilter] = {
            name: wanted for name, wanted in filters.items() if name not in self._unfiltered
        }
        self._needs_places = any(each.scope in _PLACES for each in settings.budgets)
        self._spending = spending
        self._budgets = budgets

    async def read(self, request: ClientRequest) -> Asked | None:
        """Return what is known of a request; None if it asks for no message, so that it costs nothing."""
        exchange = await beside_the_loop(request, arrival)
        if not exchange.asks_message:
            return None
        place = await self._place(request, exchange) if self._needs_places else Place()
        # Only for a request of which nothing else is known.
        most = (
            None
            if self._budgets.knows_cost_of(exchange)
            else most_of(exchange, len(request.body), parsed(request).request, self._budgets.pricer)
        )
        return Asked(exchange, place, await self._matching(request), most)

    async def read_asker(self, request: ClientRequest) -> Asked:
        """Return what is known of who asks for its usage: the key and the route, but no session or model."""
        return Asked(arrival(request), Place(), await self._matching(request), None)

    async def _matching(self, request: ClientRequest) -> frozenset[str]:
        matching = [name for name, wanted in self._filters.items() if await wanted.matches(request)]
        return self._unfiltered.union(matching) if matching else self._unfiltered

    async def _place(self, request: ClientRequest, exchange: Exchange) -> Place:
        _, cwd, branch = self._spending.about(exchange.session_id)
        return Place(cwd, branch) if cwd is not None else await beside_the_loop(request, _stated_place)


def _stated_place(request: ClientRequest) -> Place:
    body = parsed(request).request
    if body is None:
        return Place()
    clues = session_clues(body)
    return Place(clues.cwd, clues.git_branch)


class BudgetRules:
    """Checks every budget before a request is sent."""

    name = _NAME

    def __init__(self, budgets: Budgets, reader: RequestReader) -> None:
        self._budgets = budgets
        self._reader = reader

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Refuse the request, or pass it on with its expected cost reserved."""
        by_gateway = request.dialect == Dialect.MESSAGES and speaks_to_gateway(request.headers)
        try:
            told = await self._told(request) if by_gateway else None
            if told is not None:
                return told
            refusal = await self._checked(request, by_gateway=by_gateway)
        except Exception as error:
            if not self._budgets.fails_closed:
                raise
            if isinstance(error, NotReady):
                logger.warning("%s; a request is refused", error)
            else:
                logger.exception("budgets could not be checked; a request is refused")
            return refused(request, _NAME, _UNCHECKED)
        if refusal is not None:
            limit = spend_limit(refusal.state) if by_gateway else None
            if limit is None:
                return refused(request, refusal.budget, refusal.words, "budget_exceeded")
            fields = blocked_fields(limit, utc_now())
            document = error_document(ApiError("billing_error", refusal.words))
            return Reply(429, [_JSON, *fields], document, refused_by=refusal.budget)
        try:
            step = await upstream.attempt(request)
        except BaseException:
            self._budgets.give_back(request.id)
            raise
        if isinstance(step, Reply):
            self._budgets.give_back(request.id)
        return step

    async def _told(self, request: ClientRequest) -> Reply | None:
        """Answer a client in gateway mode that asks how its limits stand, and nothing else; None if it does not."""
        if request.method == "GET" and request.resource == USAGE_PATH:
            await self._budgets.ready()
            limits = self._limits_of(await self._reader.read_asker(request))
            return Reply(200, [_JSON, ("cache-control", "no-store")], usage_document(limits)) if limits else None
        if not _asks_quota(request):
            return None
        await self._budgets.ready()
        asked = await self._reader.read(request)
        limits = self._limits_of(asked) if asked is not None else []
        model = parsed(request).model
        if not limits or model is None:
            return None
        request.answer_fields.extend(spend_fields(_fullest(limits)))
        return Reply(200, [_JSON], quota_document(model))

    async def _checked(self, request: ClientRequest, *, by_gateway: bool) -> Refusal | None:
        asked = await self._reader.read(request)
        if asked is None:
            return None
        refusal = await self._budgets.admit(asked, request.noted.append)
        if by_gateway and refusal is None:
            # The standing before this request, as a gateway of Anthropic says it.
            limits = self._limits_of(asked)
            if limits:
                request.answer_fields.extend(spend_fields(_fullest(limits)))
        return refusal

    def _limits_of(self, asked: Asked) -> list[SpendLimit]:
        return [limit for state in self._budgets.states_of(asked) if (limit := spend_limit(state)) is not None]


def _asks_quota(request: ClientRequest) -> bool:
    if len(request.body) > _QUOTA_BYTES:
        return False
    call = parsed(request)
    return call.kind is Kind.PROBE and call.request is not None and first_user_text(call.request) == QUOTA


def _fullest(limits: Iterable[SpendLimit]) -> SpendLimit:
    return max(limits, key=lambda limit: limit.used)


def spend_limit(state: BudgetState) -> SpendLimit | None:
    """Return a budget as the client's own notice shows it; None if it has no form there, as one in tokens, or if it is
    only tried."""
    if state.dry_run or not state.limit_usd or state.resets_at is None or state.window not in PERIODS:
        return None
    used = float(state.spent_usd / state.limit_usd)
    return SpendLimit(used, state.resets_at, state.window, int(state.limit_usd * 100), int(state.spent_usd * 100))
