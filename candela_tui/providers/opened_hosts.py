"""The hosts whose TLS connections candela opens, and the route of what is said there. All other hosts are tunnelled.

candela's certificate authority signs for no other host. Sources: the hosts that Claude Code 2.1.197 and 2.1.332 send
model requests to; https://cloud.google.com/vertex-ai/docs/reference/rest, "service endpoint";
https://docs.aws.amazon.com/general/latest/gr/bedrock.html, 2026-11.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from candela_tui.providers.identity import Route, RouteName, route_of

TLS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class HostRule:
    """Hosts that are opened."""

    words: str
    """The hosts as users write them; ``*`` stands for one label or a part of it."""
    domain: str
    """The parent domain, which a certificate authority can be constrained to."""
    route: RouteName
    below: str = ""
    """What comes before the route's own paths at the host."""
    models: tuple[str, ...] = ()
    """How the paths of the API of models begin, where the host has others too; empty if it has no others."""

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression that matches the hosts."""
        return re.compile(re.escape(self.words).replace(r"\*", "[a-z0-9-]+"))


_ANTHROPIC_MODELS = ("/v1/messages", "/v1/models", "/v1/complete")
OPENED_HOSTS: Final = (
    HostRule("api.anthropic.com", "anthropic.com", RouteName.DIRECT, models=_ANTHROPIC_MODELS),
    HostRule("aiplatform.googleapis.com", "googleapis.com", RouteName.VERTEX_NATIVE, "/v1"),
    HostRule("*-aiplatform.googleapis.com", "googleapis.com", RouteName.VERTEX_NATIVE, "/v1"),
    HostRule("aiplatform.*.rep.googleapis.com", "googleapis.com", RouteName.VERTEX_NATIVE, "/v1"),
    HostRule("bedrock-runtime.*.amazonaws.com", "amazonaws.com", RouteName.BEDROCK_NATIVE),
)
"""The table. Claude Code's other hosts at Anthropic, such as mcp-proxy.anthropic.com, have no model: they are
tunnelled."""

PARENT_DOMAINS: Final = tuple(dict.fromkeys(rule.domain for rule in OPENED_HOSTS))


@dataclass(frozen=True, slots=True)
class OpenedHost:
    """One host whose connections are opened."""

    name: str
    rule: HostRule

    @property
    def route(self) -> Route:
        """The route of the requests to it."""
        return route_of(self.rule.route)

    def path(self, target: str) -> str:
        """Return the part of a request target that is the route's own; one outside of it is returned as it is."""
        rest = target.removeprefix(self.rule.below)
        return rest if rest.startswith("/") else target


def has_models(host: str, target: str) -> bool:
    """Return whether a request target at an opened host is of its API of models."""
    opened = opened_host(host)
    return opened is not None and (not opened.rule.models or target.startswith(opened.rule.models))


@lru_cache(maxsize=1024)
def opened_host(name: str) -> OpenedHost | None:
    """Return the host if its connections are opened, or None."""
    name = name.lower().rstrip(".")
    rule = next((rule for rule in OPENED_HOSTS if rule.pattern.fullmatch(name)), None)
    return OpenedHost(name, rule) if rule is not None else None
