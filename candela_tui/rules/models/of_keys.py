"""The names that candela's own keys have for models: outermost, so that every rule judges the model that is meant."""

from functools import lru_cache, partial

from candela_tui.config import ModelRules
from candela_tui.credentials.owner import Accepts
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.models_answer import asks_for_models
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.models.listing import listed
from candela_tui.rules.models.other_model import names_model, with_model
from candela_tui.rules.models.policy import ModelPolicy
from candela_tui.rules.reading import beside_the_loop, parsed


class KeyAliases:
    """An upstream that is asked for the models that a key's names mean."""

    def __init__(self, upstream: Upstream) -> None:
        """Take ownership of ``upstream``."""
        self._upstream = upstream

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that go on to the provider."""
        return self._upstream.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the upstream's attempt at the request for the model that is meant."""
        key = asked.key
        if key is None or not key.aliases:
            return await self._upstream.attempt(asked)
        policy = _policy(key.aliases)
        if asked.method == "GET" and asks_for_models(asked.method, asked.path):
            return await listed(asked, self._upstream, policy)
        name = (await beside_the_loop(asked, parsed)).model
        meant = policy.meant(name, asked.route.name) if name is not None else None
        if meant is None or meant == name:
            return await self._upstream.attempt(asked)
        other = await beside_the_loop(asked, partial(with_model, model=meant))
        if other is None:
            return await self._upstream.attempt(asked)
        words = "; ".join((f"{other.model} in place of {name}, which is its alias", *other.changed))
        asked.noted.append(RuleAction(f"key {key.name}", "model", dry_run=False, words=words))
        return names_model(await self._upstream.attempt(other.request), other.model)

    async def close(self) -> None:
        """Close the upstream."""
        await self._upstream.close()


@lru_cache(maxsize=256)
def _policy(aliases: tuple[tuple[str, str], ...]) -> ModelPolicy:
    return ModelPolicy(ModelRules.model_validate({"aliases": dict(aliases)}))
