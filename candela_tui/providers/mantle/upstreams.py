"""Open the upstream of the route to Bedrock's endpoint for the Messages API.

AWS has two: bedrock-mantle, and bedrock-runtime below ``/anthropic``, which ``[mantle] base_url`` may name. The latter
calls models by inference profiles, signs as ``bedrock`` and has nothing but ``/v1/messages``. Sources, as of 2026-10:
https://docs.aws.amazon.com/bedrock/latest/userguide/inference-messages-api.html, anthropic 2.14.0
(lib/bedrock/_mantle.py) for bedrock-mantle's name in signatures, and botocore 1.44 for bedrock-runtime's.
"""

from collections.abc import Mapping
from functools import partial

from candela_tui.config import MantleSettings, Settings, aws_region
from candela_tui.credentials.api_key import KeySource
from candela_tui.providers.bedrock import access
from candela_tui.providers.bedrock.access import known_region, mantle_endpoint, require_region, require_same_region
from candela_tui.providers.bedrock.runtime_messages import RuntimeMessages
from candela_tui.providers.bedrock.signer import AwsSigner
from candela_tui.providers.bedrock.signing import BEDROCK, MANTLE
from candela_tui.providers.bedrock.upstreams import aws_credentials, destination_in
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.package import UpstreamContext
from candela_tui.providers.pass_through import Endpoint, PassThrough
from candela_tui.providers.upstream import Upstream


def open_upstreams(context: UpstreamContext) -> dict[RouteName, Upstream]:
    """Open the upstream of the route to Bedrock's Messages endpoint."""
    mantle = context.settings.mantle
    credentials = aws_credentials(context, Provider.MANTLE)

    async def endpoint() -> Endpoint:
        region = await known_region(credentials, "mantle", mantle.region)
        return Endpoint(endpoint_url(mantle, region), region)

    source = KeySource(Provider.MANTLE, mantle.key_command, mantle.key_lifetime_s)
    # Without a command, an API key of Bedrock is one of the AWS credentials.
    api_key = context.api_key(source) if mantle.key_command is not None else None
    runtime = is_runtime(mantle)
    signer = AwsSigner(BEDROCK if runtime else MANTLE, endpoint, credentials, api_key)
    upstream = PassThrough(Provider.MANTLE, signer)
    return {RouteName.MANTLE: RuntimeMessages(upstream) if runtime else upstream}


def is_runtime(settings: MantleSettings) -> bool:
    """Return whether the endpoint is bedrock-runtime instead of bedrock-mantle."""
    return access.is_runtime(settings.base_url or "")


def endpoint_url(settings: MantleSettings, region: str) -> str:
    """Return the base URL in a region, up to ``/anthropic``. Raises ValueError if the region is invalid."""
    require_region(region)
    require_same_region("mantle", region, settings.base_url)
    return settings.base_url or f"{mantle_endpoint(region)}/anthropic"


def destination(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the base URL, or a description if only a profile names the region. Raises ValueError if the region is
    invalid."""
    chosen = settings.mantle
    region = chosen.region or aws_region(settings.aws, environ)
    return destination_in(region, Provider.MANTLE, chosen.base_url, partial(endpoint_url, chosen))
