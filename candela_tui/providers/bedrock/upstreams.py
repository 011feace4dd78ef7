"""Open the upstreams of the routes to Bedrock."""

from collections.abc import Callable, Mapping

from candela_tui.config import Settings, aws_region
from candela_tui.providers.bedrock.access import bedrock_endpoint
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials
from candela_tui.providers.bedrock.native import BedrockNative
from candela_tui.providers.bedrock.upstream import Bedrock
from candela_tui.providers.identity import PROVIDERS, Provider, RouteName
from candela_tui.providers.package import UpstreamContext
from candela_tui.providers.upstream import Upstream


def open_upstreams(context: UpstreamContext) -> dict[RouteName, Upstream]:
    """Open the upstream of each route to Bedrock."""
    settings, aws = context.settings, aws_credentials(context, Provider.BEDROCK)
    return {
        RouteName.BEDROCK: Bedrock(settings, aws, context.attempts, context.refusals),
        RouteName.BEDROCK_NATIVE: BedrockNative(settings, aws),
    }


def aws_credentials(context: UpstreamContext, provider: Provider, *, signs: bool = False) -> AwsCredentials:
    """Return the AWS credentials for a provider. ``signs``: an API key of Bedrock is of no use there."""
    return AwsCredentials(
        context.settings.aws,
        accounts=context.accounts,
        vault_file=context.vault,
        config=context.config,
        tell=context.tell,
        provider=provider,
        signs=signs,
    )


def destination(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the base URL of Bedrock, or a description if only a profile names the region.

    Raises ValueError if the region is invalid."""
    base_url = settings.aws.base_url
    region = aws_region(settings.aws, environ)
    return destination_in(region, Provider.BEDROCK, base_url, lambda known: bedrock_endpoint(known, base_url))


def destination_in(region: str | None, provider: Provider, base_url: str | None, endpoint: Callable[[str], str]) -> str:
    """Return the base URL of a provider at AWS, for display: ``endpoint`` of the region.

    If only a profile names the region, it is ``base_url``, or else a description. Raises ValueError like ``endpoint``.
    """
    if region is None:
        return base_url or f"{PROVIDERS[provider].short_title}, in the region of the AWS profile"
    return endpoint(region)
