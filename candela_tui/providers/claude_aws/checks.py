"""The checks of Claude Platform on AWS for ``candela doctor``."""

from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.providers.bedrock.region_checks import misspelt_region, no_region, region_in_use, region_to_reach
from candela_tui.providers.claude_aws.upstreams import KEY_VARIABLE, NO_WORKSPACE, endpoint_url, workspace_of
from candela_tui.providers.identity import Provider
from candela_tui.providers.package import Checks, Client, Machine, check_by_count

_VARIABLES = (KEY_VARIABLE, "ANTHROPIC_AWS_BASE_URL", "CLAUDE_CODE_USE_ANTHROPIC_AWS")


def _in_use(machine: Machine) -> bool:
    settings, environ = machine.settings.claude_aws, machine.environ
    if settings.base_url or settings.key_command or workspace_of(settings, environ):
        return True
    return any(environ.get(name) for name in _VARIABLES)


async def _endpoint(machine: Machine) -> str:
    settings = machine.settings.claude_aws
    base_url = endpoint_url(settings, settings.region or await region_to_reach(machine))
    return f"{base_url.rstrip('/')}/v1/messages"


async def _access(machine: Machine, client: Client) -> CheckLine:
    """Check that region and workspace are known, and that the model can count the tokens of a word."""
    if workspace_of(machine.settings.claude_aws, machine.environ) is None:
        return CheckLine("bad", NO_WORKSPACE, "Set it: `candela config set claude_aws.workspace wrkspc_…`.")
    if machine.settings.claude_aws.region is None and await region_in_use(machine) is None:
        return no_region("claude_aws")
    return await check_by_count(Provider.CLAUDE_AWS, client)


async def _misspelt(machine: Machine) -> CheckLine | None:
    settings = machine.settings.claude_aws
    return None if settings.base_url else await misspelt_region(machine, "claude_aws", settings.region)


CHECKS = Checks(_in_use, _endpoint, _access, misspelt=_misspelt)
