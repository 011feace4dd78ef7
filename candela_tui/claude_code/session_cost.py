"""What Claude Code itself says that a session cost.

Newer versions state it in the transcript (``cost-state``, see ``imports/answers.py``; observed with 2.1.332). Versions
up to 2.1.197 keep it only for the last interactive session of each directory, in ``.claude.json``.
"""

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeGuard

from candela_tui.claude_code.own_login import account_document

_MOST_USD: Final = 1e9
"""More is not the cost of a session."""


def is_usd(amount: object) -> TypeGuard[int | float]:
    """Return whether a value can be the cost of a session in USD."""
    return isinstance(amount, int | float) and not isinstance(amount, bool) and 0 <= amount < _MOST_USD


def exact_usd(amount: float) -> Decimal:
    """Return the USD that a binary float of the client means: its noise is far below what candela counts."""
    return round(Decimal(repr(amount)), 12)


def last_session_usd(
    session_id: str, environ: Mapping[str, str] = os.environ, home: Path | None = None
) -> Decimal | None:
    """Return what a session cost, if it was the last one in its directory, or None if that is not known. Blocks."""
    projects = account_document(environ, home).get("projects")
    about: list[Any] = list(projects.values()) if isinstance(projects, dict) else []
    for project in about:
        if isinstance(project, dict) and project.get("lastSessionId") == session_id:
            cost = project.get("lastCost")
            return exact_usd(cost) if is_usd(cost) else None
    return None
