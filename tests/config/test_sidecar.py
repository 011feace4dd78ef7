"""The variables of candela's first sidecar: a container is configured by them alone."""

from pathlib import Path

import pytest

from candela_tui.config import ConfigError, load, origin_of
from candela_tui.config.sidecar import transparent_port
from candela_tui.providers.identity import RouteName

NOWHERE = Path("/nowhere/config.toml")
ALL = {
    "PROVIDERS": "anthropic",
    "PORT": "9090",
    "GCP_PROJECT": "my-project",
    "VERTEX_REGION": "us-east5",
    "PUBSUB_TOPIC": "spans",
    "SPAN_FORMAT": "proto",
    "OTLP_ENDPOINT": "http://collector:4318",
    "OTLP_HEADERS": "x-team=abc=, x-other = d",
}


def test_each_variable_makes_its_setting() -> None:
    settings = load(NOWHERE, ALL)

    assert settings.proxy.port == 9090
    assert settings.proxy.providers == ()
    assert (settings.vertex.project, settings.vertex.region) == ("my-project", "us-east5")
    pubsub = settings.telemetry.pubsub
    assert (pubsub.topic, pubsub.project, pubsub.format) == ("spans", "my-project", "proto")
    assert settings.telemetry.otlp_endpoint == "http://collector:4318"
    assert settings.telemetry.headers == {"x-team": "abc=", "x-other": "d"}


def test_spans_name_the_project_of_candela_or_that_of_google() -> None:
    assert load(NOWHERE, ALL).telemetry.project == "my-project"

    telemetry = load(NOWHERE, {**ALL, "CANDELA_PROJECT_ID": "team-a"}).telemetry
    assert (telemetry.project, telemetry.pubsub.project) == ("team-a", "my-project")


def test_they_count_only_where_providers_is_set() -> None:
    stray = {name: value for name, value in ALL.items() if name != "PROVIDERS"}

    assert load(NOWHERE, stray) == load(NOWHERE, {})
    assert load(NOWHERE, {**stray, "PROVIDERS": ""}) == load(NOWHERE, {})


def test_without_a_port_it_is_8080() -> None:
    assert load(NOWHERE, {"PROVIDERS": "anthropic"}).proxy.port == 8080


def test_candelas_own_variables_go_before_them() -> None:
    environ = {**ALL, "CANDELA_PROXY__PORT": "8200", "CANDELA_VERTEX__PROJECT": "other"}
    settings = load(NOWHERE, environ)

    assert (settings.proxy.port, settings.vertex.project) == (8200, "other")
    assert settings.vertex.region == "us-east5"
    assert origin_of(("proxy", "port"), {}, environ).variable == "CANDELA_PROXY__PORT"
    assert origin_of(("vertex", "region"), {}, environ).variable == "VERTEX_REGION"


def test_they_go_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[vertex]\nproject = "of-the-file"\nregion = "eu"\n')

    vertex = load(file, {"PROVIDERS": "anthropic", "GCP_PROJECT": "my-project"}).vertex

    assert (vertex.project, vertex.region) == ("my-project", "eu")


def test_some_providers_open_their_routes_alone() -> None:
    proxy = load(NOWHERE, {"PROVIDERS": "vertex, bedrock"}).proxy

    assert proxy.providers == ("vertex", "bedrock")
    assert proxy.default_route == RouteName.VERTEX


def test_a_topic_may_be_named_in_full() -> None:
    pubsub = load(NOWHERE, {**ALL, "PUBSUB_TOPIC": "projects/theirs/topics/spans"}).telemetry.pubsub

    assert (pubsub.project, pubsub.topic) == ("theirs", "spans")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PORT": "http"}, "environment variable PORT: proxy.port: expected a whole number; found 'http'"),
        (
            {"PROVIDERS": "anthropic,openai"},
            "environment variable PROVIDERS: proxy.providers.0: expected 'direct', 'vertex'",
        ),
        ({"SPAN_FORMAT": "xml"}, "environment variable SPAN_FORMAT: telemetry.pubsub.format: expected"),
    ],
)
def test_a_mistake_names_the_variable(variables: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as error:
        load(NOWHERE, {**ALL, **variables})

    assert words in str(error.value)


def test_the_port_for_redirected_connections() -> None:
    assert transparent_port({"PROVIDERS": "anthropic", "TRANSPARENT_PORT": "8182"}) == 8182
    assert transparent_port({"PROVIDERS": "anthropic"}) is None
    assert transparent_port({"TRANSPARENT_PORT": "8182"}) is None
    for bad in ("0", "65536", "http", "9999999"):
        with pytest.raises(ValueError, match="TRANSPARENT_PORT: expected a port"):
            transparent_port({"PROVIDERS": "anthropic", "TRANSPARENT_PORT": bad})
