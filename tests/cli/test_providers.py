"""``candela providers``: the providers and their routes, and what each cloud accepts for a model."""

import json

import pytest

from candela_tui.providers.identity import PROVIDERS, ROUTES
from tests.cli.command import Home


@pytest.fixture
def home(home: Home) -> Home:
    """Without a keyring, without a cloud."""
    home.environment |= {
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "NO_GCE_CHECK": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": str(home.directory),
    }
    return home


async def test_each_route_is_listed_with_its_provider_and_credentials(home: Home) -> None:
    key = {"AWS_BEARER_TOKEN_BEDROCK": "ABSK-a-key-that-nobody-may-see", "AWS_REGION": "us-east-1"}
    listed = await home.run("providers", **key)
    head, *rows = listed.out.splitlines()
    assert head.split() == ["PROVIDER", "--route", "BASE", "URL", "CREDENTIALS"]
    assert sorted(prefix for row in rows for prefix in row.split() if prefix.startswith("/")) == sorted(
        route.prefix for route in ROUTES
    )
    found = {row.split("  ")[0] for row in rows if "found, not tried" in row}
    assert "Bedrock" in found
    assert not {"Anthropic", "Vertex AI"} & found
    assert "nobody-may-see" not in listed.out


async def test_programs_get_json(home: Home) -> None:
    document = json.loads((await home.run("providers", "--json")).out)
    assert [one["provider"] for one in document["providers"]] == list(PROVIDERS)
    assert {route["route"] for one in document["providers"] for route in one["routes"]} == {
        route.name for route in ROUTES
    }


async def test_a_model_has_an_id_and_a_table_on_each_cloud(home: Home) -> None:
    home.config.write_text('[vertex.betas]\n"brand-new-2026-12-01" = true\n')
    shown = await home.run("providers", "claude-opus-5-5", AWS_REGION="us-east-1")
    assert shown.code == 0
    vertex, bedrock = shown.out.split("Amazon Bedrock\n")
    assert "claude-opus-5-5 is us.anthropic.claude-opus-5-5 on Bedrock in us-east-1" in bedrock
    (own,) = (line for line in vertex.splitlines() if line.startswith("brand-new-2026-12-01"))
    assert own.split("  ")[-1].strip() == "config.toml"
    assert next(line for line in bedrock.splitlines() if line.startswith("cache_control ")).split()[1:3] == [
        "left",
        "out",
    ]


async def test_programs_get_the_same_of_a_model(home: Home) -> None:
    document = json.loads((await home.run("providers", "claude-opus-4-6", "--json", AWS_REGION="us-east-1")).out)
    vertex, bedrock = document["clouds"]
    assert (vertex["provider"], bedrock["provider"], document["refused"]) == ("vertex", "bedrock", [])
    (role,) = (each for each in bedrock["support"] if each["name"] == "messages.*.role")
    assert (role["kind"], role["sent"], role["effect"]) == ("field", False, "moved into the user's turn")
    assert role["source"].startswith("platform.claude.com/")
