"""Handlers for the credentials of providers: how they stand, and opening the encrypted file of secrets."""

import asyncio

from aiohttp import web

from candela_tui import wire
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.credentials.vault.choice import unlock
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.credentials.vault.readable import standing_of_vault
from candela_tui.providers.identity import Provider
from candela_tui.proxy.local_api.refusal import Refused
from candela_tui.proxy.local_api.route import Body, Call, document
from candela_tui.proxy.local_api.services import Services

PASSPHRASE = Body(wire.Unlock, 'a passphrase as {"passphrase": "…"}')


async def list_credentials(call: Call) -> web.StreamResponse:
    """Answer with the states of credentials as the next request finds them: those in the file may be locked."""
    services = call.services
    known = {state.provider: state for state in services.whole_feed.credentials}
    in_file = _in_file(services)
    wrong = await standing_of_vault("file", services.vault_file) if in_file else None
    if wrong is not None and wrong[0] is Standing.LOCKED:
        known |= {provider: CredentialState(provider, Standing.LOCKED, words=wrong[1]) for provider in in_file}
    return document(wire.encode([wire.Credentials.of(state) for state in known.values()]))


async def unlock_secrets(call: Call) -> web.StreamResponse:
    """Take the passphrase of the encrypted file, and keep it until this process exits."""
    services = call.services
    try:
        await asyncio.to_thread(unlock, services.vault_file, call.message.passphrase)
    except VaultError as error:
        raise Refused(403, str(error)) from None
    for provider in _in_file(services):
        state = next((one for one in services.whole_feed.credentials if one.provider is provider), None)
        if state is None or state.standing is Standing.LOCKED:
            services.whole_feed.tell_credentials(CredentialState(provider, Standing.NONE))
    return document(wire.encode(wire.Done()))


def _in_file(services: Services) -> list[Provider]:
    """Return the providers whose secrets are in the encrypted file."""
    try:
        accounts = services.accounts.all()
    except CredentialsError:
        return []
    return [provider for provider, account in accounts.items() if account.store == "file"]
