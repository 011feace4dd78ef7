"""The checks of Foundry for ``candela doctor``."""

from candela_tui.credentials.api_key import key_in
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.providers.foundry.upstreams import KEY_VARIABLE, destination
from candela_tui.providers.identity import Provider
from candela_tui.providers.package import Checks, Client, Machine, sign_in_fix

_ROLE = "Give the account the role Foundry User or Cognitive Services User at the resource."


def _in_use(machine: Machine) -> bool:
    foundry, environ = machine.settings.foundry, machine.environ
    named = foundry.base_url or foundry.resource or foundry.key_command or environ.get("ANTHROPIC_FOUNDRY_RESOURCE")
    return bool(named) or key_in(KEY_VARIABLE, environ) is not None


async def _endpoint(machine: Machine) -> str:
    return f"{destination(machine.settings, machine.environ).rstrip('/')}/v1/messages"


async def _access(machine: Machine, client: Client) -> CheckLine:
    """Check that there is a deployment named like the model, and that it can count the tokens of a word."""
    try:
        base_url = destination(machine.settings, machine.environ)
    except ValueError as error:
        return CheckLine("bad", str(error), "Set it: `candela config set foundry.resource NAME`.")
    model = await client.model()
    counted = await client.count(model)
    if counted.error is None:
        return CheckLine("ok", f"the deployment {model} counts tokens at {base_url}")
    if counted.status == 404:
        words = f"there is no deployment named {model} at {base_url}: {counted.error.message}"
        return CheckLine("warn", words, "Set ANTHROPIC_MODEL to the name of a deployment.")
    forbidden = counted.status == 403 or b"PermissionDenied" in counted.body
    fix = _ROLE if forbidden else sign_in_fix(Provider.FOUNDRY, counted)
    return CheckLine("bad", f"{model}: {counted.error.message}", fix)


CHECKS = Checks(_in_use, _endpoint, _access)
