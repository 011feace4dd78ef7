"""The environment that points Claude Code at candela, by the way that it is to take.

What the client makes of its variables was read from Claude Code 2.1.197: a switch is on at 1, true, yes and on, so that
an empty one is off; of several switches the first in the order of ``SWITCHES`` decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from candela_tui.config.client_switches import SWITCHES
from candela_tui.credentials.placeholder import PLACEHOLDER

RouteName = Literal["direct", "vertex", "bedrock"]
ROUTES: tuple[RouteName, ...] = ("direct", "vertex", "bedrock")

_KEY, _TOKEN = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"
_HTTP_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Way:
    """Where the client's requests go, and what it speaks: the Messages API, or (``native``) the provider's own."""

    route: RouteName
    native: bool = False
    region: str | None = None
    """Of a native way; the client wants to be told."""
    project: str | None = None
    """The Google Cloud project of the native way to Vertex AI."""
    own_key: bool = False
    """candela has an API key for Anthropic, for a client that has none."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to set, and what to take away of that which is set."""

    wanted: dict[str, str]
    unwanted: tuple[str, ...] = ()

    def applied_to(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment with the changes made."""
        return {name: value for name, value in environ.items() if name not in self.unwanted} | self.wanted

    def as_settings(self) -> dict[str, str]:
        """The same for a place that can only set: what is empty counts as not set for the client."""
        return dict.fromkeys(self.unwanted, "") | self.wanted


def changes(way: Way, port: int, environ: Mapping[str, str]) -> Changes:
    """What makes the client take a way, given what is set. Where an HTTP proxy is set, the loopback address is excepted
    from it."""
    base = f"http://127.0.0.1:{port}"
    wanted = _native(way, base) if way.native else _messages(way, base, environ)
    unwanted = [name for name in (*SWITCHES, *_credentials_in_the_way(way, environ)) if environ.get(name)]
    return Changes(wanted | loopback_exception(environ), tuple(name for name in unwanted if name not in wanted))


def _messages(way: Way, base: str, environ: Mapping[str, str]) -> dict[str, str]:
    """With a base URL of its own the client turns tool search off, and each request grows by more than half:
    ``ENABLE_TOOL_SEARCH`` keeps it on, unless the user has decided."""
    wanted = {
        "ANTHROPIC_BASE_URL": f"{base}/proxy/anthropic-{way.route}",
        "ENABLE_TOOL_SEARCH": environ.get("ENABLE_TOOL_SEARCH") or "true",
    }
    theirs = environ.get(_KEY) or environ.get(_TOKEN, PLACEHOLDER) != PLACEHOLDER
    if way.route == "direct" and (theirs or not way.own_key):
        return wanted
    return wanted | {_TOKEN: PLACEHOLDER}


def _native(way: Way, base: str) -> dict[str, str]:
    if way.route == "vertex":
        return {
            "CLAUDE_CODE_USE_VERTEX": "1",
            "ANTHROPIC_VERTEX_BASE_URL": f"{base}/vertex/v1",
            "CLAUDE_CODE_SKIP_VERTEX_AUTH": "1",
            "CLOUD_ML_REGION": way.region or "",
            "ANTHROPIC_VERTEX_PROJECT_ID": way.project or "",
        }
    return {
        "CLAUDE_CODE_USE_BEDROCK": "1",
        "ANTHROPIC_BEDROCK_BASE_URL": f"{base}/bedrock",
        "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
        "AWS_REGION": way.region or "",
    }


def _credentials_in_the_way(way: Way, environ: Mapping[str, str]) -> tuple[str, ...]:
    if way.native:
        # The client sends both along, also to a cloud, and a token in the place of the cloud's own credentials.
        return (_KEY, _TOKEN)
    if way.route != "direct":
        return (_KEY,)
    return (_TOKEN,) if environ.get(_TOKEN) == PLACEHOLDER else ()


def loopback_exception(environ: Mapping[str, str]) -> dict[str, str]:
    """What keeps requests to this machine away from the HTTP proxy that is set; nothing where none is."""
    changes = {}
    if any(environ.get(name) or environ.get(name.upper()) for name in _HTTP_PROXIES):
        for name in ("NO_PROXY", "no_proxy"):
            exceptions = [host.strip() for host in environ.get(name, "").split(",") if host.strip()]
            if not {"*", "127.0.0.1"} & set(exceptions):
                changes[name] = ",".join([*exceptions, "127.0.0.1"])
    return changes
