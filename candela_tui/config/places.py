"""Projects, regions, profiles of the clouds: from the settings, else from the variables that their own tools read."""

import os
from collections.abc import Mapping

from candela_tui.config.settings import AwsSettings, VertexSettings


def vertex_project(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The Google Cloud project; None: only the credentials may know one."""
    return settings.project or _first(environ, "ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT")


def vertex_region(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The location on Vertex AI."""
    return settings.region or _first(environ, "CLOUD_ML_REGION") or "global"


def aws_profile(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The profile of ~/.aws; None: the default chain."""
    return settings.profile or _first(environ, "AWS_PROFILE")


def aws_region(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The AWS region; None: only the profile may know one."""
    return settings.region or _first(environ, "AWS_REGION", "AWS_DEFAULT_REGION")


def _first(environ: Mapping[str, str], *names: str) -> str | None:
    return next((value for name in names if (value := environ.get(name))), None)
