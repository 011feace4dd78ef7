"""Sign in to Foundry: with an API key, or with the credentials of Microsoft Entra ID that are on this machine."""

import asyncio
import os
from dataclasses import replace
from typing import Final

from candela_tui.config import load
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.api_key import key_in, vault_entry
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.interface import (
    CheckLine,
    Finding,
    Method,
    SignIn,
    SignInContext,
    used_first,
)
from candela_tui.credentials.sign_in.keep_setting import keep_setting
from candela_tui.credentials.sign_in.options import Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Prompter, until_right
from candela_tui.credentials.sign_in.stored_key import ask_key, find_key, forget_key, store_key
from candela_tui.credentials.state import Standing
from candela_tui.providers.foundry.endpoint import foundry_endpoint, is_resource, resource_in
from candela_tui.providers.foundry.entra import entra_token, has_library, missing_library
from candela_tui.providers.foundry.findings import entra_findings
from candela_tui.providers.foundry.upstreams import KEY_VARIABLE
from candela_tui.providers.identity import Provider

CONSOLE: Final = "https://ai.azure.com"


async def _find(context: SignInContext) -> list[Finding]:
    keys = await asyncio.to_thread(_keys, context)
    try:
        foundry_endpoint(context.settings.foundry)
    except ValueError as error:
        # Without a resource nothing can be used. Most users who have Azure credentials have none with Claude.
        missing = [Finding("resource", str(error), False, Standing.NONE)] if keys else []
        return [*missing, *(replace(one, usable=False) for one in keys)]
    return used_first([*keys, *await asyncio.to_thread(entra_findings)])


def _keys(context: SignInContext) -> list[Finding]:
    return find_key(context, Provider.FOUNDRY, context.settings.foundry, KEY_VARIABLE)


async def _methods(context: SignInContext) -> list[Method]:
    settings = context.settings.foundry
    asks: tuple[Option, ...] = () if settings.base_url is not None else ("resource",)
    needs = asks if settings.resource is None else ()
    where = f"from the details of your deployment at {CONSOLE}"
    entra = "of `az login`, a service principal or a managed identity"
    return [
        Method("key", "API key", where, _with_key, asks=asks, needs=needs, takes_key=True),
        Method("entra", "Microsoft Entra ID", entra, _with_entra, asks=asks, needs=needs, stores=False),
    ]


async def _with_key(context: SignInContext, prompter: Prompter) -> Account:
    await _choose_resource(context, prompter)
    where = f"it from the details of your deployment at {CONSOLE}"
    key = await ask_key(context, Provider.FOUNDRY, prompter, where)
    return await store_key(context, prompter, Provider.FOUNDRY, key)


async def _with_entra(context: SignInContext, prompter: Prompter) -> None:
    if not has_library():
        raise CredentialsError(missing_library())
    token = await asyncio.to_thread(entra_token)
    await prompter.tell(f"Microsoft Entra ID signed {token.account or 'you'} in.")
    try:
        await _choose_resource(context, prompter)
    except Abandoned:
        await prompter.tell("The resource is as it was: `candela config set foundry.resource NAME` sets it.")
    if context.accounts.of(Provider.FOUNDRY) is not None:
        # The stored key would take precedence.
        await prompter.tell(await _forget(context))
    if key_in(KEY_VARIABLE):
        await prompter.tell(f"{KEY_VARIABLE} is set in this environment and takes precedence: unset it.")


async def _choose_resource(context: SignInContext, prompter: Prompter) -> None:
    """Ask for the resource and store it, unless a whole URL is set in its place."""
    settings = (await asyncio.to_thread(load, context.config)).foundry
    if settings.base_url is not None:
        return
    question, known = "Name of the Foundry resource", settings.resource or ""
    typed = resource_in(
        await until_right(
            lambda wrong: prompter.ask(question, option="resource", default=known, wrong=wrong), _wrong_resource
        )
    )
    if typed != settings.resource:
        await keep_setting(context, prompter, "foundry", "resource", typed, os.environ)


def _wrong_resource(text: str) -> str:
    if is_resource(resource_in(text)):
        return ""
    return (
        f"That is not the name of a resource. It is the first part of your endpoint at {CONSOLE}, such as my-resource "
        "in https://my-resource.services.ai.azure.com."
    )


async def _who(context: SignInContext) -> list[CheckLine]:
    """Check which resource is used, and whose the credentials are. A key does not name its owner."""
    settings = (await context.settings_now()).foundry
    try:
        lines = [CheckLine("ok", f"sending to {foundry_endpoint(settings)}")]
    except ValueError as error:
        return [CheckLine("bad", str(error), "`candela config set foundry.resource NAME`")]
    if any(one.usable for one in await asyncio.to_thread(_keys, context)):
        return lines
    try:
        token = await asyncio.to_thread(entra_token)
    except CredentialsError as error:
        return [*lines, CheckLine("bad", str(error))]
    return [*lines, CheckLine("ok", f"signed in to Microsoft Entra ID as {token.account or 'an unnamed account'}")]


async def _forget(context: SignInContext) -> str:
    removed = await forget_key(context, Provider.FOUNDRY, CONSOLE)
    others = [one.source for one in await asyncio.to_thread(entra_findings) if one.usable]
    return f"{removed} {others[0]} is used from now on." if others else removed


SIGN_IN = SignIn(
    Provider.FOUNDRY,
    _find,
    _methods,
    _who,
    _forget,
    entry=vault_entry(Provider.FOUNDRY),
    forms={"resource": _wrong_resource},
)
