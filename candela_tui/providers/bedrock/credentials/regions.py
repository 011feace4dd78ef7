"""List the AWS regions that may have Bedrock.

botocore's data does not list Bedrock's regions, so these are all regions of the partitions with Anthropic's models."""

from dataclasses import dataclass

from candela_tui.providers.bedrock.credentials.client import plain_session

_PARTITIONS = ("aws", "aws-us-gov", "aws-eusc")
_FIRST = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
"""The common regions: source regions of the geographic inference profiles of most Claude models
(https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html)."""


@dataclass(frozen=True, slots=True)
class Region:
    """The id and title of an AWS region."""

    id: str
    title: str
    """The name of the region's location, such as ``US East (N. Virginia)``."""


def bedrock_regions() -> list[Region]:
    """Return the regions, the common ones first. Blocks."""
    partitions = plain_session().get_component("data_loader").load_data("endpoints")["partitions"]
    titles = {
        id: str(of.get("description", ""))
        for partition in partitions
        if partition["partition"] in _PARTITIONS
        for id, of in partition["regions"].items()
    }
    first = [id for id in _FIRST if id in titles]
    return [Region(id, titles[id]) for id in [*first, *sorted(titles.keys() - {*first})]]
