"""The providers that run Claude, the dialects that clients speak, and the routes of the proxy.

This module alone defines their names. It imports nothing else from candela, so every layer may import it.
Values are stored and printed as they are, so changing one breaks databases, settings and scripts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Provider(StrEnum):
    """A provider that runs Claude. The value is the name of its package in ``candela_tui.providers``."""

    ANTHROPIC = "anthropic"
    VERTEX = "vertex"
    BEDROCK = "bedrock"
    MANTLE = "mantle"
    """Bedrock's endpoint for the Messages API."""
    CLAUDE_AWS = "claude_aws"
    FOUNDRY = "foundry"
    CLAUDE_GOOGLE_CLOUD = "claude_google_cloud"


class Dialect(StrEnum):
    """An API protocol that clients use."""

    MESSAGES = "messages"
    VERTEX = "vertex"
    """The rawPredict API of Vertex AI."""
    BEDROCK = "bedrock"
    """The InvokeModel API of Bedrock."""
    OPENAI = "openai"
    """OpenAI's chat completions. The route accepts Messages as well."""


class RouteName(StrEnum):
    """The name of a route, as used in settings and stored requests."""

    DIRECT = "anthropic-direct"
    VERTEX = "anthropic-vertex"
    BEDROCK = "anthropic-bedrock"
    CHAT = "anthropic"
    """candela's first route: chat completions, served by Vertex AI."""
    VERTEX_NATIVE = "vertex"
    BEDROCK_NATIVE = "bedrock"
    MANTLE = "mantle"
    CLAUDE_AWS = "claude-aws"
    FOUNDRY = "foundry"
    CLAUDE_GOOGLE_CLOUD = "claude-google-cloud"


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """Fixed facts about a provider."""

    provider: Provider
    title: str
    """The vendor's full name for the provider."""
    short_title: str
    """The name used in lists and sentences."""
    account: str
    """The name of the sign-in in ``candela auth login --provider``, the accounts file and the local API."""
    dialect: Dialect
    """The provider's own protocol. Requests in another dialect are mapped to it."""
    price_list: str
    """The provider's id in genai-prices."""
    model_prefix: str = ""
    """What the names of all models begin with. Claude Code adds it itself when it uses the provider."""
    lists_models: bool = True
    """Whether the provider, or candela for it, answers /v1/models."""
    message_prefix: str = ""
    """What the ids of its messages begin with, where that tells the provider."""
    semantic_name: str = "anthropic"
    """Its value of ``gen_ai.provider.name`` in OpenTelemetry's semantic conventions."""


PROVIDERS: Final[Mapping[Provider, ProviderInfo]] = {
    info.provider: info
    for info in (
        ProviderInfo(
            Provider.ANTHROPIC,
            title="Anthropic",
            short_title="Anthropic",
            account="anthropic",
            dialect=Dialect.MESSAGES,
            price_list="anthropic",
        ),
        ProviderInfo(
            Provider.VERTEX,
            title="Google Vertex AI",
            short_title="Vertex AI",
            account="gcp",
            dialect=Dialect.VERTEX,
            price_list="google",
            message_prefix="msg_vrtx_",
            semantic_name="gcp.vertex_ai",
        ),
        ProviderInfo(
            Provider.BEDROCK,
            title="Amazon Bedrock",
            short_title="Bedrock",
            account="aws",
            dialect=Dialect.BEDROCK,
            price_list="aws",
            message_prefix="msg_bdrk_",
            semantic_name="aws.bedrock",
        ),
        ProviderInfo(
            Provider.MANTLE,
            title="Amazon Bedrock (Messages)",
            short_title="Bedrock Messages",
            account="mantle",
            dialect=Dialect.MESSAGES,
            price_list="aws",
            model_prefix="anthropic.",
            semantic_name="aws.bedrock",
        ),
        ProviderInfo(
            Provider.CLAUDE_AWS,
            title="Claude Platform on AWS",
            short_title="Claude on AWS",
            account="claude-aws",
            dialect=Dialect.MESSAGES,
            price_list="anthropic",
        ),
        ProviderInfo(
            Provider.FOUNDRY,
            title="Microsoft Foundry",
            short_title="Foundry",
            account="foundry",
            dialect=Dialect.MESSAGES,
            price_list="anthropic",
            lists_models=False,
            semantic_name="azure.ai.inference",
        ),
        ProviderInfo(
            Provider.CLAUDE_GOOGLE_CLOUD,
            title="Claude on Google Cloud",
            short_title="Claude on Google Cloud",
            account="claude-google-cloud",
            dialect=Dialect.MESSAGES,
            price_list="anthropic",
        ),
    )
}
"""The facts about each provider, in the order in which they are offered to users."""

