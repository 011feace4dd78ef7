"""What a gateway between candela and a model's provider states in the headers of an answer.

A gateway may put its own name of a model (an alias) into the answer's body; which model answered is then in its header
fields alone. Sources: LiteLLM 1.108.7 (observed as candela's provider), and what the others document or publish:
docs.litellm.ai/docs/proxy/response_headers, docs.getbifrost.ai/providers/response-headers, Kong's ``ai-proxy`` plugin
(``X-Kong-LLM-Model``), developers.cloudflare.com/ai-gateway/features/dynamic-routing/usage,
ngrok.com/docs/ai-gateway, portkey.ai/docs/api-reference/response-schema, docs.helicone.ai.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from candela_tui.protocol.headers import Headers

_FROM_PROVIDER = "llm_provider-"
"""LiteLLM passes on the fields of the provider's answer under names with this prefix."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway and what it states. Each may be None: not stated."""

    name: str
    """Such as ``LiteLLM``."""
    model: str | None = None
    """The model that answered; a Claude model without the vendor that the gateway puts before it."""
    provider: str | None = None
    """Who runs that model, as candela names providers; None: another one, or not stated."""


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    prefix: str
    """How the names of its own fields begin."""
    models: tuple[str, ...] = ()
    """The fields that name the model that answered, the most telling first."""
    providers: tuple[str, ...] = ()
    """Likewise, of the provider."""


_GATEWAYS = (
    _Known("LiteLLM", "x-litellm-", ("x-litellm-model-name",)),
    _Known(
        "Bifrost",
        "x-bifrost-",
        (
            "x-bifrost-routing-info-server-side-fallback-model",
            "x-bifrost-routing-info-alias-model-name",
            "x-bifrost-routing-info-model",
            "x-bifrost-resolved-model",
        ),
        ("x-bifrost-routing-info-provider", "x-bifrost-provider"),
    ),
    _Known("Cloudflare AI Gateway", "cf-aig-", ("cf-aig-model",), ("cf-aig-provider",)),
    _Known("Kong AI Gateway", "x-kong-llm-", ("x-kong-llm-model",)),
    _Known("ngrok AI Gateway", "ngrok-aig-", ("ngrok-aig-model",)),
    _Known("Portkey", "x-portkey-"),
    _Known("Helicone", "helicone-"),
)

_HOSTS = {
    "openrouter.ai": "OpenRouter",
    "ai-gateway.vercel.sh": "Vercel AI Gateway",
    "gateway.ai.cloudflare.com": "Cloudflare AI Gateway",
    "gateway.ngrok.ai": "ngrok AI Gateway",
    "api.portkey.ai": "Portkey",
    "anthropic.helicone.ai": "Helicone",
    "ai-gateway.helicone.ai": "Helicone",
}
"""Hosted gateways whose answers need not name them."""

_PRODUCTS = {
    "kong": "Kong",
    "litellm": "LiteLLM",
    "bifrost": "Bifrost",
    "portkey": "Portkey",
    "openrouter": "OpenRouter",
}
"""Gateways by the product in ``via`` and ``server``: ``1.1 kong/3.9.1``, ``kong/3.9.1``. Most that stand there are web
servers and the provider's own front (``1.1 google``, ``cloudflare``)."""

_PROVIDERS = {
    "anthropic": "anthropic",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "aws-bedrock": "bedrock",
    "amazon-bedrock": "bedrock",
    "vertex": "vertex",
    "vertex_ai": "vertex",
    "google-vertex-ai": "vertex",
}
"""How gateways name the three providers of which candela knows prices."""


def gateway_of(headers: Iterable[tuple[str, str]], url: str = "") -> Gateway | None:
    """Return the gateway that sent an answer with these fields from this URL; None: there is no sign of one."""
    fields = {name.lower(): value.strip() for name, value in headers}
    for known in _GATEWAYS:
        if any(name.startswith(known.prefix) for name in fields):
            return _stated(known, fields)
    name = _HOSTS.get(urlsplit(url).hostname or "") or _product(fields)
    return Gateway(name) if name else None


def from_provider(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the fields of the provider's own answer that a gateway passes on under another name, with theirs."""
    lower = ((name.lower(), value) for name, value in headers)
    return tuple((name.removeprefix(_FROM_PROVIDER), value) for name, value in lower if name.startswith(_FROM_PROVIDER))


def _stated(known: _Known, fields: Mapping[str, str]) -> Gateway:
    written = next((fields[name] for name in known.models if fields.get(name)), None)
    vendor = next((fields[name] for name in known.providers if fields.get(name)), "")
    if written is None:
        return Gateway(known.name)
    before, _, bare = written.rpartition("/")
    provider = _PROVIDERS.get((before.split("/")[0] or vendor).lower())
    # Many name a Claude model ``anthropic/claude-sonnet-4-6``; of other models the vendor is a part of the name.
    return Gateway(known.name, bare if "claude" in bare else written, provider)


def _product(fields: Mapping[str, str]) -> str | None:
    words = f"{fields.get('via', '')},{fields.get('server', '')}".lower().replace(",", " ").split()
    return next((_PRODUCTS[product] for word in words if (product := word.partition("/")[0]) in _PRODUCTS), None)
