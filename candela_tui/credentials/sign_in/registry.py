"""The providers there are. A module is imported when its provider is asked for."""

import importlib
from typing import Final

from candela_tui.credentials.sign_in.provider import Provider, ProviderName

_MODULES: Final[dict[ProviderName, str]] = {"anthropic": "anthropic", "gcp": "google", "aws": "aws"}
NAMES: Final = tuple(_MODULES)
"""In the order in which they are offered."""


def provider(name: ProviderName) -> Provider:
    """A provider by its name."""
    module = importlib.import_module(f"candela_tui.credentials.sign_in.{_MODULES[name]}")
    found = module.PROVIDER
    assert isinstance(found, Provider)
    return found
