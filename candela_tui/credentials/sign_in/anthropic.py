"""Signing in to Anthropic with an API key."""

import asyncio
import contextlib
import os
import ssl
from datetime import UTC, datetime

import aiohttp

from candela_tui.credentials.accounts import Account
from candela_tui.credentials.anthropic import ENTRY, NAME, is_key
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.credentials.sign_in.provider import CheckLine, Desk, Finding, Method, Provider
from candela_tui.credentials.sign_in.talk import Talk
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.network_errors import described
from candela_tui.protocol.errors import error_from_body

CONSOLE = "https://platform.claude.com/settings/keys"
_PATIENCE = aiohttp.ClientTimeout(total=20)
_MOST_BYTES = 64 * 1024
_VARIABLES = ("ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY")


async def _find(desk: Desk) -> list[Finding]:
    found = []
    if desk.settings.anthropic.key_command:
        found.append(Finding("[anthropic] key_command", "a command of yours prints the key", True))
    try:
        account = desk.accounts.of(NAME)
    except CredentialsError as error:
        found.append(Finding("candela's own sign-in", str(error), False))
    else:
        if account is not None:
            found.append(Finding(account.place, f"{account.label}, since {account.since:%Y-%m-%d}", True))
    for name in _VARIABLES:
        value = os.environ.get(name)
        if value and value != PLACEHOLDER:
            found.append(Finding(name, "Claude Code sends it itself, and it passes untouched", True))
    return found


async def _methods(_desk: Desk) -> list[Method]:
    return [Method("key", "API key", f"from {CONSOLE}", _with_key)]


async def _with_key(desk: Desk, talk: Talk) -> Account:
    # A file that can't be read is told before a secret is typed and kept.
    before = desk.accounts.of(NAME)
    key = await talk.ask("API key", secret=True)
    if not is_key(key):
        raise CredentialsError(f"that is no API key: copy one from {CONSOLE}, it begins with sk-ant-")
    if key.startswith("sk-ant-oat"):
        raise CredentialsError(
            "that is a token of a Claude subscription, which only Claude Code itself may use: sign in there with "
            "/login; candela passes it on untouched"
        )
    await _require_valid(desk, talk, key)
    store, vault = await desk.vault()
    await asyncio.to_thread(vault.write, ENTRY, key)
    account = Account(store, vault.place, f"API key …{key[-4:]}" if len(key) > 24 else "API key", datetime.now(UTC))
    try:
        desk.accounts.put(NAME, account)
    except CredentialsError:
        if before is None:
            # Nobody would use it, or know of it.
            with contextlib.suppress(VaultError):
                await asyncio.to_thread(vault.remove, ENTRY)
        raise
    return account


async def _require_valid(desk: Desk, talk: Talk, key: str) -> None:
    """Ask for the list of models with it, which costs nothing. Raises CredentialsError where Anthropic refuses it."""
    url = f"{desk.settings.anthropic.base_url}/v1/models?limit=1"
    fields = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    try:
        async with (
            aiohttp.ClientSession(timeout=_PATIENCE, trust_env=True) as session,
            session.get(url, headers=fields, ssl=_tls(desk), allow_redirects=False) as answer,
        ):
            status, body = answer.status, await answer.content.read(_MOST_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        await talk.tell(f"Anthropic could not be asked whether the key is valid: {described(error)}")
        return
    if status in (401, 403):
        said = error_from_body(status, body).message
        raise CredentialsError(f"Anthropic refuses this API key: {said}. Copy one from {CONSOLE}; nothing was kept.")


def _tls(desk: Desk) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if desk.settings.proxy.ca_bundle is not None:
        context.load_verify_locations(cafile=desk.settings.proxy.ca_bundle)
    return context


async def _who(_desk: Desk) -> list[CheckLine]:
    # An API key names nobody; the list of models, which the live check asks for, tells whether it is valid.
    return []


async def _forget(desk: Desk) -> str:
    account = desk.accounts.of(NAME)
    if account is None:
        return "candela has no Anthropic API key."
    try:
        vault = await desk.opened(account)
        await asyncio.to_thread(vault.remove, ENTRY)
    except VaultError as error:
        desk.accounts.remove(NAME)
        return f"The Anthropic API key is used no longer, but it is still in {account.place}: {error}"
    desk.accounts.remove(NAME)
    return f"The Anthropic API key is gone from {account.place}. It is still valid until you revoke it at {CONSOLE}."


PROVIDER = Provider("anthropic", "Anthropic", _find, _methods, _who, _forget)
