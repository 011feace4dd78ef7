"""Find the provider packages (see ``package``) by the provider's id.

Their modules are imported when first needed, because the cloud SDKs are slow to import."""

import importlib
import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from candela_tui.config import Settings
from candela_tui.credentials.sign_in.interface import SignIn
from candela_tui.credentials.state import TellState
from candela_tui.paths import Paths
from candela_tui.providers.identity import Provider, RouteName, route_of
from candela_tui.providers.latest_messages import LatestMessages
from candela_tui.providers.refusal_memory import Refusals

if TYPE_CHECKING:
    # They import the HTTP client, which the dashboard's first screen does not need.
    from candela_tui.providers.attempts import Attempts
    from candela_tui.providers.package import Checks
    from candela_tui.providers.upstream import Upstream


def open_upstreams(
    settings: Settings,
    attempts: "Attempts",
    paths: Paths | None,
    tell: TellState,
    refusals: Refusals | None = None,
    messages: LatestMessages | None = None,
) -> "dict[RouteName, Upstream]":
    """Open the upstream of each route. The caller closes each one once.

    ``tell`` is called whenever the state of a provider's credentials changes. Without ``paths`` there are no sign-ins.
    ``refusals`` remembers what models refuse, ``messages`` the last message of each agent.
    """
    from candela_tui.providers.package import UpstreamContext

    context = UpstreamContext(settings, attempts, tell, paths, refusals or Refusals(), messages or LatestMessages())
    upstreams: dict[RouteName, Upstream] = {}
    for provider in Provider:
        upstreams |= _module(provider, "upstreams").open_upstreams(context)
    return upstreams


def destination(route: RouteName, settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """Return the base URL of a route's provider, for display. A region set only in an AWS profile is left open."""
    try:
        return str(_module(route_of(route).provider, "upstreams").destination(settings, environ))
    except ValueError as error:
        return f"nowhere: {error}"


def sign_in_to(provider: Provider) -> SignIn:
    """Return the sign-in of a provider. Blocks the first time."""
    found = _module(provider, "sign_in").SIGN_IN
    assert isinstance(found, SignIn)
    return found


def checks_of(provider: Provider) -> "Checks":
    """Return the doctor's checks of a provider. Blocks the first time."""
    from candela_tui.providers.package import Checks

    found = _module(provider, "checks").CHECKS
    assert isinstance(found, Checks)
    return found


_importing = threading.RLock()
"""Held while a package is imported. Packages share modules, and two threads that import these in different orders would
wait for each other, which Python ends with an error in one of them."""


def _module(provider: Provider, name: str) -> Any:
    with _importing:
        return importlib.import_module(f"candela_tui.providers.{provider}.{name}")
