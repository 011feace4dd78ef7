"""Projects, regions, profiles of the clouds: from the settings, else from the variables that their own tools read."""

import os
from collections.abc import Mapping

from candela_tui.config.settings import AwsSettings, Settings, VertexSettings


def vertex_project(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The Google Cloud project; None: only the credentials may know one."""
    return settings.project or _first(environ, "ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT")


def vertex_region(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The location on Vertex AI."""
    return settings.region or _first(environ, "CLOUD_ML_REGION") or "global"


def vertex_base_url(settings: VertexSettings, region: str) -> str:
    """The endpoint of Vertex AI for a location, without /v1.

    Source: https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude, and the multi-regions
    of https://cloud.google.com/vertex-ai/docs/general/locations (November 2026).
    """
    if settings.base_url is not None:
        return settings.base_url
    if region == "global":
        return "https://aiplatform.googleapis.com"
    if region in ("us", "eu"):
        return f"https://aiplatform.{region}.rep.googleapis.com"
    return f"https://{region}-aiplatform.googleapis.com"


def aws_profile(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The profile of ~/.aws; None: the default chain."""
    return settings.profile or _first(environ, "AWS_PROFILE")


def aws_region(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The AWS region; None: only the profile may know one."""
    return settings.region or _first(environ, "AWS_REGION", "AWS_DEFAULT_REGION")


def bedrock_base_url(settings: AwsSettings, region: str) -> str:
    """The endpoint of Bedrock's runtime in a region.

    Source: https://docs.aws.amazon.com/general/latest/gr/bedrock.html (November 2026).
    """
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return settings.base_url or f"https://bedrock-runtime.{region}.{suffix}"


def base_url_of(route: str, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Where a route leads, as far as settings and environment tell: a region that only an AWS profile knows is left
    open."""
    if route.endswith("vertex"):
        return vertex_base_url(settings.vertex, vertex_region(settings.vertex, environ))
    if route.endswith("bedrock"):
        return bedrock_base_url(settings.aws, aws_region(settings.aws, environ) or "REGION")
    return settings.anthropic.base_url


def _first(environ: Mapping[str, str], *names: str) -> str | None:
    return next((value for name in names if (value := environ.get(name))), None)
