"""What a request counts for in each scope of a budget."""

from typing import NamedTuple

from candela_tui.exchange import Exchange
from candela_tui.rules.budgets.recent_costs import base_model


class Place(NamedTuple):
    """Where a session works, as far as is known."""

    cwd: str | None = None
    branch: str | None = None


class Owner(NamedTuple):
    """Whose a key is, as far as is known."""

    user: str | None = None
    team: str | None = None


NOBODY = Owner()


def target_of(exchange: Exchange, scope: str, place: Place, owner: Owner = NOBODY) -> str | None:
    """Return what an exchange counts for in a scope: "" for everything, None for nothing, as it is not known.
    ``place`` is where its session works, ``owner`` whose its key is."""
    match scope:
        case "all":
            return ""
        case "session":
            return exchange.session_id
        case "agent":
            return exchange.agent_id or exchange.session_id
        case "turn":
            return exchange.prompt_id
        case "project":
            return place.cwd
        case "branch":
            return f"{place.cwd}:{place.branch}" if place.cwd is not None and place.branch is not None else None
        case "model":
            return base_model(exchange)
        case "route":
            return exchange.route.value
        case "user":
            return owner.user
        case "team":
            return owner.team
        case _:
            return exchange.key
