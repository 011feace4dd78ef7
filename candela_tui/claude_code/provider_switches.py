"""The environment variables that make Claude Code use a provider's own protocol, and where it sends requests then.

Names and precedence are those in the programs of 2.1.197 and 2.1.332.
"""

from dataclasses import dataclass

from candela_tui.claude_code.installed import Version
from candela_tui.providers.identity import Route, RouteName


@dataclass(frozen=True, slots=True)
class ProviderSwitch:
    """The variables of one provider."""

    name: str
    """The variable that turns the provider on."""
    base_url: str
    """The variable that sets the provider's base URL."""
    skip_auth: str
    """The variable that makes Claude Code leave credentials to a gateway at the base URL."""
    route: RouteName
    """The route of candela that serves what Claude Code sends then."""
    placeholder_key: str | None = None
    """A variable for an API key that has to hold a placeholder, because ``skip_auth`` alone does not work."""
    conflicting: tuple[str, ...] = ()
    """Variables that Claude Code does not accept beside the base URL, or that it would send as a key or token of the
    user's."""
    since: Version | None = None
    """The first version that knows the switch, or None if all supported versions do."""


PROVIDER_SWITCHES = (
    ProviderSwitch(
        "CLAUDE_CODE_USE_BEDROCK",
        "ANTHROPIC_BEDROCK_BASE_URL",
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
        RouteName.BEDROCK_NATIVE,
    ),
    ProviderSwitch(
        "CLAUDE_CODE_USE_FOUNDRY",
        "ANTHROPIC_FOUNDRY_BASE_URL",
        "CLAUDE_CODE_SKIP_FOUNDRY_AUTH",
        RouteName.FOUNDRY,
        # With CLAUDE_CODE_SKIP_FOUNDRY_AUTH alone, 2.1.197 sends nothing and says: "Expected azureADTokenProvider
        # function argument to return a string". Both versions send the key.
        placeholder_key="ANTHROPIC_FOUNDRY_API_KEY",
        # With both a base URL and a resource, 2.1.332 says: "baseURL and resource are mutually exclusive".
        conflicting=("ANTHROPIC_FOUNDRY_RESOURCE", "ANTHROPIC_FOUNDRY_AUTH_TOKEN"),
    ),
    ProviderSwitch(
        "CLAUDE_CODE_USE_ANTHROPIC_AWS",
        "ANTHROPIC_AWS_BASE_URL",
        "CLAUDE_CODE_SKIP_ANTHROPIC_AWS_AUTH",
        RouteName.CLAUDE_AWS,
    ),
    ProviderSwitch(
        "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
        "ANTHROPIC_GOOGLE_CLOUD_BASE_URL",
        "CLAUDE_CODE_SKIP_ANTHROPIC_GOOGLE_CLOUD_AUTH",
        RouteName.CLAUDE_GOOGLE_CLOUD,
        since=(2, 1, 307),
    ),
    ProviderSwitch(
        "CLAUDE_CODE_USE_MANTLE",
        "ANTHROPIC_BEDROCK_MANTLE_BASE_URL",
        "CLAUDE_CODE_SKIP_MANTLE_AUTH",
        RouteName.MANTLE,
    ),
    ProviderSwitch(
        "CLAUDE_CODE_USE_VERTEX",
        "ANTHROPIC_VERTEX_BASE_URL",
        "CLAUDE_CODE_SKIP_VERTEX_AUTH",
        RouteName.VERTEX_NATIVE,
    ),
)
"""The switches in the order of their precedence: if several are set, the first in this list decides."""

_BY_ROUTE = {switch.route: switch for switch in PROVIDER_SWITCHES}


def switch_for(route: Route, version: Version | None) -> ProviderSwitch | None:
    """Return the switch that leads to a route, or None if there is none or this version of Claude Code has none.

    An unknown version counts as a new one."""
    switch = _BY_ROUTE.get(route.name)
    if switch is None or (switch.since is not None and version is not None and version < switch.since):
        return None
    return switch
