"""The roles of people in a config.toml, as the audit log has them."""

from pathlib import Path
from typing import Final

from candela_tui.audit.entry import State
from candela_tui.config import ConfigError, read_document

PREFIX: Final = "role"
"""How the actions begin."""


def roles_in(file: Path) -> dict[str, State] | None:
    """Return the role of each group or person that a file names; None if it can't be read."""
    try:
        document = read_document(file)
    except ConfigError:
        return None
    team = document.get("team")
    roles = team.get("roles") if isinstance(team, dict) else None
    named = roles.items() if isinstance(roles, dict) else ()
    return {str(name): {"role": str(role)} for name, role in named}
