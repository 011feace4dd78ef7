"""The path of the local API."""

from typing import Final

API_ROOT: Final = "/_local/api/v1"
"""No provider's API has this path, and requests below it are never relayed."""
