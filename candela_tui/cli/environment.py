"""The environment that points Claude Code at candela, by the way that it is to take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from candela_tui.claude_code.features import HINT_HEADERS, TOOL_SEARCH
from candela_tui.claude_code.models import HAIKU_VARIABLE
from candela_tui.claude_code.variables import is_socket, leading_past
from candela_tui.credentials.placeholder import PLACEHOLDER

RouteName = Literal["direct", "vertex", "bedrock"]
ROUTES: tuple[RouteName, ...] = ("direct", "vertex", "bedrock")

_KEY, _TOKEN = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"
_LOOPBACK = "127.0.0.1"
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
    haiku: str | None = None
    """The model that the client uses for side requests at Anthropic; None: not to be named."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to set, and what to unset."""

    wanted: dict[str, str]
    unwanted: tuple[str, ...] = ()
    led_past: tuple[str, ...] = ()
    """Those of ``unwanted`` that would lead past candela."""

    def applied_to(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The environment with the changes made."""
        return {name: value for name, value in environ.items() if name not in self.unwanted} | self.wanted

    def as_settings(self) -> dict[str, str]:
        """Return the same for Claude Code's settings.json, which can only set: what is empty counts as not set. Sockets
        are left out: an empty one does not undo that of the shell (2.1.197 and 2.1.332)."""
        return dict.fromkeys((name for name in self.unwanted if not is_socket(name)), "") | self.wanted


def changes(way: Way, port: int, environ: Mapping[str, str], seen: Mapping[str, str] | None = None) -> Changes:
    """Return what makes the client take a way, given what is set. Where an HTTP proxy is set, the loopback address is
    excepted from it. ``seen``: the variables as the client sees them, where its settings files add some."""
    base = f"http://127.0.0.1:{port}"
    wanted = _native(way, base) if way.native else _messages(way, base, environ)
    past = leading_past(environ, wanted)
    credentials = [name for name in _credentials_in_the_way(way, environ) if environ.get(name) and name not in wanted]
    # A native way of earlier, such as `eval "$(candela env --native …)"`, leads to candela too: nothing to say of it.
    led_past = [name for name in past if not environ[name].startswith(f"{base}/")]
    return Changes(
        wanted | loopback_exception(environ if seen is None else seen), (*past, *credentials), tuple(led_past)
    )


_CLIENT_CHOICES = {TOOL_SEARCH: "true", HINT_HEADERS: "1"}
"""What makes a base URL serve as well as none, unless the user has decided otherwise. Tool search is off there in
versions before 2.1.304, and each request grows by more than half. The hint headers (2.1.273 and later) say what a
request is for, as the client tells Anthropic itself."""


def _messages(way: Way, base: str, environ: Mapping[str, str]) -> dict[str, str]:
    wanted = {"ANTHROPIC_BASE_URL": f"{base}/proxy/anthropic-{way.route}"}
    wanted |= {name: environ.get(name) or value for name, value in _CLIENT_CHOICES.items()}
    if way.haiku is not None:
        wanted[HAIKU_VARIABLE] = way.haiku
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
    """Return what keeps requests to this machine away from the HTTP proxy that is set; nothing where none is.

    Both spellings get the exceptions of both: 2.1.197 reads only ``no_proxy`` where there are two.
    """
    if not any(environ.get(name) or environ.get(name.upper()) for name in _HTTP_PROXIES):
        return {}
    spellings = ("NO_PROXY", "no_proxy")
    given = {name: [host.strip() for host in environ.get(name, "").split(",") if host.strip()] for name in spellings}
    if all({"*", _LOOPBACK} & set(hosts) for hosts in given.values()):
        return {}
    exceptions = dict.fromkeys([*given["NO_PROXY"], *given["no_proxy"], _LOOPBACK])
    return dict.fromkeys(spellings, "*" if "*" in exceptions else ",".join(exceptions))
