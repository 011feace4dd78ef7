"""The rule: chooses the provider of each request."""

from collections.abc import Callable, Mapping
from typing import Final

from candela_tui.config import RulesSettings, Settings
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import RouteName, route_of, route_to, title_of
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.key_limits import may_go_to, refused_by_key, refused_provider
from candela_tui.rules.reading import beside_the_loop
from candela_tui.rules.refusal import refused
from candela_tui.rules.routes.fallback import Fallback, ProviderStates
from candela_tui.rules.routes.pin import FIELD, Pin, UnknownRoute
from candela_tui.rules.routes.session import asked, is_for_any_provider
from candela_tui.rules.routes.stays import open_stays
from candela_tui.rules.routes.upstreams import RouteUpstreams, WithoutFields, for_route
from candela_tui.rules.routes.weights import route_by_weight
from candela_tui.rules.rule import RuledUpstream

NAME: Final = "rules.routes"


class Routing:
    """Puts the choice of a provider in front of the upstreams, innermost of all rules. What is known of the providers
    and where sessions stay survives a change of the rules."""

    def __init__(self, opened: Mapping[RouteName, Upstream], settings: Settings, notify: Callable[[str], None]) -> None:
        """The upstreams belong to the caller. ``notify`` gets a message for the user if the rule fails."""
        self._opened = opened
        self._cached_chats = settings.openai.cache_breakpoints
        self._notify = notify
        self._stays = open_stays(settings)
        self._providers = ProviderStates(self._stays)

    def open(self) -> None:
        """Begin to know where sessions stay at other replicas. Needs a running loop."""
        self._stays.open()

    async def close(self) -> None:
        """Stop that."""
        await self._stays.close()

    def upstreams(self, rules: RulesSettings) -> dict[RouteName, Upstream]:
        """Return the upstream of each route behind the choice of its provider."""
        fields = rules.routes.headers
        own = {name: WithoutFields(each, fields) if fields else each for name, each in self._opened.items()}
        upstreams = RouteUpstreams(own, cached_chats=self._cached_chats)
        fallback = Fallback(rules, upstreams, self._providers, self._notify) if rules.fallback.chain else None
        weights = {RouteName(name): weight for name, weight in rules.routes.weights.items()}
        dry_run = rules.dry_run or rules.routes.dry_run
        choice = RouteChoice(upstreams, Pin(fields), weights, fallback, dry_run=dry_run)
        return {name: RuledUpstream(choice, upstream, self._notify) for name, upstream in own.items()}


class RouteChoice:
    """Sends a request to the provider that its header field names, or that its session has by weight, and lets others
    answer if that one fails."""

    name = NAME

    def __init__(
        self,
        upstreams: RouteUpstreams,
        pin: Pin,
        weights: Mapping[RouteName, float],
        fallback: Fallback | None,
        *,
        dry_run: bool,
    ) -> None:
        """``dry_run``: weights only note what they would do."""
        self._upstreams = upstreams
        self._pin = pin
        self._weights = weights
        self._fallback = fallback
        self._dry_run = dry_run

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Return the attempt at the chosen provider."""
        try:
            pin = self._pin.route(request.headers)
        except UnknownRoute as unknown:
            return refused(request, NAME, f"candela can't choose the provider: {unknown}.")
        if pin is not None:
            return await self._at_pin(pin, request)
        home = route_to(request.route.provider).name
        weighed = home in self._weights
        falls_back = self._fallback is not None and self._fallback.concerns(home)
        if not (weighed or falls_back) or not is_for_any_provider(request):
            return await upstream.attempt(request)
        known = await beside_the_loop(request, asked)
        if weighed and known.session is not None:
            home = self._by_weight(request, known.session, home)
        if self._fallback is not None and self._fallback.concerns(home):
            step = await self._fallback.attempt(request, known, home)
        else:
            step = await self._at(home, request, known.model)
        return step or await upstream.attempt(request)

    def _by_weight(self, request: ClientRequest, session: str, own: RouteName) -> RouteName:
        weights = {to: weight for to, weight in self._weights.items() if may_go_to(request, route_of(to).provider)}
        route = route_by_weight(session, weights) if weights else own
        if route == own:
            return own
        words = f"the session's requests {'would go' if self._dry_run else 'go'} to {title_of(route)} by its weight"
        request.noted.append(RuleAction(NAME, "route", self._dry_run, words))
        return own if self._dry_run else route

    async def _at_pin(self, pin: RouteName, request: ClientRequest) -> Attempt | Reply:
        if request.key is not None and not may_go_to(request, route_of(pin).provider):
            return refused_provider(request, request.key, route_of(pin).provider)
        call = await beside_the_loop(request, asked) if is_for_any_provider(request) else None
        step = await self._at(pin, request, call.model if call is not None else None)
        if step is None:
            words = f"candela can't ask {title_of(pin)}, which {FIELD} names, for {request.method} {request.resource}."
            return refused(request, NAME, words)
        if pin != route_to(request.route.provider).name:
            request.noted.append(RuleAction(NAME, "route", False, f"the client asks for {title_of(pin)}"))
        return step

    async def _at(self, route: RouteName, request: ClientRequest, model: str | None) -> Attempt | Reply | None:
        """Return the attempt at a route's provider, or None if it can't be asked for this."""
        sent = await beside_the_loop(request, lambda of: for_route(route, of, model))
        if sent is None:
            return None
        # Here a refusal has the form of the client's API, which ``sent`` need not have.
        refusal = await refused_by_key(request, route_of(route).provider)
        return refusal or await self._upstreams.at(route, request.route).attempt(sent)
