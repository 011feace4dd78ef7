"""The AWS regions that Bedrock may be in, as botocore knows them."""

from dataclasses import dataclass

from candela_tui.credentials.aws_client import plain_session

_PARTITIONS = ("aws", "aws-us-gov", "aws-eusc")
# Those with Claude; there are no others in China and in the isolated ones.


@dataclass(frozen=True, slots=True)
class Region:
    """One of them."""

    id: str
    title: str
    """Where it is."""


def bedrock_regions() -> list[Region]:
    """Those that there may be, by name. Blocks."""
    session = plain_session()
    partitions = session.get_component("data_loader").load_data("endpoints")["partitions"]
    titles = {
        id: str(of.get("description", ""))
        for partition in partitions
        if partition["partition"] in _PARTITIONS
        for id, of in partition["regions"].items()
    }
    # botocore lists for Bedrock what is in its data; where that has no such service, every region of the partition.
    listed = {id for name in _PARTITIONS for id in session.get_available_regions("bedrock-runtime", name)}
    gov = {id for id in titles if id.startswith("us-gov-")}
    return [Region(id, titles.get(id, "")) for id in sorted(listed | gov)]
