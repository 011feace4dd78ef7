"""Find the AWS region that is in use, and say if none is known or its name is misspelt."""

import asyncio
from collections.abc import Iterator
from difflib import get_close_matches

from candela_tui.config import Settings, origin_of, standing_in
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.providers.bedrock.credentials.aws import AwsCredentials
from candela_tui.providers.bedrock.credentials.client import plain_session
from candela_tui.providers.package import Machine

_ANY_REGION = "us-east-1"
"""The region used to check whether AWS can be reached if none is set."""


async def region_to_reach(machine: Machine) -> str:
    """Return the region in which to check whether AWS can be reached, which is any if none is known."""
    return await region_in_use(machine) or _ANY_REGION


async def region_in_use(machine: Machine) -> str | None:
    """Return the region that candela uses for Bedrock, even if only a profile names it, without using the network.

    None if no region is known or the profile can't be read."""
    accounts, vault = Accounts(machine.paths.accounts), machine.paths.vault
    credentials = AwsCredentials(machine.settings.aws, machine.environ, accounts=accounts, vault_file=vault)
    try:
        return await credentials.region()
    except CredentialsError:
        return None
    finally:
        await credentials.close()


def no_region(section: str) -> CheckLine:
    """Return the check's result if no region is known for the service of a section of config.toml."""
    settings = "[aws]" if section == "aws" else f"[{section}] or [aws]"
    return CheckLine(
        "bad",
        f"no AWS region is known: not by {settings} region, AWS_REGION, nor a profile",
        f"Set it: `candela config set {section}.region {_ANY_REGION}`.",
    )


async def misspelt_region(machine: Machine, section: str = "aws", own: str | None = None) -> CheckLine | None:
    """Return what is wrong with a region that AWS's SDK does not know, or None.

    ``own`` is the region in the service's ``section`` of config.toml, if any. A region that is newer than the SDK is
    not known to it, either, so this explains an error but does not foresee one."""
    region = own or await region_in_use(machine)
    unknown = await asyncio.to_thread(unknown_region, region) if region is not None else None
    if unknown is None:
        return None
    words, near = unknown
    return CheckLine("bad", words, _correction(machine, section if own else "aws", near or _ANY_REGION))


def unknown_regions(settings: Settings) -> Iterator[str]:
    """Yield a line for each region that is set and that AWS's SDK does not know; it may be newer. Blocks."""
    places = (
        ("aws", settings.aws.region, settings.aws.base_url),
        ("mantle", settings.mantle.region, settings.mantle.base_url),
        ("claude_aws", settings.claude_aws.region, settings.claude_aws.base_url),
    )
    for section, region, base_url in places:
        # An endpoint of one's own may have regions of its own.
        if region is not None and base_url is None and (unknown := unknown_region(region)) is not None:
            yield f"{section}.region: {unknown[0]}"


def unknown_region(region: str) -> tuple[str, str | None] | None:
    """Return that AWS's SDK does not know a region, and the nearest one if any. None if it knows the region. Blocks."""
    known = _known_regions()
    if region in known:
        return None
    near = _nearest(region, known)
    return f"AWS has no region {region}" + (f"; did you mean {near}?" if near else ""), near


def _correction(machine: Machine, section: str, region: str) -> str:
    if (variable := origin_of((section, "region"), {}, machine.environ).variable) is not None:
        return f"Correct {variable} in this shell."
    if section != "aws" or machine.settings.aws.region:
        return f"Correct it: `candela config set {section}.region {region}`."
    if (named := standing_in(("aws", "region"), machine.environ)) is not None:
        return f"Correct {named[0]} in this shell."
    return "Correct the region of the AWS profile in ~/.aws/config."


def _nearest(region: str, known: list[str]) -> str | None:
    close = get_close_matches(region, known, 5)
    # Two letters in the wrong order leave us-esat-1 as close to us-west-1 as to us-east-1.
    return next((one for one in close if sorted(one) == sorted(region)), next(iter(close), None))


def _known_regions() -> list[str]:
    partitions = plain_session().get_component("data_loader").load_data("endpoints")["partitions"]
    return [region for partition in partitions for region in partition["regions"]]
