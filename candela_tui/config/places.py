"""Cloud projects, regions and profiles, from the settings or else from the environment variables of the cloud tools."""

import os
from collections.abc import Mapping

from candela_tui.config.settings import AwsSettings, VertexSettings

_VARIABLES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("vertex", "project"): ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"),
    ("vertex", "region"): ("CLOUD_ML_REGION",),
    ("aws", "profile"): ("AWS_PROFILE",),
    ("aws", "region"): ("AWS_REGION", "AWS_DEFAULT_REGION"),
    ("claude_aws", "workspace"): ("ANTHROPIC_AWS_WORKSPACE_ID",),
    ("foundry", "resource"): ("ANTHROPIC_FOUNDRY_RESOURCE",),
    ("claude_google_cloud", "project"): ("ANTHROPIC_GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"),
    ("claude_google_cloud", "location"): ("ANTHROPIC_GOOGLE_CLOUD_LOCATION",),
    ("claude_google_cloud", "workspace"): ("ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID",),
}
"""The variables that are read if a setting is not set. The first one that is set wins."""


def standing_in(key: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """Return the name and value of the variable used if a setting is not set, or None if there is no such variable."""
    return next(((name, value) for name in _VARIABLES.get(key, ()) if (value := environ.get(name))), None)


def vertex_project(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the Google Cloud project, or None if only the credentials might name one."""
    return settings.project or environment_value(("vertex", "project"), environ)


def vertex_region(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str:
    """Return the Vertex AI location, by default ``global``."""
    return settings.region or environment_value(("vertex", "region"), environ) or "global"


def aws_profile(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the profile in ~/.aws, or None for the default credential chain."""
    return settings.profile or environment_value(("aws", "profile"), environ)


def aws_region(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the AWS region, or None if only the profile might name one."""
    return settings.region or environment_value(("aws", "region"), environ)


def environment_value(key: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> str | None:
    """Return the value of the variable used if a setting is not set, or None if no variable is set."""
    found = standing_in(key, environ)
    return found[1] if found is not None else None
