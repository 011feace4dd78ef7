"""List the AWS regions that have Claude.

botocore's data does not list Bedrock's regions, so these are the regions of AWS's partitions that can call a model of
Claude, by the table of inference profiles."""

import re
from dataclasses import dataclass
from typing import Final

from candela_tui.protocol.clouds.regions import has_claude
from candela_tui.providers.bedrock.credentials.client import plain_session

_REGION: Final = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")
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
        if has_claude(id)
    }
    first = [id for id in _FIRST if id in titles]
    return [Region(id, titles[id]) for id in [*first, *sorted(titles.keys() - {*first})]]


def wrong_region(text: str) -> str:
    """Return what is wrong with the name of a region, or an empty string if it can be one."""
    return "" if _REGION.fullmatch(text) else "That is not an AWS region. Example: us-east-1"
