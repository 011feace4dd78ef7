"""The port that candela listens on if the settings name no other."""

from typing import Final

DEFAULT_PORT: Final = 8181
