"""The checks of Bedrock for ``candela doctor``."""

from candela_tui.config import aws_profile, aws_region
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.network.header_fields import ACCEPT_FIELD
from candela_tui.protocol.clouds.model_ids import bedrock_id, has_profile
from candela_tui.protocol.clouds.regions import NoProfile, bedrock_prefix
from candela_tui.providers.bedrock.access import bedrock_endpoint, profiles
from candela_tui.providers.bedrock.region_checks import misspelt_region, no_region, region_in_use, region_to_reach
from candela_tui.providers.identity import Provider
from candela_tui.providers.package import Checks, Client, Machine, sign_in_fix

_KEYS = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE")


def _in_use(machine: Machine) -> bool:
    aws, environ = machine.settings.aws, machine.environ
    if aws.base_url or aws_profile(aws, environ) or any(environ.get(name) for name in _KEYS):
        return True
    return aws_region(aws, environ) is not None and (machine.home / ".aws").is_dir()


async def _endpoint(machine: Machine) -> str:
    return f"{bedrock_endpoint(await region_to_reach(machine), machine.settings.aws.base_url).rstrip('/')}/model"


async def _access(_machine: Machine, client: Client) -> CheckLine:
    """Check that the models and inference profiles can be listed and that a model can count the tokens of a word."""
    model = await client.model()
    listed, counted = await client.models(), await client.count(model)
    if counted.error and listed.error is None and ACCEPT_FIELD in counted.error.message:
        said = counted.error.message.partition(" A client that sends")[0]
        words = f"this account may use {listed.listed} models and inference profiles, but not count tokens: {said}"
        fix = (
            "Without it, Claude Code estimates. The credentials need access to bedrock-mantle in a region that has it."
        )
        return CheckLine("warn", words, fix)
    if counted.error:
        return CheckLine("bad", f"{model}: {counted.error.message}", sign_in_fix(Provider.BEDROCK, counted))
    if listed.error:
        return CheckLine("warn", f"{model} counts tokens, but the list of models can't be had: {listed.error.message}")
    return CheckLine("ok", f"{model} counts tokens; this account may use {listed.listed} models and inference profiles")


async def _model(machine: Machine, model: str) -> CheckLine:
    region = await region_in_use(machine)
    names = {name: own.bedrock for name, own in machine.settings.models.items() if own.bedrock}
    if region is None:
        return no_region("aws")
    prefix, auto = profiles(machine.settings.aws, region)
    try:
        id = bedrock_id(model, prefix, names, region=auto)
    except NoProfile as error:
        fix = f"Choose a region that has it: `candela config set aws.region {error.example}`."
        return CheckLine("bad", error.what, fix)
    if id in names.values() or has_profile(id):
        anywhere = auto is not None and id.startswith("global.") and bedrock_prefix(region) != "global"
        which = ": it has no nearer profile, so requests may be processed anywhere" if anywhere else ""
        return CheckLine("ok", f"{model} is {id} on Bedrock in {region}{which}")
    return CheckLine(
        "bad",
        f"{model} has no inference profile {id} that is known in {region}",
        "Set aws.region to one that has it, aws.inference_profile, or the whole id: "
        f"`candela config set 'models.\"{model}\".bedrock' ID`.",
    )


async def _misspelt(machine: Machine) -> CheckLine | None:
    return None if machine.settings.aws.base_url else await misspelt_region(machine)


CHECKS = Checks(_in_use, _endpoint, _access, _model, _misspelt)
