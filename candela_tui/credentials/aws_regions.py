"""The AWS regions that Bedrock may be in. botocore's data tells of none for Bedrock: these are all the regions of the
partitions where Anthropic's models are."""

from dataclasses import dataclass

from candela_tui.credentials.aws_client import plain_session

_PARTITIONS = ("aws", "aws-us-gov", "aws-eusc")
_FIRST = ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1")
"""Those that the geographic inference profiles of most Claude models start from
(https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html)."""


@dataclass(frozen=True, slots=True)
class Region:
    """One of them."""

    id: str
    title: str
    """Where it is."""


def bedrock_regions() -> list[Region]:
    """Those that there may be, the usual ones first. Blocks."""
    partitions = plain_session().get_component("data_loader").load_data("endpoints")["partitions"]
    titles = {
        id: str(of.get("description", ""))
        for partition in partitions
        if partition["partition"] in _PARTITIONS
        for id, of in partition["regions"].items()
    }
    first = [id for id in _FIRST if id in titles]
    return [Region(id, titles[id]) for id in [*first, *sorted(titles.keys() - {*first})]]
