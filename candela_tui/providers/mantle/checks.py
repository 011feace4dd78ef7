"""The checks of Bedrock's endpoint for the Messages API for ``candela doctor``."""

from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.protocol.clouds.regions import MANTLE_REGIONS
from candela_tui.providers.bedrock.region_checks import misspelt_region, no_region, region_in_use, region_to_reach
from candela_tui.providers.identity import PROVIDERS, Provider
from candela_tui.providers.mantle.upstreams import endpoint_url, is_runtime
from candela_tui.providers.package import Checks, Client, Machine, check_by_count

_PREFIX = PROVIDERS[Provider.MANTLE].model_prefix
_VARIABLES = ("CLAUDE_CODE_USE_MANTLE", "ANTHROPIC_BEDROCK_MANTLE_BASE_URL")


def _in_use(machine: Machine) -> bool:
    mantle = machine.settings.mantle
    return bool(mantle.base_url or mantle.region or any(machine.environ.get(name) for name in _VARIABLES))


async def _endpoint(machine: Machine) -> str:
    settings = machine.settings.mantle
    base_url = endpoint_url(settings, settings.region or await region_to_reach(machine))
    return f"{base_url.rstrip('/')}/v1/messages"


async def _access(machine: Machine, client: Client) -> CheckLine:
    """Check that the model can count the tokens of a word."""
    if is_runtime(machine.settings.mantle):
        return CheckLine("ok", "bedrock-runtime counts no tokens: only a request shows whether a model answers")
    return await check_by_count(Provider.MANTLE, client)


async def _model(machine: Machine, model: str) -> CheckLine:
    mantle = machine.settings.mantle
    region = mantle.region or await region_in_use(machine)
    if region is None:
        return no_region("mantle")
    if mantle.base_url is None and region not in MANTLE_REGIONS:
        fix = "Set one that has it: `candela config set mantle.region us-east-1`."
        return CheckLine("bad", f"bedrock-mantle is not known to be in {region}", fix)
    if not is_runtime(mantle) and not model.startswith(_PREFIX):
        return CheckLine("warn", f"{model} is not a name of bedrock-mantle: those begin with {_PREFIX}")
    return CheckLine("ok", f"{model} on Bedrock's Messages endpoint in {region}")


async def _misspelt(machine: Machine) -> CheckLine | None:
    settings = machine.settings.mantle
    return None if settings.base_url else await misspelt_region(machine, "mantle", settings.region)


CHECKS = Checks(_in_use, _endpoint, _access, _model, _misspelt)
