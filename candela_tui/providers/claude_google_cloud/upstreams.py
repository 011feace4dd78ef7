"""Open the upstream of the route to Claude on Google Cloud."""

from collections.abc import Mapping

from candela_tui.config import Settings
from candela_tui.credentials.google.tokens import GoogleTokens
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.providers.claude_google_cloud.endpoint import configured_place, endpoint_url
from candela_tui.providers.claude_google_cloud.signer import GoogleSigner
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.package import UpstreamContext
from candela_tui.providers.pass_through import PassThrough
from candela_tui.providers.upstream import Upstream


def open_upstreams(context: UpstreamContext) -> dict[RouteName, Upstream]:
    """Open the upstream of the route to Claude on Google Cloud."""
    tokens = GoogleTokens(
        Provider.CLAUDE_GOOGLE_CLOUD, accounts=context.accounts, vault_file=context.vault, tell=context.tell
    )
    settings = SettingsFile(context.config, context.settings.claude_google_cloud, lambda all_: all_.claude_google_cloud)
    signer = GoogleSigner(settings, tokens)
    return {RouteName.CLAUDE_GOOGLE_CLOUD: PassThrough(Provider.CLAUDE_GOOGLE_CLOUD, signer)}


def destination(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the base URL of the workspace. Raises ValueError if a part of it is missing or invalid.

    A project that only the credentials name is left open."""
    section = settings.claude_google_cloud
    if section.base_url is not None:
        return section.base_url
    place = configured_place(section, environ)
    if place.project is None:
        return "claude.googleapis.com, in the project of the Google credentials"
    return endpoint_url(place, "/v1/messages")
