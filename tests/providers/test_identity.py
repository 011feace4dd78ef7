"""The table of providers and routes, and that nothing else names them."""

import ast
from pathlib import Path

import candela_tui
from candela_tui.providers.identity import (
    PROVIDERS,
    ROUTES,
    Provider,
    RouteName,
    route_for,
    route_of,
    route_to,
)

PACKAGE = Path(candela_tui.__file__).parent
NAMES = {
    *Provider,
    *RouteName,
    *(info.account for info in PROVIDERS.values()),
    *(info.price_list for info in PROVIDERS.values()),
    *(route.option for route in ROUTES),
}
SECTIONS = {"anthropic", "vertex", "aws", "claude_aws", "foundry", "claude_google_cloud"}
"""Sections of config.toml, which are named as their users write them."""
ALLOWED = {
    "config/check.py": SECTIONS,
    "config/places.py": SECTIONS,
    "doctor/redaction.py": SECTIONS,
    "cli/dashboard/demo.py": SECTIONS,
    # The sections that variables of a container set, and its name for every route of one provider.
    "config/sidecar.py": SECTIONS,
    # The conventions' name for a request that asks for a message.
    "sinks/telemetry/attributes.py": {"chat"},
    "proxy/local_api/traces.py": {"chat"},
    # How gateways name the providers in their header fields.
    "protocol/gateways.py": {"anthropic", "bedrock", "vertex"},
    # OpenAI's own field of a model: who owns it.
    "protocol/openai/models.py": {"anthropic"},
    # A part of the ids that Bedrock gives to models.
    "analysis/labels.py": {"anthropic"},
}


def test_no_other_module_names_a_provider_or_a_route() -> None:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith("providers/"):
            continue
        values = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
        named = {value for value in values if isinstance(value, str) and value in NAMES} - ALLOWED.get(place, set())
        if named:
            found[place] = named
    assert found == {}


def test_each_provider_has_a_row_and_a_route_that_takes_messages() -> None:
    assert list(PROVIDERS) == list(Provider)
    assert [route_to(provider).provider for provider in Provider] == list(Provider)


def test_each_route_has_a_row_and_is_chosen_by_its_options() -> None:
    assert [route.name for route in ROUTES] == list(RouteName)
    assert [route_for(route.option, native=route.native) for route in ROUTES] == list(ROUTES)


def test_the_values_are_those_that_databases_settings_and_scripts_have() -> None:
    assert {str(info.provider): info.account for info in PROVIDERS.values()} == {
        "anthropic": "anthropic",
        "vertex": "gcp",
        "bedrock": "aws",
        "mantle": "mantle",
        "claude_aws": "claude-aws",
        "foundry": "foundry",
        "claude_google_cloud": "claude-google-cloud",
    }
    assert {str(route.name): route.prefix for route in ROUTES} == {
        "anthropic-direct": "/proxy/anthropic-direct",
        "anthropic-vertex": "/proxy/anthropic-vertex",
        "anthropic-bedrock": "/proxy/anthropic-bedrock",
        "anthropic": "/proxy/anthropic",
        "vertex": "/vertex/v1",
        "bedrock": "/bedrock",
        "mantle": "/proxy/anthropic-mantle",
        "claude-aws": "/proxy/claude-aws",
        "foundry": "/proxy/anthropic-foundry",
        "claude-google-cloud": "/proxy/claude-google-cloud",
    }
    assert route_of(RouteName.CHAT).option == "chat"
