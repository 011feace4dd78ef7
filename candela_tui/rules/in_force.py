"""The upstreams of all routes, each behind the rules that are in force."""

from collections.abc import Mapping

from candela_tui.config import RulesSettings, Settings
from candela_tui.providers.identity import RouteName, route_of
from candela_tui.providers.upstream import Upstream
from candela_tui.rules.key_limits import KeyLimited
from candela_tui.rules.models.of_keys import KeyAliases
from candela_tui.rules.routes.rule import Routing
from candela_tui.rules.rule import RuleContext
from candela_tui.rules.table import with_rules


class RuledUpstreams:
    """Puts rules in front of upstreams, and other rules later. A request keeps the upstream that it got, and so the
    rules that it began with. Used only on the proxy's event loop."""

    def __init__(self, opened: Mapping[RouteName, Upstream], settings: Settings, context: RuleContext) -> None:
        limited = {name: KeyLimited(route_of(name).provider, each) for name, each in opened.items()}
        self._routing = Routing(limited, settings, context.notify)
        self._context = context
        self._chosen: Mapping[RouteName, Upstream] = limited
        self._ruled = False
        self.by_route: dict[RouteName, Upstream] = dict(limited)
        """What a new request gets. Without a rule it is what chooses the provider of the request."""

    def apply(self, settings: RulesSettings, *, key_aliases: bool = False) -> None:
        """Put these rules in force for the requests that come from now on. ``key_aliases``: a key has names of its own
        for models."""
        self._chosen = self._routing.upstreams(settings)
        ruled = {name: with_rules(upstream, settings, self._context) for name, upstream in self._chosen.items()}
        self._ruled = any(ruled[name] is not upstream for name, upstream in self._chosen.items())
        if key_aliases:
            ruled = {name: KeyAliases(upstream) for name, upstream in ruled.items()}
        self.by_route.update(ruled)

    @property
    def ruled(self) -> bool:
        """Whether any rule is in force that may read what was spent."""
        return self._ruled

    def open(self) -> None:
        """Begin to know what other replicas do, if there are any. Needs a running loop."""
        self._routing.open()

    async def close(self) -> None:
        """Close the upstreams."""
        await self._routing.close()
        for upstream in set(self.by_route.values()):
            await upstream.close()
