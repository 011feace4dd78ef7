"""The ids by which Vertex AI and Bedrock know the models that a client names."""

from pathlib import Path

import pytest

from candela_tui.protocol.clouds.model_ids import bedrock_id, foundation_model, has_profile, mantle_id, vertex_id
from candela_tui.protocol.clouds.regions import (
    NoProfile,
    bedrock_places,
    bedrock_prefix,
    counts_at_mantle,
    on_vertex,
    vertex_places,
    vertex_region_variable,
)

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
        ("ca-central-1", "us"),
        ("ca-west-1", "us"),
        ("sa-east-1", "global"),
        ("me-central-1", "global"),
        ("cn-north-1", None),
        ("us-isob-east-1", None),
    ],
)
def test_each_region_has_the_profiles_of_its_geography(region: str, prefix: str | None) -> None:
    assert bedrock_prefix(region) == prefix


# The model cards of AWS, and the ids of GovCloud in the price list of litellm.
PROFILES = [
    ("claude-sonnet-4-0", "us eu apac global"),
    ("claude-opus-4-0", "us"),
    ("claude-opus-4-1", "us"),
    ("claude-sonnet-4-5", "us us-gov eu jp au global"),
    ("claude-haiku-4-5", "us eu jp au global"),
    ("claude-opus-4-5", "us eu global"),
    ("claude-opus-4-6", "us eu au global"),
    ("claude-sonnet-4-6", "us eu jp au global"),
    ("claude-opus-4-7", "us eu jp au global"),
    ("claude-opus-4-8", "us us-gov eu jp au global"),
    ("claude-opus-5", "us us-gov eu au global"),
    ("claude-sonnet-5", "us us-gov eu au global"),
    ("claude-opus-5-5", "us us-gov eu jp au global"),
    ("claude-sonnet-5-5", "us us-gov eu global"),
    ("claude-haiku-5-5", "us us-gov eu global"),
    ("claude-fable-5", "us global"),
    ("claude-fable-5-1", "us us-gov global"),
    ("claude-fable-5-2", "us us-gov global"),
    ("claude-mythos-preview", "us"),
    ("claude-mythos-5", "us"),
    ("claude-mythos-5-1", "us global"),
    ("claude-opus-9", "us us-gov eu global"),
    ("claude-fable-9", "us us-gov global"),
]
# The prefixes of each region, nearest first.
REGIONS = {
    "us-east-1": "us global",
    "us-gov-west-1": "us-gov",
    "ca-central-1": "us global",
    "eu-central-1": "eu global",
    "ap-northeast-1": "jp apac global",
    "ap-northeast-3": "jp apac global",
    "ap-southeast-2": "au apac global",
    "ap-south-1": "apac global",
    "ap-northeast-2": "apac global",
    "sa-east-1": "global",
}
TITLES = ("us", "us-gov", "eu", "jp", "au", "apac", "global")
BEFORE_CANADA = {"claude-sonnet-4-0", "claude-opus-4-0", "claude-opus-4-1", "claude-mythos-preview"}


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("name", "profiles"), PROFILES)
def test_each_model_is_called_by_a_profile_that_it_has_in_the_region(name: str, profiles: str, region: str) -> None:
    assert set(bedrock_places(name).places) == set(profiles.split())
    there = [prefix for prefix in REGIONS[region].split() if prefix in profiles.split()]
    if region == "ca-central-1" and name in BEFORE_CANADA:
        there = [prefix for prefix in there if prefix != "us"]
    if there:
        id = bedrock_id(name, None, {}, region=region)
        assert id.partition(".")[0] == there[0]
        assert has_profile(id)
        return
    with pytest.raises(NoProfile) as refused:
        bedrock_id(name, None, {}, region=region)
    base = name.removesuffix("-0") if name.endswith("-4-0") else name
    for word in (base, region, "[aws] region", f'[models."{base}"] bedrock'):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("name", "region", "chosen"),
    [
        ("claude-sonnet-4-5", "ap-northeast-1", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("claude-sonnet-4-0", "ap-northeast-1", "apac.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("claude-opus-4-5", "ap-northeast-1", "global.anthropic.claude-opus-4-5-20251101-v1:0"),
        ("claude-fable-5-1", "ap-northeast-1", "global.anthropic.claude-fable-5-1"),
        ("claude-fable-5-1", "ap-southeast-2", "global.anthropic.claude-fable-5-1"),
        ("claude-opus-5-5", "ca-central-1", "us.anthropic.claude-opus-5-5"),
        ("claude-opus-5-5", "ca-west-1", "us.anthropic.claude-opus-5-5"),
        ("claude-haiku-4-5", "ca-central-1", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("claude-haiku-4-5", "ca-west-1", "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("claude-3-haiku", "ca-central-1", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("claude-3-haiku", "eu-west-1", "eu.anthropic.claude-3-haiku-20240307-v1:0"),
        ("claude-3-haiku", "cn-north-1", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("global.anthropic.claude-opus-4-1", "eu-west-1", "global.anthropic.claude-opus-4-1"),
    ],
)
def test_the_region_chooses_the_nearest_profile_and_leaves_ids_of_bedrock(name: str, region: str, chosen: str) -> None:
    assert bedrock_id(name, bedrock_prefix(region), {}, region=region) == chosen


@pytest.mark.parametrize("region", ["cn-north-1", "us-iso-east-1"])
def test_a_region_without_profiles_gets_no_id_that_needs_one(region: str) -> None:
    with pytest.raises(NoProfile, match=f"no inference profile on Bedrock that can be called from {region}"):
        bedrock_id("claude-opus-4-8", bedrock_prefix(region), {}, region=region)
    assert bedrock_id("claude-opus-4-8", None, {}) == "anthropic.claude-opus-4-8"


def test_the_users_own_id_needs_no_profile_of_the_tables() -> None:
    assert bedrock_id("claude-opus-4-1", "eu", {"claude-opus-4-1": "my-id"}, region="eu-west-1") == "my-id"


def test_the_documentation_has_the_table_of_profiles() -> None:
    known = [name for name, _ in PROFILES if bedrock_places(name).known]
    rows = ["| model | " + " | ".join(f"`{title}`" for title in TITLES) + " |", "|---" * (len(TITLES) + 1) + "|"]
    for name in known:
        marks = ("✓" if title in bedrock_places(name).places else "" for title in TITLES)
        rows.append(f"| {name} | {' | '.join(marks)} |")
    written = (Path(__file__).parents[2] / "docs/cloud-support.md").read_text().split("<!-- end -->")[0]
    assert written.rpartition(" -->\n")[2].strip() == "\n".join(rows)


@pytest.mark.parametrize(
    ("name", "counts", "id"),
    [
        ("claude-haiku-4-5", False, "anthropic.claude-haiku-4-5"),
        ("claude-opus-4-6", False, "anthropic.claude-opus-4-6"),
        ("claude-opus-4-7", True, "anthropic.claude-opus-4-7"),
        ("us.anthropic.claude-opus-5-5", True, "anthropic.claude-opus-5-5"),
        ("claude-fable-5-1[1m]", True, "anthropic.claude-fable-5-1"),
        ("claude-opus-9", True, "anthropic.claude-opus-9"),
        ("amazon.nova-pro-v1:0", False, "amazon.nova-pro-v1:0"),
    ],
)
def test_models_from_4_7_on_are_counted_at_mantle_by_their_base_id(name: str, counts: bool, id: str) -> None:
    assert counts_at_mantle(name) is counts
    assert mantle_id(name) == id


@pytest.mark.parametrize("location", ["global", "us", "eu", "us-east5", "europe-west1"])
@pytest.mark.parametrize(
    ("name", "single"),
    [
        ("claude-haiku-4-5@20251001", True),
        ("claude-opus-4-6", True),
        ("claude-sonnet-4-6", True),
        ("claude-opus-4-7", False),
        ("claude-opus-4-8", False),
        ("claude-sonnet-5", False),
        ("claude-opus-5", False),
        ("claude-opus-5-5", False),
        ("claude-sonnet-5-5", False),
        ("claude-haiku-5-5", False),
        ("claude-fable-5", False),
        ("claude-fable-5-1", False),
        ("claude-fable-5-2", False),
        ("claude-opus-9", True),
        ("my-model", True),
    ],
)
def test_models_after_sonnet_4_6_are_not_in_single_regions_of_vertex(name: str, single: bool, location: str) -> None:
    assert on_vertex(name, location) is (single or location in ("global", "us", "eu"))


def test_what_only_a_rule_says_of_a_model_is_marked() -> None:
    assert (vertex_places("claude-opus-5-5").known, vertex_places("claude-opus-9").known) == (True, False)
    assert (bedrock_places("claude-opus-5-5").known, bedrock_places("claude-opus-9").known) == (True, False)


# As Claude Code 2.1.332 has them in its own table; those of 2.1.197 are among them.
REGION_VARIABLES = [
    ("claude-3-5-sonnet", "VERTEX_REGION_CLAUDE_3_5_SONNET"),
    ("claude-3-7-sonnet", "VERTEX_REGION_CLAUDE_3_7_SONNET"),
    ("claude-sonnet-4-5", "VERTEX_REGION_CLAUDE_4_5_SONNET"),
    ("claude-sonnet-4-6", "VERTEX_REGION_CLAUDE_4_6_SONNET"),
    ("claude-sonnet-5-5", "VERTEX_REGION_CLAUDE_5_5_SONNET"),
    ("claude-3-5-haiku", "VERTEX_REGION_CLAUDE_3_5_HAIKU"),
    ("claude-fable-5-1", "VERTEX_REGION_CLAUDE_FABLE_5_1"),
    ("claude-fable-5-2", "VERTEX_REGION_CLAUDE_FABLE_5_2"),
    ("claude-haiku-4-5", "VERTEX_REGION_CLAUDE_HAIKU_4_5"),
    ("claude-haiku-5-5", "VERTEX_REGION_CLAUDE_HAIKU_5_5"),
    ("claude-opus-4-1", "VERTEX_REGION_CLAUDE_4_1_OPUS"),
    ("claude-opus-4-5", "VERTEX_REGION_CLAUDE_4_5_OPUS"),
    ("claude-opus-4-6", "VERTEX_REGION_CLAUDE_4_6_OPUS"),
    ("claude-opus-4-7", "VERTEX_REGION_CLAUDE_4_7_OPUS"),
    ("claude-opus-4-8", "VERTEX_REGION_CLAUDE_4_8_OPUS"),
    ("claude-opus-5-5", "VERTEX_REGION_CLAUDE_5_5_OPUS"),
    ("claude-sonnet-4", "VERTEX_REGION_CLAUDE_4_0_SONNET"),
    ("claude-sonnet-5", "VERTEX_REGION_CLAUDE_5_SONNET"),
    ("claude-fable-5", "VERTEX_REGION_CLAUDE_FABLE_5"),
    ("claude-opus-4", "VERTEX_REGION_CLAUDE_4_0_OPUS"),
    ("claude-opus-5", "VERTEX_REGION_CLAUDE_5_OPUS"),
]


@pytest.mark.parametrize(("name", "variable"), REGION_VARIABLES)
def test_a_models_region_variable_is_the_clients(name: str, variable: str) -> None:
    assert vertex_region_variable(name) == variable
    assert vertex_region_variable(f"{name}@20250101") == variable


def test_other_models_have_no_region_variable() -> None:
    assert vertex_region_variable("gemini-9") is None


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
