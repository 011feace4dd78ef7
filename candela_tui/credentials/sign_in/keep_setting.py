"""Store a setting that a sign-in asked for, such as a project."""

import asyncio
import os
from collections.abc import Mapping

from candela_tui.config import ConfigError, change_setting, toml_value
from candela_tui.config.check import from_environment
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.sign_in.prompter import Prompter


async def keep_setting(
    context: SignInContext,
    prompter: Prompter,
    section: str,
    name: str,
    value: str,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Store the setting in config.toml and say so. Tell the user about a variable that overrides it."""
    if await write_setting(context, prompter, section, name, value):
        await prompter.tell(f"[{section}] {name} = {value} is in {context.config}.")
    for variable, set_, _ in from_environment(environ):
        if set_ == (section, name):
            await prompter.tell(f"{variable} is set and takes precedence: unset it.")


async def write_setting(context: SignInContext, prompter: Prompter, section: str, name: str, value: str | None) -> bool:
    """Set a setting in config.toml, or remove it if the value is None, and return whether that worked.

    If the file can't be changed, tell the user what to change: the sign-in itself is not lost for that."""
    try:
        await asyncio.to_thread(change_setting, context.config, (section, name), value)
    except ConfigError as error:
        by_hand = (
            f"Remove the line {name} = … below [{section}]: it goes before this sign-in."
            if value is None
            else f"Add this line below [{section}] in {context.config}: {name} = {toml_value(value)}"
        )
        await prompter.tell(f"{error}. The sign-in continues. {by_hand}")
        return False
    return True
