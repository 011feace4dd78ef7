"""A misspelt region is the cause that the doctor names, not the network."""

from typing import Any

import pytest

from candela_tui.doctor.access import check_access
from candela_tui.doctor.check_result import CheckState
from candela_tui.doctor.models import check_models
from candela_tui.doctor.providers import check_providers
from candela_tui.providers.identity import PROVIDERS
from candela_tui.providers.identity import Provider as ProviderId
from tests.doctor.conftest import MakeContext
from tests.standin import Provider

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"}


@pytest.mark.parametrize(
    ("provider", "sections", "environ", "words", "fix"),
    [
        (
            ProviderId.BEDROCK,
            {"aws": {"region": "us-esat-1"}},
            KEYS,
            "AWS has no region us-esat-1; did you mean us-east-1?",
            "Correct it: `candela config set aws.region us-east-1`.",
        ),
        (
            ProviderId.BEDROCK,
            {},
            {**KEYS, "AWS_REGION": "eu-centrl-1"},
            "AWS has no region eu-centrl-1; did you mean eu-central-1?",
            "Correct AWS_REGION in this shell.",
        ),
        (
            ProviderId.BEDROCK,
            {"aws": {"region": "us-esat-1"}},
            {**KEYS, "CANDELA_AWS__REGION": "us-esat-1"},
            "AWS has no region us-esat-1; did you mean us-east-1?",
            "Correct CANDELA_AWS__REGION in this shell.",
        ),
        (
            ProviderId.MANTLE,
            {"mantle": {"region": "us-eats-1"}},
            KEYS,
            "AWS has no region us-eats-1; did you mean us-east-1?",
            "Correct it: `candela config set mantle.region us-east-1`.",
        ),
        (
            ProviderId.CLAUDE_AWS,
            {"claude_aws": {"region": "us-wset-2", "workspace": "wrkspc_1"}},
            KEYS,
            "AWS has no region us-wset-2; did you mean us-west-2?",
            "Correct it: `candela config set claude_aws.region us-west-2`.",
        ),
        (
            ProviderId.VERTEX,
            {"vertex": {"region": "us-eest5", "project": "p"}},
            {"CANDELA_VERTEX__REGION": "us-eest5"},
            "us-eest5 is not known to have Claude on Vertex AI; did you mean us-east5?",
            "Correct CANDELA_VERTEX__REGION in this shell.",
        ),
        (
            ProviderId.VERTEX,
            {"vertex": {"region": "us-eest5", "project": "p"}},
            {},
            "us-eest5 is not known to have Claude on Vertex AI; did you mean us-east5?",
            "Correct it: `candela config set vertex.region us-east5`.",
        ),
    ],
)
async def test_a_misspelt_region_is_named_with_the_one_that_was_meant(
    make_context: MakeContext,
    monkeypatch: pytest.MonkeyPatch,
    nobody_listens: str,
    provider: ProviderId,
    sections: dict[str, Any],
    environ: dict[str, str],
    words: str,
    fix: str,
) -> None:
    # As on a network that has no host of that name: nothing outside of this machine is asked.
    monkeypatch.setenv("HTTPS_PROXY", f"http://{nobody_listens}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    context = make_context(sections, environ={**environ, "ANTHROPIC_MODEL": "claude-sonnet-4-5"})
    way = next(each for each in await check_providers(context) if each.id == f"provider.{PROVIDERS[provider].account}")
    [access] = await check_access(provider, context)
    for found in (way, access):
        assert (found.state, found.words, found.fix) == (CheckState.BAD, words, fix)


async def test_offline_a_misspelt_region_is_found_too(make_context: MakeContext) -> None:
    sections = {"aws": {"region": "us-esat-1"}, "proxy": {"default_route": "anthropic-bedrock"}}
    [check] = await check_models(make_context(sections, environ=KEYS, online=False))
    assert (check.state, check.words) == (CheckState.BAD, "AWS has no region us-esat-1; did you mean us-east-1?")


async def test_a_region_that_only_the_sdk_does_not_know_is_fine_where_it_answers(
    make_context: MakeContext, provider: Provider
) -> None:
    sections = {"aws": {"region": "mars-north-1"}, "proxy": {"default_route": "anthropic-bedrock"}}
    [check] = await check_models(make_context(sections, environ={**KEYS, "ANTHROPIC_MODEL": "claude-sonnet-4-5"}))
    assert check.state is CheckState.OK
    behind_an_endpoint = {**sections, "aws": {"region": "mars-north-1", "base_url": provider.url}}
    way, *_ = await check_providers(make_context(behind_an_endpoint, environ=KEYS))
    assert "AWS has no region" not in way.words
