"""Open the upstream of the route to Foundry."""

from collections.abc import Mapping

from candela_tui.config import Settings
from candela_tui.credentials.api_key import KeySource
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.providers.foundry.endpoint import foundry_endpoint
from candela_tui.providers.foundry.entra import EntraTokens
from candela_tui.providers.foundry.signer import FoundrySigner
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.package import UpstreamContext
from candela_tui.providers.pass_through import PassThrough
from candela_tui.providers.upstream import Upstream

KEY_VARIABLE = "ANTHROPIC_FOUNDRY_API_KEY"


def open_upstreams(context: UpstreamContext) -> dict[RouteName, Upstream]:
    """Open the upstream of the route to Foundry."""
    settings = context.settings.foundry
    source = KeySource(Provider.FOUNDRY, settings.key_command, settings.key_lifetime_s, KEY_VARIABLE)
    current = SettingsFile(context.config, settings, lambda all_: all_.foundry)
    signer = FoundrySigner(current, context.api_key(source), EntraTokens(context.tell))
    return {RouteName.FOUNDRY: PassThrough(Provider.FOUNDRY, signer)}


def destination(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the base URL. Raises ValueError if the resource is unknown or invalid."""
    return foundry_endpoint(settings.foundry, environ)
