"""The upstreams of all routes, each behind the rules that are in force."""

from collections.abc import Callable, Mapping

from candela_tui.config import RulesSettings
from candela_tui.ledger.running import Spending
from candela_tui.providers.identity import RouteName
from candela_tui.providers.upstream import Upstream
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.table import with_rules


class RuledUpstreams:
    """Puts rules in front of upstreams, and other rules later. A request keeps the upstream that it got, and so the
    rules that it began with. Used only on the proxy's event loop."""

    def __init__(
        self, opened: Mapping[RouteName, Upstream], notify: Callable[[str], None], spending: Spending, budgets: Budgets
    ) -> None:
        self._opened = opened
        self._notify = notify
        self._spending = spending
        self._budgets = budgets
        self.by_route: dict[RouteName, Upstream] = dict(opened)
        """What a new request gets. Without a rule it is the upstream itself."""

    def apply(self, settings: RulesSettings) -> None:
        """Put these rules in force for the requests that come from now on."""
        ruled = {
            name: with_rules(upstream, settings, self._notify, self._spending, self._budgets)
            for name, upstream in self._opened.items()
        }
        self.by_route.update(ruled)

    @property
    def ruled(self) -> bool:
        """Whether any rule is in force."""
        return any(self.by_route[name] is not upstream for name, upstream in self._opened.items())

    async def close(self) -> None:
        """Close the upstreams."""
        for upstream in set(self.by_route.values()):
            await upstream.close()
