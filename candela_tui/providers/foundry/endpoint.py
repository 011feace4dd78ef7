"""The base URL of Claude in a Foundry resource.

Source: https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry (October 2026).
"""

import os
import re
from collections.abc import Mapping

from candela_tui.config import FoundrySettings, environment_value
from candela_tui.config.name_forms import FOUNDRY_RESOURCE

_HOST = re.compile(r"(?:https://)?([A-Za-z0-9-]+)\.services\.ai\.azure\.com(?:/.*)?")
NO_RESOURCE = (
    "candela knows no Foundry resource: `candela auth login --provider foundry` asks for it, or set [foundry] resource"
    " in config.toml or ANTHROPIC_FOUNDRY_RESOURCE to its name"
)


def foundry_endpoint(settings: FoundrySettings, environ: Mapping[str, str] = os.environ) -> str:
    """Return the base URL. Raises ValueError if the resource is unknown or invalid."""
    if settings.base_url is not None:
        return settings.base_url
    resource = settings.resource or environment_value(("foundry", "resource"), environ)
    if resource is None:
        raise ValueError(NO_RESOURCE)
    if not is_resource(resource):
        # The name becomes part of a host that receives a key.
        raise ValueError(
            f"{resource!r} is not the name of a Foundry resource: it has letters, digits and hyphens only. For a whole"
            " URL, set [foundry] base_url."
        )
    return f"https://{resource}.services.ai.azure.com/anthropic"


def is_resource(name: str) -> bool:
    """Return whether a resource may have this name."""
    return FOUNDRY_RESOURCE.fullmatch(name) is not None


def resource_in(text: str) -> str:
    """Return the name of the resource in what a user typed, which may be a URL from the Foundry portal."""
    found = _HOST.fullmatch(text)
    return found[1] if found is not None else text
