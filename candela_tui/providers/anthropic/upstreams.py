"""Open the upstream of the route to Anthropic."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from candela_tui.config import AnthropicSettings, Settings
from candela_tui.credentials.api_key import KeySource
from candela_tui.providers.identity import Provider, RouteName

if TYPE_CHECKING:
    from candela_tui.providers.package import UpstreamContext
    from candela_tui.providers.upstream import Upstream


def open_upstreams(context: "UpstreamContext") -> "dict[RouteName, Upstream]":
    """Open the upstream of the route to Anthropic."""
    # Here, because the dashboard's first screen shows the destination, and does not wait for the HTTP client.
    from candela_tui.providers.anthropic.miss_reasons import AsksForReasons
    from candela_tui.providers.anthropic.upstream import Direct

    settings = context.settings.anthropic
    direct = Direct(settings.base_url, context.api_key(key_source(settings)))
    asks = context.settings.cache.ask_provider
    return {RouteName.DIRECT: AsksForReasons(direct, context.messages) if asks else direct}


def key_source(settings: AnthropicSettings) -> KeySource:
    """Return where candela's API key for Anthropic comes from."""
    return KeySource(Provider.ANTHROPIC, settings.key_command, settings.key_lifetime_s)


def destination(settings: Settings, _environ: Mapping[str, str]) -> str:
    """Return the base URL of Anthropic's API, or of the gateway set in its place."""
    return settings.anthropic.base_url
