"""Projects, regions, profiles of the clouds: from the settings, else from the variables that their own tools read."""

import os
from collections.abc import Mapping

from candela_tui.config.settings import AwsSettings, VertexSettings

_VARIABLES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("vertex", "project"): ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT"),
    ("vertex", "region"): ("CLOUD_ML_REGION",),
    ("aws", "profile"): ("AWS_PROFILE",),
    ("aws", "region"): ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
"""Those that are read where a setting is not set, the first that is set wins."""


def standing_in(key: tuple[str, ...], environ: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """Name and value of the variable that holds while a setting is not set; None: there is none, or it is not set."""
    return next(((name, value) for name in _VARIABLES.get(key, ()) if (value := environ.get(name))), None)


def vertex_project(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The Google Cloud project; None: only the credentials may know one."""
    return settings.project or _value(("vertex", "project"), environ)


def vertex_region(settings: VertexSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The location on Vertex AI."""
    return settings.region or _value(("vertex", "region"), environ) or "global"


def aws_profile(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The profile of ~/.aws; None: the default chain."""
    return settings.profile or _value(("aws", "profile"), environ)


def aws_region(settings: AwsSettings, environ: Mapping[str, str] = os.environ) -> str | None:
    """The AWS region; None: only the profile may know one."""
    return settings.region or _value(("aws", "region"), environ)


def _value(key: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    found = standing_in(key, environ)
    return found[1] if found is not None else None
