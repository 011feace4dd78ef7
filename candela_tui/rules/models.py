"""[rules.models]: denies requests to some models."""

from collections.abc import Iterable

from candela_tui.config import RulesSettings
from candela_tui.ledger.running import Spending
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.protocol.model_ids import matches_model
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.reading import beside_the_loop, parsed
from candela_tui.rules.refusal import refused

_NAME = "rules.models"


def rule(settings: RulesSettings, _: Spending, __: Budgets) -> "DeniedModels | None":
    """Make the rule, or return None if it is off."""
    return DeniedModels(settings.models.deny) if settings.models.deny else None


class DeniedModels:
    """Refuses requests to the models that a pattern of ``deny`` matches."""

    name = _NAME

    def __init__(self, deny: Iterable[str]) -> None:
        self._deny = tuple(deny)

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Refuse the request or pass it on."""
        call = await beside_the_loop(request, parsed)
        pattern = self.denying(call.model) if call.model is not None and call.kind not in FREE_KINDS else None
        if pattern is None:
            return await upstream.attempt(request)
        words = (
            f'candela refuses {call.model}: the pattern "{pattern}" in [{_NAME}] deny of config.toml denies it. Choose'
            f" another model, or change the key (`candela config set {_NAME}.deny '[]'` allows all)."
        )
        return refused(request, _NAME, words)

    def denying(self, model: str) -> str | None:
        """Return the first pattern that matches the requested model, or its name without place, date and suffixes."""
        return next((deny for deny in self._deny if matches_model(deny, model)), None)
