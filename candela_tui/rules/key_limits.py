"""Holds every request to what its key of candela's may use: innermost, in front of each provider.

What a rule, a pin, a weight or a fallback made of a request is judged here, and not only what the client asked for.
"""

from typing import Final

from candela_tui.config import ModelRules
from candela_tui.credentials.owner import Accepts
from candela_tui.keys.key import Key
from candela_tui.protocol.claude_code.gateway import USAGE_PATH
from candela_tui.protocol.kind import FREE_KINDS
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.models_answer import asks_for_models
from candela_tui.providers.replies import error_for
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.rules.models.listing import listed
from candela_tui.rules.models.policy import ModelPolicy
from candela_tui.rules.reading import beside_the_loop, parsed

NOT_ALLOWED: Final = 402
"""Claude Code 2.1.332 shows the message of a 402 at once. It puts "Failed to authenticate" before that of a 403."""
PROVIDER_NOT_ALLOWED: Final = "provider_not_allowed"
_MODEL_NOT_ALLOWED: Final = "model_not_allowed"
_REFUSED_BY: Final = "keys"
_WITHOUT_MODEL: Final = ("/api/", "/v1/files")
"""How the paths begin of what asks no model: the client's own reports, and files."""
_NO_POLICY: Final = ModelPolicy(ModelRules())


class KeyLimited:
    """An upstream that asks its provider for nothing that a request's key may not use."""

    def __init__(self, provider: Provider, upstream: Upstream) -> None:
        """Take ownership of ``upstream``, which asks ``provider``."""
        self._provider = provider
        self._upstream = upstream

    @property
    def accepts(self) -> Accepts:
        """The credentials of a client that go on to the provider."""
        return self._upstream.accepts

    async def attempt(self, asked: ClientRequest) -> Attempt | Reply:
        """Return the upstream's attempt, or a refusal."""
        if asked.key is None:
            return await self._upstream.attempt(asked)
        refusal = await refused_by_key(asked, self._provider)
        if refusal is not None:
            return refusal
        if asked.resource == USAGE_PATH:
            # A provider would answer for candela's own account. 404 is the client's form of "no limit in dollars".
            return error_for(asked, 404, f"no budget in dollars applies to the key {asked.key.name}")
        if asked.key.models and asked.method == "GET" and asks_for_models(asked.method, asked.path):
            return await listed(asked, self._upstream, _NO_POLICY)
        return await self._upstream.attempt(asked)

    async def close(self) -> None:
        """Close the upstream."""
        await self._upstream.close()


async def refused_by_key(request: ClientRequest, provider: Provider) -> Reply | None:
    """Return the refusal of a request that is about to be sent to a provider, or None if its key may do that."""
    key = request.key
    if key is None:
        return None
    if not key.allows_provider(provider):
        return refused_provider(request, key, provider)
    if not key.models:
        return None
    model = await beside_the_loop(request, _model_to_judge)
    if model is None or (model and key.allows_model(model)):
        return None
    asked = model or "a request that does not name one model"
    return _refused(
        request, _MODEL_NOT_ALLOWED, f"the key {key.name} may not use {asked}, only {', '.join(key.models)}"
    )


def may_go_to(request: ClientRequest, provider: Provider) -> bool:
    """Return whether a request's key, if it has one, may use a provider."""
    return request.key is None or request.key.allows_provider(provider)


def refused_provider(request: ClientRequest, key: Key, provider: Provider) -> Reply:
    """Return the refusal of a request because of its provider."""
    return _refused(request, PROVIDER_NOT_ALLOWED, provider_words(key, provider))


def provider_words(key: Key, provider: Provider) -> str:
    """Say that a key may not use a provider."""
    return f"the key {key.name} may not use {PROVIDERS[provider].title}, only {', '.join(key.providers)}"


def _model_to_judge(request: ClientRequest) -> str | None:
    """Return the model that a request is for, None if it asks no model, or an empty text if that can't be told."""
    if "#" in request.path:
        # Some clients and servers cut a target there, and then it is another one than the one that was read.
        return ""
    call = parsed(request)
    if call.operation in FREE_KINDS:
        return None
    if call.model is not None:
        return call.model
    if request.resource == "/":
        return None
    reads = request.method in ("GET", "HEAD") or request.resource.startswith(_WITHOUT_MODEL)
    # Clouds run many models under many paths. A batch names its models in its parts, which are not read.
    return None if reads and not request.route.native else ""


def _refused(request: ClientRequest, code: str, words: str) -> Reply:
    return error_for(request, NOT_ALLOWED, words, refused_by=_REFUSED_BY, code=code)