DIALECT_TITLES: Final[Mapping[Dialect, str]] = {
    Dialect.MESSAGES: "Messages",
    Dialect.VERTEX: "Vertex AI's rawPredict",
    Dialect.BEDROCK: "Bedrock's invoke",
    Dialect.OPENAI: "OpenAI's chat completions",
}


@dataclass(frozen=True, slots=True)
class Route:
    """A base URL of the proxy, with its protocol and provider."""

    name: RouteName
    option: str
    """The value of ``--route``. A native route shares it with the mapped route and is selected with ``--native``."""
    prefix: str
    """The path prefix, without a trailing slash."""
    dialect: Dialect
    provider: Provider

    @property
    def native(self) -> bool:
        """Whether clients use a cloud's own protocol on this route instead of Messages."""
        return self.dialect is not Dialect.MESSAGES and self.dialect is PROVIDERS[self.provider].dialect


ROUTES: Final[tuple[Route, ...]] = (
    Route(RouteName.DIRECT, "direct", "/proxy/anthropic-direct", Dialect.MESSAGES, Provider.ANTHROPIC),
    Route(RouteName.VERTEX, "vertex", "/proxy/anthropic-vertex", Dialect.MESSAGES, Provider.VERTEX),
    Route(RouteName.BEDROCK, "bedrock", "/proxy/anthropic-bedrock", Dialect.MESSAGES, Provider.BEDROCK),
    Route(RouteName.CHAT, "chat", "/proxy/anthropic", Dialect.OPENAI, Provider.VERTEX),
    Route(RouteName.VERTEX_NATIVE, "vertex", "/vertex/v1", Dialect.VERTEX, Provider.VERTEX),
    Route(RouteName.BEDROCK_NATIVE, "bedrock", "/bedrock", Dialect.BEDROCK, Provider.BEDROCK),
    Route(RouteName.MANTLE, "mantle", "/proxy/anthropic-mantle", Dialect.MESSAGES, Provider.MANTLE),
    Route(RouteName.CLAUDE_AWS, "claude-aws", "/proxy/claude-aws", Dialect.MESSAGES, Provider.CLAUDE_AWS),
    Route(RouteName.FOUNDRY, "foundry", "/proxy/anthropic-foundry", Dialect.MESSAGES, Provider.FOUNDRY),
    Route(
        RouteName.CLAUDE_GOOGLE_CLOUD,
        "claude-google-cloud",
        "/proxy/claude-google-cloud",
        Dialect.MESSAGES,
        Provider.CLAUDE_GOOGLE_CLOUD,
    ),
)
"""All routes. candela itself uses the first route of each provider."""

ACCOUNTS: Final[Mapping[str, Provider]] = {info.account: info.provider for info in PROVIDERS.values()}
"""Providers by the name of their sign-in."""
ROUTE_OPTIONS: Final = tuple(dict.fromkeys(route.option for route in ROUTES))
"""The values of ``--route``."""
PROVIDER_WORDS: Final = tuple(option for option in ROUTE_OPTIONS if option != "chat")
"""The words for providers where a user lists some, such as for a key. Chat completions belong to the provider that
serves them."""
NATIVE_OPTIONS: Final = tuple(route.option for route in ROUTES if route.native)
"""The values of ``--route`` that can be combined with ``--native``."""
DEFAULT_ROUTES: Final = tuple(route.name for route in ROUTES if route.dialect is Dialect.MESSAGES)
"""The routes that can be the default route, which serves the base URL without a prefix."""

_BY_NAME: Final = {route.name: route for route in ROUTES}


def route_of(name: RouteName) -> Route:
    """Return the route with this name."""
    return _BY_NAME[name]


def title_of(name: RouteName) -> str:
    """Return the short name of a route's provider."""
    return PROVIDERS[_BY_NAME[name].provider].short_title


def route_to(provider: Provider) -> Route:
    """Return the route that accepts Messages for a provider."""
    return next(route for route in ROUTES if route.provider is provider and route.name in DEFAULT_ROUTES)


def route_for(option: str, *, native: bool = False) -> Route | None:
    """Return the route selected by ``--route`` and ``--native``, or None if the option has no native route."""
    return next((route for route in ROUTES if route.option == option and route.native is native), None)


def provider_named(word: str) -> Provider:
    """Return the provider of one of ``PROVIDER_WORDS``."""
    return next(route.provider for route in ROUTES if route.option == word)


def listed(words: Iterable[str]) -> str:
    """Join words for a sentence: ``a, b or c``."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
