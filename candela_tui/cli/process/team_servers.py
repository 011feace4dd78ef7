"""The candelas of teams that the user signed in to: their addresses, certificates and tokens."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import cache
from ssl import SSLContext
from typing import Any, TypeVar

import click

from candela_tui.attach.device_sign_in import DeviceSignIn
from candela_tui.attach.kept_tokens import KeptTokens
from candela_tui.attach.team_server import Address, BadAddress, TeamServer
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.terminal.prompter import TerminalPrompter
from candela_tui.config import Settings
from candela_tui.credentials.accounts import Accounts, Store
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.sign_in.prompter import Abandoned
from candela_tui.credentials.sign_in.secret_storage import SecretStorage
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.network.tls import tls_context

T = TypeVar("T")


def address_of(url: str) -> Address:
    """Return the address that a user typed. Exits with an error if no token may be sent to it."""
    try:
        return Address.of(url)
    except BadAddress as error:
        raise click.UsageError(str(error)) from None


def trusted(settings: Settings) -> Callable[[], SSLContext]:
    """Return what reads, once, the certificates that are trusted, as for providers. It raises OSError."""
    return cache(lambda: tls_context(settings.proxy))


def storage(invocation: Invocation, prompter: TerminalPrompter, store: Store | None = None) -> SecretStorage:
    """Return what opens the keyring or the encrypted file."""
    return SecretStorage(invocation.paths.vault, prompter, store=store)


def asked(conversation: Coroutine[Any, Any, T]) -> T:
    """Run what may ask the user. Exits with an error if that fails or the user gives up."""
    try:
        return asyncio.run(conversation)
    except Abandoned:
        raise click.ClickException("Given up: nothing was changed.") from None
    except (CredentialsError, VaultError) as error:
        raise click.ClickException(str(error)) from None


def signed_in_to(invocation: Invocation, settings: Settings, address: Address) -> TeamServer:
    """Return the server that the user signed in to. Exits with an error if they did not."""
    origin, context = address.origin, trusted(settings)
    try:
        account = Accounts(invocation.paths.accounts).of_server(origin)
    except CredentialsError as error:
        raise click.ClickException(str(error)) from None
    if account is None:
        raise click.ClickException(f"You are not signed in to {origin}: `candela login {origin}`.")
    prompter = TerminalPrompter("CANDELA_PASSPHRASE opens the encrypted file of secrets.")
    vault = asked(storage(invocation, prompter).opened(account))
    return TeamServer(address, context, KeptTokens(origin, vault, DeviceSignIn(address, context)))
