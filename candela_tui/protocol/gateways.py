"""Gateways between candela and a model's provider, and what they state in the headers of an answer.

A gateway may put its own name for a model (an alias) into the answer's body; only its header fields then tell which
model answered. Sources: LiteLLM 1.108.7 (observed as candela's provider), and what the others document or publish:
docs.litellm.ai/docs/proxy/response_headers, docs.getbifrost.ai/providers/response-headers, Kong's ``ai-proxy`` plugin
(``X-Kong-LLM-Model``), developers.cloudflare.com/ai-gateway/features/dynamic-routing/usage,
ngrok.com/docs/ai-gateway, portkey.ai/docs/api-reference/response-schema, docs.helicone.ai.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from candela_tui.protocol.headers import Headers
from candela_tui.providers.identity import Provider

_FROM_PROVIDER = "llm_provider-"
"""LiteLLM passes on the header fields of the provider's answer with this prefix."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway and what it states; None: not stated."""

    name: str
    """The product, such as ``LiteLLM``."""
    model: str | None = None
    """The model that answered, without the vendor that some gateways put before a Claude model."""
    provider: Provider | None = None
    """The provider that runs that model; None: another one, or not stated."""


@dataclass(frozen=True, slots=True)
class _GatewayFields:
    name: str
    prefix: str
    """The prefix of its own header fields."""
    models: tuple[str, ...] = ()
    """The fields that name the model that answered, the most reliable first."""
    providers: tuple[str, ...] = ()
    """The fields that name the provider, the most reliable first."""


_GATEWAYS = (
    _GatewayFields("LiteLLM", "x-litellm-", ("x-litellm-model-name",)),
    _GatewayFields(
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
    _GatewayFields("Cloudflare AI Gateway", "cf-aig-", ("cf-aig-model",), ("cf-aig-provider",)),
    _GatewayFields("Kong AI Gateway", "x-kong-llm-", ("x-kong-llm-model",)),
    _GatewayFields("ngrok AI Gateway", "ngrok-aig-", ("ngrok-aig-model",)),
    _GatewayFields("Portkey", "x-portkey-"),
    _GatewayFields("Helicone", "helicone-"),
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
"""Hosted gateways, whose answers may not name them."""

_PRODUCTS = {
    "kong": "Kong",
    "litellm": "LiteLLM",
    "bifrost": "Bifrost",
    "portkey": "Portkey",
    "openrouter": "OpenRouter",
}
"""Gateways by the product in ``via`` and ``server``: ``1.1 kong/3.9.1``, ``kong/3.9.1``. Most products there are web
servers and the provider's own front (``1.1 google``, ``cloudflare``)."""

_PROVIDERS = {
    "anthropic": Provider.ANTHROPIC,
    "bedrock": Provider.BEDROCK,
    "bedrock_converse": Provider.BEDROCK,
    "aws-bedrock": Provider.BEDROCK,
    "amazon-bedrock": Provider.BEDROCK,
    "vertex": Provider.VERTEX,
    "vertex_ai": Provider.VERTEX,
    "google-vertex-ai": Provider.VERTEX,
}
"""The gateways' names for the three providers whose prices candela knows."""


def gateway_of(headers: Iterable[tuple[str, str]], url: str = "") -> Gateway | None:
    """Return the gateway that sent an answer with these fields from this URL, or None if nothing points to one."""
    fields = {name.lower(): value.strip() for name, value in headers}
    for known in _GATEWAYS:
        if any(name.startswith(known.prefix) for name in fields):
            return _stated(known, fields)
    name = _HOSTS.get(urlsplit(url).hostname or "") or _product(fields)
    return Gateway(name) if name else None


def from_provider(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the provider's own header fields that a gateway passes on, under their original names."""
    lower = ((name.lower(), value) for name, value in headers)
    return tuple((name.removeprefix(_FROM_PROVIDER), value) for name, value in lower if name.startswith(_FROM_PROVIDER))


def _stated(known: _GatewayFields, fields: Mapping[str, str]) -> Gateway:
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
