"""Where candela says that a route leads."""

import pytest

from candela_tui.config import Settings
from candela_tui.providers.registry import destination


@pytest.mark.parametrize(
    ("route", "environ", "place"),
    [
        ("anthropic-direct", {}, "https://api.anthropic.com"),
        ("anthropic-vertex", {}, "https://aiplatform.googleapis.com"),
        ("anthropic-vertex", {"CLOUD_ML_REGION": "us-east5"}, "https://us-east5-aiplatform.googleapis.com"),
        ("anthropic-bedrock", {"AWS_REGION": "eu-west-1"}, "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("anthropic-bedrock", {}, "Bedrock, in the region of the AWS profile"),
        ("anthropic-bedrock", {"AWS_REGION": "x/y"}, "nowhere: 'x/y' is not an AWS region"),
        ("anthropic-vertex", {"CLOUD_ML_REGION": "x/y"}, "nowhere: 'x/y' is no location"),
    ],
)
def test_the_provider_behind_a_route_is_named(route: str, environ: dict[str, str], place: str) -> None:
    assert destination(route, Settings(), environ).startswith(place)


def test_a_private_endpoint_is_where_it_leads() -> None:
    settings = Settings.model_validate(
        {"vertex": {"base_url": "https://v.example"}, "aws": {"base_url": "https://b.example"}}
    )
    assert destination("anthropic-vertex", settings, {}) == "https://v.example"
    assert destination("anthropic-bedrock", settings, {}) == "https://b.example"
