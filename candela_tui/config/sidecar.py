"""The variables of candela's first sidecar, by which a container is configured without a file.

They count only where PROVIDERS is set, because some of them, such as PORT, have other meanings elsewhere. A variable
``CANDELA_SECTION__KEY`` goes before them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from candela_tui.config.toml_text import Key
from candela_tui.providers.identity import PROVIDER_WORDS, route_for

_SWITCH = "PROVIDERS"
_PORT = 8080
_ALL = "anthropic"
"""The only provider that the first sidecar knew: it opens every route, as each of them leads to Claude."""
_TOPIC = re.compile(r"projects/([^/]+)/topics/([^/]+)")

Found = Iterator[tuple[Key, Any]]


def sidecar_settings(environ: Mapping[str, str]) -> Iterator[tuple[str, Key, Any]]:
    """Yield the variable, the key and the value of each setting that these variables make."""
    if not environ.get(_SWITCH):
        return
    if not environ.get("PORT"):
        yield _SWITCH, ("proxy", "port"), _PORT
    for name, read in _VARIABLES.items():
        if value := environ.get(name):
            for key, setting in read(value):
                yield name, key, setting


def transparent_port(environ: Mapping[str, str]) -> int | None:
    """Return the port for redirected connections, or None if there is none. Raises ValueError."""
    value = environ.get("TRANSPARENT_PORT") if environ.get(_SWITCH) else None
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:6]) <= 65535):
        raise ValueError("environment variable TRANSPARENT_PORT: expected a port, from 1 to 65535")
    return int(value)


def _as(*keys: Key) -> Callable[[str], Found]:
    return lambda value: ((key, value) for key in keys)


def _providers(value: str) -> Found:
    words = list(dict.fromkeys(word.strip().lower() for word in value.split(",") if word.strip()))
    if _ALL in words:
        words = [word for word in words if word != _ALL and word not in PROVIDER_WORDS]
    # An unknown word is a mistake, which is told as for any setting.
    yield ("proxy", "providers"), words
    route = route_for(words[0]) if words else None
    if route is not None:
        yield ("proxy", "default_route"), route.name.value


def _topic(value: str) -> Found:
    whole = _TOPIC.fullmatch(value)
    yield ("telemetry", "pubsub", "topic"), whole[2] if whole else value
    if whole:
        yield ("telemetry", "pubsub", "project"), whole[1]


def _headers(value: str) -> Found:
    """The form of OTEL_EXPORTER_OTLP_HEADERS: ``name=value,other=value``."""
    pairs = (part.partition("=") for part in value.split(",") if part.strip())
    yield ("telemetry", "headers"), {name.strip(): text.strip() for name, _, text in pairs}


_VARIABLES: Mapping[str, Callable[[str], Found]] = {
    "PROVIDERS": _providers,
    "PORT": _as(("proxy", "port")),
    "GCP_PROJECT": _as(("vertex", "project"), ("telemetry", "pubsub", "project"), ("telemetry", "project")),
    "CANDELA_PROJECT_ID": _as(("telemetry", "project")),
    "VERTEX_REGION": _as(("vertex", "region")),
    "PUBSUB_TOPIC": _topic,
    "SPAN_FORMAT": _as(("telemetry", "pubsub", "format")),
    "OTLP_ENDPOINT": _as(("telemetry", "otlp_endpoint")),
    "OTLP_HEADERS": _headers,
}
