"""Open the upstream of the route to Claude Platform on AWS.

Sources, as of 2026-10: https://docs.aws.amazon.com/claude-platform/latest/userguide/making-requests.html and
.../authentication.html (an API key is sent as a bearer token), and anthropic 2.14.0 (lib/aws). Its API keys are those
of the workspace: an API key of Bedrock is not accepted.
"""

import os
from collections.abc import Mapping
from functools import partial

from candela_tui.config import ClaudeAwsSettings, Settings, aws_region, environment_value
from candela_tui.credentials.api_key import KeySource
from candela_tui.credentials.settings_file import SettingsFile
from candela_tui.providers.bedrock.access import known_region, require_region, require_same_region
from candela_tui.providers.bedrock.signer import AwsSigner
from candela_tui.providers.bedrock.upstreams import aws_credentials, destination_in
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.package import UpstreamContext
from candela_tui.providers.pass_through import Endpoint, PassThrough
from candela_tui.providers.upstream import Upstream

WORKSPACE_FIELD = "anthropic-workspace-id"
NO_WORKSPACE = (
    "candela knows no workspace: `candela auth login --provider claude-aws` asks for it, or set [claude_aws] workspace"
    " in config.toml or ANTHROPIC_AWS_WORKSPACE_ID"
)
SERVICE = "aws-external-anthropic"
"""The name of the service in signatures."""
KEY_VARIABLE = "ANTHROPIC_AWS_API_KEY"
"""The variable in which Claude Code and the SDK find an API key."""


def open_upstreams(context: UpstreamContext) -> dict[RouteName, Upstream]:
    """Open the upstream of the route to Claude Platform on AWS."""
    settings = context.settings.claude_aws
    credentials = aws_credentials(context, Provider.CLAUDE_AWS, signs=True)
    # A sign-in may write the workspace while candela runs.
    current = SettingsFile(context.config, settings, lambda all_: all_.claude_aws)

    async def endpoint() -> Endpoint:
        now = await current.now()
        region = await known_region(credentials, "claude_aws", now.region)
        workspace = workspace_of(now)
        fields = ((WORKSPACE_FIELD, workspace),) if workspace is not None else ()
        return Endpoint(endpoint_url(now, region), region, fields, needs=(WORKSPACE_FIELD, NO_WORKSPACE))

    source = KeySource(Provider.CLAUDE_AWS, settings.key_command, settings.key_lifetime_s, KEY_VARIABLE)
    signer = AwsSigner(SERVICE, endpoint, credentials, context.api_key(source))
    return {RouteName.CLAUDE_AWS: PassThrough(Provider.CLAUDE_AWS, signer)}


def workspace_of(settings: ClaudeAwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the id of the workspace, or None if only clients name one."""
    return settings.workspace or environment_value(("claude_aws", "workspace"), environ)


def endpoint_url(settings: ClaudeAwsSettings, region: str) -> str:
    """Return the base URL in a region. Raises ValueError if the region is invalid."""
    require_region(region)
    require_same_region("claude_aws", region, settings.base_url)
    return settings.base_url or f"https://aws-external-anthropic.{region}.api.aws"


def destination(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the base URL, or a description if only a profile names the region. Raises ValueError if the region is
    invalid."""
    chosen = settings.claude_aws
    region = chosen.region or aws_region(settings.aws, environ)
    return destination_in(region, Provider.CLAUDE_AWS, chosen.base_url, partial(endpoint_url, chosen))
