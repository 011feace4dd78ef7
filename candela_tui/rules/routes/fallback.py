"""[rules.fallback]: asks another provider if one fails before any content has arrived."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from candela_tui.config import RulesSettings
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import DEFAULT_ROUTES, RouteName, route_of, title_of
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply
from candela_tui.rules.key_limits import refused_by_key
from candela_tui.rules.reading import beside_the_loop
from candela_tui.rules.routes.chain import NAME, Chain, DryChain, Limits, Step, tried
from candela_tui.rules.routes.circuit_breaker import CircuitBreaker
from candela_tui.rules.routes.session import Asked
from candela_tui.rules.routes.stays import Stays
from candela_tui.rules.routes.upstreams import RouteUpstreams, for_route


class ProviderStates:
    """The circuits of all providers, and where sessions stay."""

    def __init__(self, stays: Stays) -> None:
        self.circuits = {name: CircuitBreaker() for name in DEFAULT_ROUTES}
        self.stays = stays


class Fallback:
    """The rule in force."""

    def __init__(
        self,
        settings: RulesSettings,
        upstreams: RouteUpstreams,
        providers: ProviderStates,
        notify: Callable[[str], None],
    ) -> None:
        """``notify`` gets a message for the user if the rule fails."""
        rule = settings.fallback
        self._chain = tuple(RouteName(name) for name in rule.chain)
        self._models: Mapping[str, str] = rule.models
        timeout_s = rule.timeout_ms / 1000 if "timeout" in rule.on else None
        self._limits = Limits(frozenset(rule.on), timeout_s, rule.max_attempts)
        self._dry_run = rule.dry_run or settings.dry_run
        self._upstreams = upstreams
        self._circuits = providers.circuits
        self._stays = providers.stays
        self._notify = notify

    def concerns(self, route: RouteName) -> bool:
        """Return whether a request for a route may be answered by another one."""
        return route in self._chain

    async def attempt(self, request: ClientRequest, asked: Asked, home: RouteName) -> Attempt | Reply | None:
        """Return the attempt at the first provider for a request whose session belongs to the route ``home``. None: no
        provider of the chain can be asked for this, or the request's key may not use the first one."""
        stay = None if self._dry_run else self._stays.route(asked.session)
        begin = stay if stay in self._chain else home
        routes = [begin, *(name for name in self._chain if name != begin)]
        steps = [self._step(name, request, asked) for name in routes]
        if request.key is not None:
            steps = [step for step in steps if await _is_allowed(step)]
        allowed = {step.route for step in steps}
        if home not in allowed:
            return None
        if begin != home and begin in allowed:
            words = f"the session stays with {title_of(begin)}, which has its prompt cache"
            request.noted.append(RuleAction(NAME, "route", False, words))
        if self._dry_run:
            return await self._dry(steps)
        # Of an answer that is not streamed, nothing comes before all of it has been generated.
        limits = self._limits if asked.streamed else replace(self._limits, timeout_s=None)
        chain = Chain(
            steps,
            limits,
            request.noted.append,
            partial(self._answered, asked, home),
            lambda: self._notify(f"[{NAME}] failed, and a request passed without it (the log says why)"),
        )
        return await chain.begin()

    def _answered(self, asked: Asked, home: RouteName, route: RouteName) -> None:
        if route == home:
            self._stays.returned(asked.session)
        else:
            self._stays.answered(asked.session, route, asked.cache_s)

    async def _dry(self, steps: Sequence[Step]) -> Attempt | Reply | None:
        if len(steps) == 1:
            return None
        first, then = steps[:2]
        asked = await beside_the_loop(first.request, first.form)
        if asked is None:
            return None
        trial = DryChain(first.title, then.title, self._limits.on, first.request.noted.append)
        return tried(await first.upstream.attempt(asked), trial)

    def _step(self, name: RouteName, request: ClientRequest, asked: Asked) -> Step:
        def form(of: ClientRequest) -> ClientRequest | None:
            return for_route(name, of, asked.model, self._models.get(name))

        return Step(name, self._upstreams.at(name, request.route), request, form, self._circuits[name])


async def _is_allowed(step: Step) -> bool:
    """Return whether the key of a request may use what a step asks for."""
    sent = await beside_the_loop(step.request, step.form)
    return sent is not None and await refused_by_key(sent, route_of(step.route).provider) is None
