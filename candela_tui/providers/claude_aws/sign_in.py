"""Sign in to Claude Platform on AWS: with an API key of its workspace, or with the sign-in to AWS."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

from candela_tui.config import aws_region, load
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.sign_in.interface import (
    CheckLine,
    Finding,
    Method,
    SignIn,
    SignInContext,
    not_set_up,
    used_first,
)
from candela_tui.credentials.sign_in.keep_setting import keep_setting
from candela_tui.credentials.sign_in.options import Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Prompter, until_right
from candela_tui.credentials.sign_in.stored_key import ask_key, find_key, forget_key, store_key
from candela_tui.providers.bedrock.sign_in.aws import API_KEY_METHOD, FORMS, methods
from candela_tui.providers.bedrock.sign_in.findings import no_region, used_finding
from candela_tui.providers.bedrock.sign_in.finish import chosen_region, nothing_to_forget
from candela_tui.providers.bedrock.sign_in.live_check import whose
from candela_tui.providers.claude_aws.upstreams import KEY_VARIABLE, NO_WORKSPACE, workspace_of
from candela_tui.providers.identity import PROVIDERS, Provider

CONSOLE = "https://platform.claude.com/settings/keys"
_WORKSPACE = re.compile(r"wrkspc_\w+")
_INFO = PROVIDERS[Provider.CLAUDE_AWS]

Run = Callable[[SignInContext, Prompter], Awaitable[Account | None]]


async def _find(context: SignInContext) -> list[Finding]:
    keys = await asyncio.to_thread(_find_keys, context)
    found = used_first(keys) or await used_finding(context, signs=True)
    section = context.settings.claude_aws
    missing = await no_region(context, "claude_aws", section.region)
    if workspace_of(section) is None:
        # Without a workspace they serve only clients that name one.
        missing = "no workspace is set"
        found = [replace(one, usable=False) for one in found]
    return not_set_up(found, missing) if missing else found


def _find_keys(context: SignInContext) -> list[Finding]:
    return find_key(context, Provider.CLAUDE_AWS, context.settings.claude_aws, KEY_VARIABLE)


async def _methods(context: SignInContext) -> list[Method]:
    of_aws = [method for method in await methods(context) if method.id != API_KEY_METHOD]
    settings = context.settings
    workspace: tuple[Option, ...] = () if workspace_of(settings.claude_aws) is not None else ("workspace",)
    region: tuple[Option, ...] = ("region",)
    if settings.claude_aws.region is not None or aws_region(settings.aws) is not None:
        region = ()
    where, asked = f"of the workspace, from {CONSOLE}", (*region, *workspace)
    return [
        Method("key", "API key", where, _with_key, asks=asked, needs=asked, takes_key=True),
        *(
            replace(
                method,
                run=_with_workspace(method.run),
                asks=(*method.asks, *workspace),
                needs=(*method.needs, *workspace),
            )
            for method in of_aws
        ),
    ]


async def _with_key(context: SignInContext, prompter: Prompter) -> Account:
    key = await ask_key(context, Provider.CLAUDE_AWS, prompter, f"one of the workspace at {CONSOLE}")
    settings = await asyncio.to_thread(load, context.config)
    if settings.claude_aws.region is None and aws_region(settings.aws) is None:
        await chosen_region(context, prompter)
    await _choose_workspace(context, prompter)
    return await store_key(context, prompter, Provider.CLAUDE_AWS, key)


def _with_workspace(sign_in: Run) -> Run:
    async def run(context: SignInContext, prompter: Prompter) -> Account | None:
        account = await sign_in(context, prompter)
        try:
            await _choose_workspace(context, prompter)
        except Abandoned:
            await prompter.tell("No workspace is set: `candela config set claude_aws.workspace ID` sets it.")
        return account

    return run


async def _choose_workspace(context: SignInContext, prompter: Prompter) -> None:
    """Ask for the workspace and store it as ``[claude_aws] workspace``, unless one is known."""
    if workspace_of((await asyncio.to_thread(load, context.config)).claude_aws) is not None:
        return
    workspace = await until_right(
        lambda wrong: prompter.ask("Workspace ID", option="workspace", wrong=wrong), _wrong_workspace
    )
    await keep_setting(context, prompter, "claude_aws", "workspace", workspace, os.environ)


def _wrong_workspace(text: str) -> str:
    if _WORKSPACE.fullmatch(text):
        return ""
    return "That is not the ID of a workspace. It begins with wrkspc_, and is in the Claude Console, below Settings."


async def _who(context: SignInContext) -> list[CheckLine]:
    # An API key does not name its owner. The live check shows whether it is valid.
    lines = [] if _find_keys(context) else await whose(context, signs=True)
    if workspace_of((await context.settings_now()).claude_aws) is None:
        fix = "`candela config set claude_aws.workspace ID`"
        return [*lines, CheckLine("bad", NO_WORKSPACE, fix)]
    return lines


async def _forget(context: SignInContext) -> str:
    if context.accounts.of(Provider.CLAUDE_AWS) is not None:
        return await forget_key(context, Provider.CLAUDE_AWS, CONSOLE)
    return nothing_to_forget(_INFO.short_title)


SIGN_IN = SignIn(
    Provider.CLAUDE_AWS,
    _find,
    _methods,
    _who,
    _forget,
    entry=vault_entry(Provider.CLAUDE_AWS),
    forms={**FORMS, "workspace": _wrong_workspace},
)
