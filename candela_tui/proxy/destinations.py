"""Where a route leads, in words for people: what really goes out is each upstream's own matter."""

import os
from collections.abc import Mapping

from candela_tui.config import Settings, aws_region, vertex_region
from candela_tui.proxy.upstreams.bedrock_access import bedrock_endpoint
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint


def destination(route: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """The provider's base URL behind a route. A region that only an AWS profile knows is left open."""
    try:
        if route == "anthropic-vertex":
            return vertex_endpoint(vertex_region(settings.vertex, environ), settings.vertex.base_url)
        if route == "anthropic-bedrock":
            region = aws_region(settings.aws, environ)
            if region is None:
                return settings.aws.base_url or "Bedrock, in the region of the AWS profile"
            return bedrock_endpoint(region, settings.aws.base_url)
    except ValueError as error:
        return f"nowhere: {error}"
    return settings.anthropic.base_url
