"""Model names across providers."""

import pytest

from candela_tui.protocol.model_ids import model_name, same_model


@pytest.mark.parametrize(
    ("name", "base", "date"),
    [
        ("claude-opus-4-8", "claude-opus-4-8", None),
        ("claude-opus-4-8[1m]", "claude-opus-4-8", None),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5", "20250929"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5", "20250929"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", "20250929"),
        ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", None),
        ("apac.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet", "20241022"),
        ("anthropic.claude-3-sonnet-20240229-v1:0:200k", "claude-3-sonnet", "20240229"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-6-v1",
            "claude-opus-4-6",
            None,
        ),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5", None),
        ("claude-sonnet-4-0", "claude-sonnet-4", None),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku", None),
        ("gpt-5", "gpt-5", None),
        ("", "", None),
    ],
)
def test_a_name_is_taken_apart(name, base, date):
    taken = model_name(name)
    assert (taken.base, taken.date) == (base, date)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("claude-opus-4-8", (4, 8)),
        ("claude-opus-5", (5, 0)),
        ("claude-3-5-sonnet-20241022", (3, 5)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("claude-fable-5-2-20261001", (5, 2)),
        ("gpt-5", None),
        ("claude", None),
    ],
)
def test_a_claude_name_tells_its_generation(name, version):
    assert model_name(name).version == version


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", True),
        ("claude-opus-4-8[1m]", "claude-opus-4-8", True),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", True),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929", True),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514", True),
        ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022", False),
        ("claude-opus-4-8", "claude-haiku-4-5-20251001", False),
        ("claude-opus-4", "claude-opus-4-1", False),
    ],
)
def test_names_of_the_same_model_are_known(asked, served, same):
    assert same_model(asked, served) is same
    assert same_model(served, asked) is same
