"""The base URLs of Claude on Google Cloud, managed by Anthropic.

Source: AnthropicGoogleCloud in the anthropic SDK 2.14.0 (lib/google_cloud). All locations have one host.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from candela_tui.config import ClaudeGoogleCloudSettings, environment_value
from candela_tui.config.name_forms import GOOGLE_NAME

HOST = "https://claude.googleapis.com"
_ORGANIZATION = re.compile(r"/v1/(?:organizations/.*|user_profiles(?:/.*)?)")
"""The paths that belong to the organization of a project and not to a workspace."""
_SIGN_IN = "`candela auth login --provider claude-google-cloud` asks for it"
NO_WORKSPACE = (
    f"candela knows no workspace of Claude on Google Cloud: {_SIGN_IN}, or set [claude_google_cloud] workspace in"
    " config.toml or ANTHROPIC_GOOGLE_CLOUD_WORKSPACE_ID to its ID (wrkspc_…)"
)
NO_PROJECT = (
    f"candela knows no Google Cloud project: {_SIGN_IN}, or set [claude_google_cloud] project in config.toml or"
    " ANTHROPIC_GOOGLE_CLOUD_PROJECT"
)


@dataclass(frozen=True, slots=True)
class Place:
    """The project, location and workspace, as far as the settings and the environment name them."""

    project: str | None
    location: str
    workspace: str | None


def configured_place(settings: ClaudeGoogleCloudSettings, environ: Mapping[str, str] = os.environ) -> Place:
    """Return the place in the settings, or else in the environment."""

    def value(name: str, chosen: str | None) -> str | None:
        return chosen or environment_value(("claude_google_cloud", name), environ)

    return Place(
        value("project", settings.project),
        value("location", settings.location) or "global",
        value("workspace", settings.workspace),
    )


def endpoint_url(place: Place, path: str) -> str:
    """Return the base URL for a request's path. Raises ValueError if a part of the place is missing or invalid."""
    if place.project is None:
        raise ValueError(NO_PROJECT)
    root = f"{HOST}/v1/projects/{_checked(place.project)}/locations/{_checked(place.location)}"
    if belongs_to_organization(path):
        return f"{root}/claudeOrganization/invoke"
    if place.workspace is None:
        raise ValueError(NO_WORKSPACE)
    return f"{root}/workspaces/{_checked(place.workspace)}/invoke"


def belongs_to_organization(path: str) -> bool:
    """Return whether a path of the API belongs to the organization and not to a workspace."""
    return _ORGANIZATION.fullmatch(path.partition("?")[0]) is not None


def is_name(text: str) -> bool:
    """Return whether a text can be a project, location or workspace."""
    return GOOGLE_NAME.fullmatch(text) is not None


def _checked(name: str) -> str:
    # The name becomes part of a URL that receives an access token.
    if not is_name(name):
        raise ValueError(f"{name!r} is not the name of a project, location or workspace: correct [claude_google_cloud]")
    return name
