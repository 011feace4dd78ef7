"""Sign in to Anthropic with an API key."""

import asyncio

from candela_tui.claude_code.own_login import HELPER, KEY, TOKEN, has_login, helper_file, variable
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.api_key import vault_entry
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.credentials.sign_in.interface import CheckLine, Finding, Method, SignIn, SignInContext, used_first
from candela_tui.credentials.sign_in.prompter import Prompter, waiting_for
from candela_tui.credentials.sign_in.stored_key import ask_key, find_key, forget_key, store_key
from candela_tui.credentials.state import Standing
from candela_tui.network.origins import Origins
from candela_tui.network.provider_client import ProviderClient
from candela_tui.protocol.errors import error_from_body, is_messages_error
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.identity import Provider
from candela_tui.providers.model_list import OWN_FIELDS
from candela_tui.providers.upstream import Attempt, ProviderRequest

CONSOLE = "https://platform.claude.com/settings/keys"
_LIMIT_S = 20.0
_OWN = Standing.CLIENT


async def _find(context: SignInContext) -> list[Finding]:
    return await asyncio.to_thread(_found, context)


def _found(context: SignInContext) -> list[Finding]:
    """Return the credentials in order of precedence for Claude Code, which is started with a placeholder if candela has
    a key: that goes before its login, but not before a key of its own."""
    own = find_key(context, Provider.ANTHROPIC, context.settings.anthropic)
    return [*_sent_keys(), *used_first(own), *_logins()]


def _sent_keys() -> list[Finding]:
    sent = [name for name in (TOKEN, KEY) if variable(name) not in ("", PLACEHOLDER)]
    keys = [Finding(name, "Claude Code sends it itself, and it passes untouched", True, _OWN) for name in sent]
    if (file := helper_file()) is not None:
        keys.append(Finding(HELPER, f"Claude Code sends the key that it prints ({file})", True, _OWN))
    return keys


def _logins() -> list[Finding]:
    return (
        [Finding("Claude Code", "is logged in (/login), and its login passes untouched", True, _OWN)]
        if has_login()
        else []
    )


async def _methods(_context: SignInContext) -> list[Method]:
    return [Method("key", "API key", f"from {CONSOLE}", _with_key, takes_key=True)]


async def _with_key(context: SignInContext, prompter: Prompter) -> Account:
    where = f"one from {CONSOLE}, it begins with sk-ant-"
    key = await ask_key(context, Provider.ANTHROPIC, prompter, where, _wrong_kind)
    await prompter.tell(waiting_for("Anthropic", _LIMIT_S))
    await _require_not_refused(context, key)
    return await store_key(context, prompter, Provider.ANTHROPIC, key)


def _wrong_kind(key: str) -> str:
    """Return why a credential of another kind can't be used, by its form."""
    if key.startswith(("sk-ant-oat", "sk-ant-ort")):
        return (
            "That is a token of a Claude subscription, which only Claude Code itself may use. There is nothing to do: "
            "sign in there with /login, and candela passes it on untouched"
        )
    if key.startswith("sk-ant-admin"):
        return f"That is an admin key, which no model accepts: copy an API key from {CONSOLE}"
    return ""


async def _require_not_refused(context: SignInContext, key: str) -> None:
    """Request the list of models, which is free of charge. Raises CredentialsError if Anthropic refuses the key.

    A key about which Anthropic says nothing is stored all the same, because the network may be the reason. The live
    check that follows says so."""
    url = f"{context.settings.anthropic.base_url}/v1/models?limit=1"
    request = ProviderRequest("GET", url, [*OWN_FIELDS, ("x-api-key", key), ("anthropic-version", "2023-06-01")], b"")
    try:
        client = ProviderClient(context.settings.proxy)
    except OSError as unreadable:
        raise CredentialsError(str(unreadable)) from None
    async with client:
        try:
            async with asyncio.timeout(_LIMIT_S):
                attempts = Attempts(client, Origins(context.settings.proxy.port))
                reply = await attempts.fetch(Attempt(request=request, own_credentials=True))
        except TimeoutError:
            return
    if reply.status in (401, 403) and is_messages_error(reply.body):
        said = error_from_body(reply.status, reply.body).message
        raise CredentialsError(f"Anthropic refuses this API key: {said}. Copy one from {CONSOLE}; nothing was kept.")


async def _who(_context: SignInContext) -> list[CheckLine]:
    # An API key does not name its owner. Whether it is valid is shown by the live check, which lists the models.
    return []


async def _forget(context: SignInContext) -> str:
    return await forget_key(context, Provider.ANTHROPIC, CONSOLE)


SIGN_IN = SignIn(Provider.ANTHROPIC, _find, _methods, _who, _forget, entry=vault_entry(Provider.ANTHROPIC))
