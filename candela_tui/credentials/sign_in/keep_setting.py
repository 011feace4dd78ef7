"""Store a setting that a sign-in asked for, such as a project."""

import asyncio
from collections.abc import Mapping

from candela_tui.config import change_setting
from candela_tui.config.check import from_environment
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter


async def keep_setting(
    context: SignInContext, prompter: Prompter, section: str, name: str, value: str, environ: Mapping[str, str]
) -> None:
    """Store the setting in config.toml, and tell the user about a variable that overrides it. Raises ConfigError."""
    key = (section, name)
    await asyncio.to_thread(change_setting, context.config, key, value)
    await prompter.tell(f"[{section}] {name} = {value} is in {context.config}.")
    for variable, (set_, _) in from_environment(environ).items():
        if set_ == key:
            await prompter.tell(f"{variable} is set and wins over it: unset it.")
