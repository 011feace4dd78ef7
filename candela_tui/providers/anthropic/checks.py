"""The checks of Anthropic for ``candela doctor``."""

import asyncio

from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.providers.identity import Provider
from candela_tui.providers.package import Checks, Client, Machine, sign_in_fix


def _in_use(_machine: Machine) -> bool:
    # Anthropic is Claude Code's default provider.
    return True


async def _endpoint(machine: Machine) -> str:
    return f"{machine.settings.anthropic.base_url.rstrip('/')}/v1/messages"


async def _access(machine: Machine, client: Client) -> CheckLine:
    """Check that candela's own key, if it has one, can list the models."""
    if not await asyncio.to_thread(_has_own_key, machine):
        return CheckLine("ok", "candela has no key of its own to try")
    listed = await client.models()
    if listed.error:
        if listed.status == 401 and machine.settings.anthropic.key_command is not None:
            fix = "Correct key_command under [anthropic] in config.toml."
        else:
            fix = sign_in_fix(Provider.ANTHROPIC, listed)
        return CheckLine("bad", f"candela's own key: {listed.error.message}", fix)
    return CheckLine("ok", f"candela's own key is valid ({listed.listed} models)")


def _has_own_key(machine: Machine) -> bool:
    if machine.settings.anthropic.key_command is not None:
        return True
    try:
        return Accounts(machine.paths.accounts).of(Provider.ANTHROPIC) is not None
    except CredentialsError:
        return False


CHECKS = Checks(_in_use, _endpoint, _access)
