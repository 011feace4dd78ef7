"""The rule: refuses requests for some models, and sends others for another model than they ask for."""

from collections.abc import Sequence
from functools import partial

from candela_tui.config import BelowBudget, RulesSettings
from candela_tui.ledger.running import Spending
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.providers.models_answer import asks_for_models
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.rule import RequestReader
from candela_tui.rules.matching import agent_type
from candela_tui.rules.models.listing import listed
from candela_tui.rules.models.other_model import names_model, with_model
from candela_tui.rules.models.policy import NAME, ModelPolicy, refusal_words, refused, replaced
from candela_tui.rules.reading import beside_the_loop, parsed
from candela_tui.rules.refusal import refused as refusal
from candela_tui.rules.rule import RuleContext


def rule(settings: RulesSettings, context: RuleContext) -> "ModelRule | None":
    """Make the rule, or return None if it is off."""
    models = settings.models
    if not (models.allow or models.deny or models.aliases or models.by_agent or models.below_budget):
        return None
    reader = RequestReader(settings, context.spending, context.budgets)
    fullness = Fullness(context.budgets, reader)
    return ModelRule(ModelPolicy(models), context.spending, fullness, dry_run=settings.dry_run or models.dry_run)


class Fullness:
    """Says how full the budgets of a request are."""

    def __init__(self, budgets: Budgets, reader: RequestReader) -> None:
        self._budgets = budgets
        self._reader = reader

    async def reached(self, request: ClientRequest, marks: Sequence[BelowBudget]) -> list[BelowBudget]:
        """Return the marks that are reached, in their order; none if the request costs nothing."""
        asked = await self._reader.read(request)
        if asked is None:
            return []
        return [mark for mark in marks if self._budgets.full(asked, mark.budget or None) >= mark.past]


class ModelRule:
    """Applies the policy to each request that names a model."""

    name = NAME

    def __init__(self, policy: ModelPolicy, spending: Spending, fullness: Fullness, *, dry_run: bool = False) -> None:
        self._policy = policy
        self._spending = spending
        self._fullness = fullness
        self._dry_run = dry_run

    async def attempt(self, request: ClientRequest, upstream: Upstream) -> Attempt | Reply:
        """Refuse the request, or pass it on, for another model or as it is."""
        if request.method == "GET" and asks_for_models(request.method, request.path):
            if self._dry_run or not self._policy.changes_lists:
                return await upstream.attempt(request)
            return await listed(request, upstream, self._policy)
        call = await beside_the_loop(request, parsed)
        if call.model is None:
            return await upstream.attempt(request)
        asked, (model, because) = call.model, await self._chosen(request, call.model)
        denial = self._policy.denial(model) if call.operation not in FREE_KINDS else None
        if denial is not None:
            request.noted.append(refused(asked, model, denial, dry_run=self._dry_run))
            if not self._dry_run:
                return refusal(request, NAME, refusal_words(asked, model, denial), "model_not_allowed")
        if model == asked:
            return await upstream.attempt(request)
        if self._dry_run:
            request.noted.append(replaced(asked, model, because, dry_run=True))
            return await upstream.attempt(request)
        other = await beside_the_loop(request, partial(with_model, model=model))
        if other is None:
            return await upstream.attempt(request)
        request.noted.append(replaced(asked, other.model, because, other.changed, dry_run=False))
        return names_model(await upstream.attempt(other.request), other.model)

    async def _chosen(self, request: ClientRequest, asked: str) -> tuple[str, str]:
        """Return the model that a request is sent for, and why."""
        route = request.route.name
        agent = await agent_type(request, self._spending) if self._policy.asks_agents else None
        model, because = self._policy.chosen(asked, route, agent)
        if self._policy.marks:
            for mark in await self._fullness.reached(request, self._policy.marks):
                found = self._policy.below(model, mark, route)
                if found is not None:
                    return found
        return model, because
