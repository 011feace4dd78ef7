"""``candela login`` and ``logout``: sign in to the candela of a team, for its dashboard."""

from typing import get_args

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.credentials.accounts import Store
from candela_tui.text.terminal_safe import terminal_safe


@click.command()
@click.argument("server", metavar="URL")
@click.option(
    "--store",
    type=click.Choice(get_args(Store)),
    help="Where to store the sign-in. Default: the keyring, if there is one.",
)
@pass_invocation
def login(invocation: Invocation, server: str, store: Store | None) -> None:
    """Sign in to the candela of a team with the identity of your company.

    Shows a code and the page to enter it on, and waits. `candela attach URL` then opens the dashboard of what you may
    see there. To sign in to a provider, use `candela auth login`.

    \b
    Example:
      candela login https://candela.example
    """
    from datetime import UTC, datetime

    from candela_tui.attach.device_sign_in import DeviceSignIn
    from candela_tui.attach.errors import Unavailable
    from candela_tui.attach.kept_tokens import encoded, entry_of
    from candela_tui.cli.process.team_servers import address_of, asked, storage, trusted
    from candela_tui.cli.terminal.prompter import TerminalPrompter
    from candela_tui.credentials.accounts import Account, Accounts
    from candela_tui.credentials.errors import CredentialsError
    from candela_tui.credentials.vault.errors import VaultError

    address = address_of(server)
    settings = invocation.settings()
    invocation.data_directory()
    prompter = TerminalPrompter("Set CANDELA_PASSPHRASE, and add --store file.")
    accounts = Accounts(invocation.paths.accounts)
    # Nothing is asked of the server if its tokens could not be stored.
    kind, vault = asked(storage(invocation, prompter, store).vault())
    sign_in = DeviceSignIn(address, trusted(settings))
    try:
        begun = sign_in.begin()
        asked(prompter.show_link(begun.page, begun.user_code))
        click.echo("Waiting for you to sign in there. Ctrl+C gives up.")
        tokens = sign_in.wait(begun)
        before = accounts.of_server(address.origin)
        vault.write(entry_of(address.origin), encoded(tokens))
        accounts.put_server(address.origin, Account(kind, vault.place, tokens.email, datetime.now(UTC)))
        if before is not None and before.store != kind:
            asked(storage(invocation, prompter).opened(before)).remove(entry_of(address.origin))
    except KeyboardInterrupt:
        click.echo("\nGiven up.", err=True)
        raise SystemExit(130) from None
    except (Unavailable, CredentialsError, VaultError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Signed in as {terminal_safe(tokens.email)}; the sign-in is stored in {vault.place}.")
    click.echo(f"`candela attach {address.origin}` opens the dashboard.")


@click.command()
@click.argument("server", metavar="URL")
@pass_invocation
def logout(invocation: Invocation, server: str) -> None:
    """Sign out of the candela of a team: end the sign-in there, and delete it here."""
    from candela_tui.attach.device_sign_in import DeviceSignIn
    from candela_tui.attach.errors import NotSignedIn, Unavailable
    from candela_tui.attach.kept_tokens import entry_of, read_tokens
    from candela_tui.cli.process.team_servers import address_of, asked, storage, trusted
    from candela_tui.cli.terminal.prompter import TerminalPrompter
    from candela_tui.credentials.accounts import Accounts
    from candela_tui.credentials.errors import CredentialsError
    from candela_tui.credentials.vault.errors import VaultError

    address = address_of(server)
    origin, settings, accounts = address.origin, invocation.settings(), Accounts(invocation.paths.accounts)
    prompter = TerminalPrompter("CANDELA_PASSPHRASE opens the encrypted file of secrets.")
    try:
        account = accounts.of_server(origin)
        if account is None:
            click.echo(f"You are not signed in to {origin}.", err=True)
            return
        vault = asked(storage(invocation, prompter).opened(account))
        try:
            DeviceSignIn(address, trusted(settings)).end(read_tokens(origin, vault))
        except NotSignedIn:
            pass
        except Unavailable as error:
            click.echo(f"{error} The sign-in ends there by itself.", err=True)
        vault.remove(entry_of(origin))
        accounts.remove_server(origin)
    except (CredentialsError, VaultError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Signed out of {origin}.")
