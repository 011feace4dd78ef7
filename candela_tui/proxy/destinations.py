"""Where a route leads, in words for people: what really goes out is each upstream's own matter."""

import os
from collections.abc import Mapping

from candela_tui.config import Settings, aws_region, vertex_region
from candela_tui.proxy.upstreams.vertex_endpoint import vertex_endpoint


def destination(route: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """The provider's base URL behind a route. A region that only an AWS profile knows is left open."""
    if route == "anthropic-vertex":
        try:
            return vertex_endpoint(vertex_region(settings.vertex, environ), settings.vertex.base_url)
        except ValueError:
            return f"Vertex AI (its region can't be {vertex_region(settings.vertex, environ)!r})"
    if route == "anthropic-bedrock":
        region = aws_region(settings.aws, environ)
        return settings.aws.base_url or f"https://bedrock-runtime.{region or '<region>'}.amazonaws.com"
    return settings.anthropic.base_url
