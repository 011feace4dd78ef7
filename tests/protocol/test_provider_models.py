"""The ids by which Vertex AI and Bedrock know the models that a client names."""

import pytest

from candela_tui.protocol.provider_models import bedrock_id, bedrock_prefix, foundation_model, vertex_id

# As Claude Code 2.1.197 has them in its own table, region us.
CLIENT_TABLE = [
    ("claude-3-5-haiku-20241022", "us.anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3-5-haiku@20241022"),
    ("claude-3-5-sonnet-20241022", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-v2@20241022"),
    ("claude-3-7-sonnet-20250219", "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "claude-3-7-sonnet@20250219"),
    ("claude-sonnet-4-20250514", "us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4@20250514"),
    ("claude-opus-4-20250514", "us.anthropic.claude-opus-4-20250514-v1:0", "claude-opus-4@20250514"),
    ("claude-opus-4-1-20250805", "us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4-1@20250805"),
    ("claude-sonnet-4-5-20250929", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5@20250929"),
    ("claude-haiku-4-5-20251001", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5@20251001"),
    ("claude-opus-4-5-20251101", "us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5@20251101"),
    ("claude-opus-4-6", "us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
    ("claude-sonnet-4-6", "us.anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
    ("claude-opus-4-7", "us.anthropic.claude-opus-4-7", "claude-opus-4-7"),
    ("claude-opus-4-8", "us.anthropic.claude-opus-4-8", "claude-opus-4-8"),
    ("claude-sonnet-5", "us.anthropic.claude-sonnet-5", "claude-sonnet-5"),
    ("claude-fable-5", "us.anthropic.claude-fable-5", "claude-fable-5"),
]


@pytest.mark.parametrize(("name", "on_bedrock", "on_vertex"), CLIENT_TABLE)
def test_each_model_has_the_ids_that_the_client_itself_uses(name: str, on_bedrock: str, on_vertex: str) -> None:
    assert bedrock_id(name, "us", {}) == on_bedrock
    assert vertex_id(name, {}) == on_vertex


@pytest.mark.parametrize(("name", "on_bedrock", "on_vertex"), CLIENT_TABLE)
def test_the_name_on_one_cloud_is_understood_on_the_other(name: str, on_bedrock: str, on_vertex: str) -> None:
    assert vertex_id(on_bedrock, {}) == on_vertex
    assert bedrock_id(on_vertex, "us", {}) == on_bedrock


def test_a_profile_of_govcloud_is_understood_on_vertex() -> None:
    assert vertex_id("us-gov.anthropic.claude-3-haiku-20240307-v1:0", {}) == "claude-3-haiku@20240307"


@pytest.mark.parametrize(
    ("name", "dated"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5@20250929"),
        ("claude-sonnet-4-0", "claude-sonnet-4@20250514"),
        ("claude-opus-4-0", "claude-opus-4@20250514"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet@20250219"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-v2@20241022"),
        ("claude-3-5-sonnet-20240620", "claude-3-5-sonnet@20240620"),
        ("claude-opus-4-8[1m]", "claude-opus-4-8"),
        ("claude-sonnet-4-5-20250929[1m]", "claude-sonnet-4-5@20250929"),
        ("claude-opus-9-1-20310101", "claude-opus-9-1@20310101"),
        ("claude-opus-9", "claude-opus-9"),
    ],
)
def test_undated_names_aliases_and_the_clients_suffix_become_the_snapshot(name: str, dated: str) -> None:
    assert vertex_id(name, {}) == dated


@pytest.mark.parametrize(
    ("name", "on_bedrock"),
    [
        ("claude-3-5-sonnet-20240620", "eu.anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ("claude-opus-9-1-20310101", "eu.anthropic.claude-opus-9-1-20310101-v1:0"),
        ("claude-opus-9[1m]", "eu.anthropic.claude-opus-9"),
        ("claude-3-5-haiku-latest", "anthropic.claude-3-5-haiku-20241022-v1:0"),
    ],
)
def test_a_model_in_no_table_follows_the_rule_of_its_generation(name: str, on_bedrock: str) -> None:
    assert bedrock_id(name, "eu", {}) == on_bedrock


@pytest.mark.parametrize(
    "name",
    [
        "anthropic.claude-opus-4-8",
        "apac.anthropic.claude-sonnet-4-20250514-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8",
        "amazon.nova-pro-v1:0",
        "my-model",
        "opus",
    ],
)
def test_what_bedrock_knows_by_that_name_and_what_is_unknown_pass_as_they_are(name: str) -> None:
    assert bedrock_id(name, "us", {}) == name


@pytest.mark.parametrize("name", ["claude-sonnet-4-5@20250929", "claude-3-5-sonnet-v2@20241022", "gemini-9", "opus"])
def test_what_vertex_knows_by_that_name_and_what_is_unknown_pass_as_they_are(name: str) -> None:
    assert vertex_id(name, {}) == name


def test_without_a_prefix_models_are_called_directly() -> None:
    assert bedrock_id("claude-opus-4-8", None, {}) == "anthropic.claude-opus-4-8"


def test_the_users_own_table_goes_first_and_holds_for_a_names_variants() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
    names = {"claude-opus-4-8": arn, "claude-sonnet-4-5": "claude-sonnet-4-5@default"}
    assert bedrock_id("claude-opus-4-8", "us", names) == arn
    assert bedrock_id("claude-opus-4-8[1m]", "us", names) == arn
    assert vertex_id("claude-sonnet-4-5-20250929", names) == "claude-sonnet-4-5@default"
    assert vertex_id("claude-opus-4-7", names) == "claude-opus-4-7"


@pytest.mark.parametrize(
    ("region", "prefix"),
    [
        ("us-east-1", "us"),
        ("us-west-2", "us"),
        ("us-gov-west-1", "us-gov"),
        ("eu-central-1", "eu"),
        ("ap-northeast-1", "jp"),
        ("ap-northeast-3", "jp"),
        ("ap-southeast-2", "au"),
        ("ap-southeast-4", "au"),
        ("ap-south-1", "apac"),
        ("ap-northeast-2", "apac"),
        ("ca-central-1", "global"),
        ("sa-east-1", "global"),
        ("me-central-1", "global"),
        ("cn-north-1", None),
    ],
)
def test_each_region_has_the_profiles_of_its_geography(region: str, prefix: str | None) -> None:
    assert bedrock_prefix(region) == prefix


@pytest.mark.parametrize(
    ("name", "region", "chosen"),
    [
        ("claude-sonnet-4-5", "ap-northeast-1", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-sonnet-4-0", "ap-northeast-1", "apac.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("claude-opus-4-5", "ap-northeast-1", "global.anthropic.claude-opus-4-5-20251101-v1:0"),
        ("claude-opus-4-8", "ap-south-1", "global.anthropic.claude-opus-4-8"),
        ("claude-opus-4-8", "eu-west-1", "eu.anthropic.claude-opus-4-8"),
        ("claude-opus-4-1", "eu-west-1", "eu.anthropic.claude-opus-4-1-20250805-v1:0"),
    ],
)
def test_a_prefix_that_the_region_chose_gives_way_to_the_next_wider_that_the_model_has(
    name: str, region: str, chosen: str
) -> None:
    assert bedrock_id(name, bedrock_prefix(region), {}, widen=True) == chosen


def test_a_prefix_that_the_user_chose_is_kept_whatever_the_table_says() -> None:
    assert bedrock_id("claude-opus-4-5", "jp", {}) == "jp.anthropic.claude-opus-4-5-20251101-v1:0"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("us.anthropic.claude-opus-4-8", "anthropic.claude-opus-4-8"),
        ("us-gov.anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("anthropic.claude-opus-4-6-v1", "anthropic.claude-opus-4-6-v1"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0",
            "anthropic.claude-sonnet-4-20250514-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "anthropic.claude-3-haiku-20240307-v1:0",
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3",
        ),
    ],
)
def test_the_foundation_model_of_a_profile_is_read_from_its_id(name: str, model: str) -> None:
    assert foundation_model(name) == model
