"""Build the environment that points Claude Code at candela, for each route."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from candela_tui.claude_code.features import HINT_HEADERS, TOOL_SEARCH
from candela_tui.claude_code.models import HAIKU_MODELS, HAIKU_VARIABLE
from candela_tui.claude_code.own_login import KEY, TOKEN
from candela_tui.claude_code.provider_switches import PROVIDER_SWITCHES, ProviderSwitch
from candela_tui.claude_code.variables import BASE_URL, GATEWAY_MODE, is_socket, leading_past
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.providers.identity import Provider, Route, route_to

_LOOPBACK = "127.0.0.1"
_HTTP_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class RouteOptions:
    """The route of the client's requests, and the values that the client needs for it."""

    route: Route
    own_key: bool = False
    """Whether candela has an API key for Anthropic, for a client that has none."""
    switch: ProviderSwitch | None = None
    """The client's own switch to the route's provider, or None if the client uses ANTHROPIC_BASE_URL."""
    values: Mapping[str, str] = field(default_factory=dict)
    """More variables that the client requires with the switch."""
    haiku: str | None = None
    """The model to set for the client's side requests to Anthropic, or None to set none."""
    gateway_key: str | None = field(default=None, repr=False)
    """A key of candela's for a client in gateway mode, or None for any other."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The variables to set and to unset."""

    wanted: dict[str, str]
    unwanted: tuple[str, ...] = ()
    led_past: tuple[str, ...] = ()
    """The variables in ``unwanted`` that would make the client bypass candela."""

    def applied_to(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return a copy of an environment with the changes applied."""
        return {name: value for name, value in environ.items() if name not in self.unwanted} | self.wanted

    def as_settings(self) -> dict[str, str]:
        """Return the changes for Claude Code's settings.json, where an empty variable counts as unset.

        Sockets are left out, because an empty value does not override the shell's (2.1.197 and 2.1.332)."""
        return dict.fromkeys((name for name in self.unwanted if not is_socket(name)), "") | self.wanted


def changes(
    options: RouteOptions, port: int, environ: Mapping[str, str], seen: Mapping[str, str] | None = None
) -> Changes:
    """Return the changes to ``environ`` that make the client take a route.

    If an HTTP proxy is set, requests to the loopback address bypass it. ``seen`` holds the variables as the client sees
    them, if its settings files add some.
    """
    base = f"http://127.0.0.1:{port}"
    wanted = (
        _switched(options.switch, options, base) if options.switch is not None else _messages(options, base, environ)
    )
    past = leading_past(environ, wanted)
    # Variables of an earlier `eval "$(candela env --route …)"` led to candela, so they need no message.
    former = _of_former_route(options, environ, base)
    others = (*_conflicting_credentials(options, environ), *_left_placeholders(environ), *former)
    unwanted = [name for name in dict.fromkeys((*past, *others)) if environ.get(name) and name not in wanted]
    led_past = [name for name in past if name not in former and not environ[name].startswith(f"{base}/")]
    return Changes(wanted | loopback_exception(environ if seen is None else seen), tuple(unwanted), tuple(led_past))


_CLIENT_CHOICES = {TOOL_SEARCH: "true", HINT_HEADERS: "1"}
"""Variables that keep features on with a custom base URL, unless the user has set them. Before 2.1.304 tool search is
off there, which makes each request more than half as large again. The hint headers (2.1.273 and later) state the
purpose of a request, as the client does for Anthropic itself."""


def _messages(options: RouteOptions, base: str, environ: Mapping[str, str]) -> dict[str, str]:
    wanted = {BASE_URL: f"{base}{options.route.prefix}"}
    wanted |= {name: environ.get(name) or value for name, value in _CLIENT_CHOICES.items()}
    if options.haiku is not None:
        wanted[HAIKU_VARIABLE] = options.haiku
    if options.gateway_key is not None:
        return wanted | {GATEWAY_MODE: "1", TOKEN: options.gateway_key}
    theirs = environ.get(KEY) or environ.get(TOKEN, PLACEHOLDER) != PLACEHOLDER
    if options.route.provider is Provider.ANTHROPIC and (theirs or not options.own_key):
        return wanted
    return wanted | {TOKEN: PLACEHOLDER}


def _switched(switch: ProviderSwitch, options: RouteOptions, base: str) -> dict[str, str]:
    return {
        switch.name: "1",
        switch.base_url: f"{base}{options.route.prefix}",
        switch.skip_auth: "1",
        **({switch.placeholder_key: PLACEHOLDER} if switch.placeholder_key is not None else {}),
        **options.values,
    }


def _conflicting_credentials(options: RouteOptions, environ: Mapping[str, str]) -> tuple[str, ...]:
    if options.switch is not None:
        # The client sends both to a cloud too, the token instead of the cloud's own credentials.
        return (KEY, TOKEN, *options.switch.conflicting)
    if options.gateway_key is not None:
        # With it the client sends no bearer token, and leaves gateway mode.
        return (KEY,)
    if options.route.provider is not Provider.ANTHROPIC:
        return (KEY,)
    return (TOKEN,) if environ.get(TOKEN) == PLACEHOLDER else ()


def _left_placeholders(environ: Mapping[str, str]) -> list[str]:
    """Return the variables that hold a placeholder for another route."""
    keys = (switch.placeholder_key for switch in PROVIDER_SWITCHES)
    return [name for name in keys if name is not None and environ.get(name) == PLACEHOLDER]


def _of_former_route(options: RouteOptions, environ: Mapping[str, str], base: str) -> list[str]:
    """Return the variables that `candela env` sets for other routes only, if the environment comes from there."""
    names: list[str] = []
    for switch in PROVIDER_SWITCHES:
        if environ.get(switch.base_url, "").startswith(f"{base}/"):
            names += [switch.name, switch.skip_auth]
    if environ.get(BASE_URL, "").startswith(f"{base}/"):
        names.append(GATEWAY_MODE)
    to_anthropic = environ.get(BASE_URL) == f"{base}{route_to(Provider.ANTHROPIC).prefix}"
    if (
        to_anthropic
        and options.route.provider is not Provider.ANTHROPIC
        and environ.get(HAIKU_VARIABLE) in HAIKU_MODELS
    ):
        # Other providers may not have the model, or not under this name.
        names.append(HAIKU_VARIABLE)
    return names


def loopback_exception(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that make requests to this machine bypass the HTTP proxy, or nothing if none is set.

    Both spellings get the exceptions of both, because 2.1.197 reads only ``no_proxy`` if both are set.
    """
    if not any(environ.get(name) or environ.get(name.upper()) for name in _HTTP_PROXIES):
        return {}
    spellings = ("NO_PROXY", "no_proxy")
    given = {name: [host.strip() for host in environ.get(name, "").split(",") if host.strip()] for name in spellings}
    if all({"*", _LOOPBACK} & set(hosts) for hosts in given.values()):
        return {}
    exceptions = dict.fromkeys([*given["NO_PROXY"], *given["no_proxy"], _LOOPBACK])
    return dict.fromkeys(spellings, "*" if "*" in exceptions else ",".join(exceptions))
