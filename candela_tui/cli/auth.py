"""``candela auth``: sign in to providers, see how the sign-ins stand, and try them."""

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.credentials.accounts import Store
from candela_tui.credentials.sign_in.provider import CheckLine, Desk, Method, Provider, ProviderName
from candela_tui.credentials.sign_in.registry import NAMES

if TYPE_CHECKING:
    from candela_tui.cli.terminal_talk import TerminalTalk
    from candela_tui.config import Settings
    from candela_tui.credentials.sign_in.office import Office
    from candela_tui.credentials.sign_in.survey import Survey

T = TypeVar("T")

_SIGNS = {"ok": "✓", "warn": "!", "bad": "✗"}
_EXISTING = "existing"
_INTERRUPTED = 128 + signal.SIGINT
_MOST_PIPED = 100_000

provider_option = click.option("--provider", type=click.Choice(NAMES), help="Which provider.")


@click.group()
def auth() -> None:
    """Sign in to Anthropic, Google Cloud (Vertex AI) and AWS (Bedrock).

    Secrets are kept in the keyring of this machine, or in a file under a passphrase.

    \b
    Examples:
      candela auth login                               asks which
      candela auth login --provider anthropic --with-key < key.txt
      candela auth status                              what is there
      candela auth test                                whether it works
    """


@auth.command()
@click.option("--provider", type=click.Choice(NAMES), help="Default: asks; gcp where there is no terminal.")
@click.option("--method", metavar="ID", help="How to sign in. Default: asks.")
@click.option("--with-key", is_flag=True, help="Read an Anthropic API key from standard input.")
@click.option(
    "--store",
    type=click.Choice(get_args(Store)),
    help="Where to keep a secret. Default: the keyring where there is one.",
)
@pass_invocation
def login(
    invocation: Invocation, provider: ProviderName | None, method: str | None, with_key: bool, store: Store | None
) -> None:
    """Sign in to a provider, and check that it works.

    Exits with 0 if the provider answers with these credentials.
    """
    if with_key and provider not in (None, "anthropic"):
        raise click.UsageError("--with-key is for --provider anthropic: the others take no key from a pipe.")
    raise SystemExit(_run(_login(invocation, "anthropic" if with_key else provider, method, with_key, store)))


async def _login(
    invocation: Invocation, name: ProviderName | None, method: str | None, with_key: bool, store: Store | None
) -> int:
    talk = _piped() if with_key else _terminal_talk()
    if name is None:
        name = await _which(talk) if talk.interactive else "gcp"
    provider = _provider(name)
    desk = await _office(invocation).desk(talk, store)
    chosen = await _method(provider, desk, talk, "key" if with_key and method is None else method)
    if chosen is not None:
        account = await chosen.run(desk, talk)
        kept = f" It is kept in {account.place}." if account is not None else ""
        await talk.tell(f"Signed in to {provider.title}{f': {account.label}.' if account is not None else '.'}{kept}")
    # What was signed in to may have set the project or the region.
    lines = await _checked(invocation, invocation.settings(), desk, [provider], told=True)
    return _code(lines[name])


def _piped() -> "TerminalTalk":
    from candela_tui.cli.terminal_talk import PipedKey

    if sys.stdin.isatty():
        raise click.UsageError("--with-key reads the key from a pipe: candela auth login --with-key < FILE")
    key = sys.stdin.buffer.read(_MOST_PIPED).decode("ascii", "replace").strip()
    if not key:
        raise click.ClickException("--with-key: standard input is empty, and so there is no key.")
    return PipedKey(key)


def _terminal_talk() -> "TerminalTalk":
    from candela_tui.cli.terminal_talk import TerminalTalk

    return TerminalTalk(
        "Run it in a terminal, or say it all: --provider, --method, --store; --with-key reads a key from a pipe, and "
        "CANDELA_PASSPHRASE opens the encrypted file."
    )


async def _which(talk: "TerminalTalk") -> ProviderName:
    from candela_tui.credentials.sign_in.talk import Choice

    choices = [Choice(name, _provider(name).title) for name in NAMES]
    return cast("ProviderName", (await talk.choose("Sign in to", choices)).id)


async def _method(provider: Provider, desk: Desk, talk: "TerminalTalk", wanted: str | None) -> Method | None:
    """The way to sign in; None: what was found is to be used."""
    from candela_tui.credentials.sign_in.talk import Choice

    methods = await provider.methods(desk)
    if wanted is not None:
        found = next((method for method in methods if method.id == wanted), None)
        if found is None:
            known = ", ".join(method.id for method in methods) or "none"
            raise click.UsageError(
                f"{provider.title} has no way {wanted!r} to sign in on this machine; there is {known}."
            )
        return found
    findings = await provider.find(desk)
    usable = next((finding for finding in findings if finding.usable), None)
    if usable is not None:
        words = "\n".join(f"  {'✓' if one.usable else '○'} {one.source}: {one.detail}" for one in findings)
        await talk.tell(f"Found already:\n{words}")
        if not talk.interactive:
            return None
    if not methods:
        raise click.ClickException(f"There is no way to sign in to {provider.title} on this machine.")
    choices = [Choice(method.id, method.title, method.about) for method in methods]
    if usable is not None:
        choices.append(Choice(_EXISTING, "Not at all", "use what was found"))
    if len(choices) == 1 or not talk.interactive:
        await talk.tell(f"Signing in to {provider.title}: {methods[0].title}")
        return methods[0]
    chosen = await talk.choose("How do you want to sign in?", choices)
    return next((method for method in methods if method.id == chosen.id), None)


@auth.command()
@provider_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def status(invocation: Invocation, provider: ProviderName | None, as_json: bool) -> None:
    """Say how each provider's credentials stand: what was found, and until when it holds.

    Asks no provider: `candela auth test` does. Exits with 0 if there is something to use, and 1 if there is nothing.
    """
    surveys = _run(_survey(invocation, (provider,) if provider else NAMES))
    if as_json:
        click.echo(json.dumps({"providers": [_document(one) for one in surveys]}, indent=2))
    else:
        click.echo("\n".join(line for one in surveys for line in _status_lines(one)))
    raise SystemExit(0 if any(one.usable for one in surveys) else 1)


async def _survey(invocation: Invocation, names: Sequence[ProviderName]) -> "list[Survey]":
    from candela_tui.credentials.sign_in.survey import survey

    desk = await _office(invocation).desk(_terminal_talk())
    return await survey(desk, names, await asyncio.to_thread(_states, invocation, desk.settings))


def _states(invocation: Invocation, settings: "Settings") -> tuple[Any, ...]:
    """What the candela that runs knows of the credentials that it used."""
    from candela_tui.cli.check_proxy import client_of, own_candela
    from candela_tui.store.errors import StoreError

    running = own_candela(invocation, settings)
    try:
        return client_of(running, invocation).credentials() if running is not None else ()
    except StoreError:
        return ()


def _status_lines(one: "Survey") -> list[str]:
    from candela_tui.cli.tables import local_time
    from candela_tui.credentials.state import SIGNS
    from candela_tui.ui.plain import plain

    until = f" until {local_time(one.state.until)}" if one.state is not None and one.state.until is not None else ""
    lines = [f"{SIGNS[one.standing]} {one.provider.title}: {one.standing.value}{until}"]
    if one.state is not None and one.state.words:
        lines.append(f"    {plain(one.state.words)}")
    lines += [
        f"    {'✓' if found.usable else '○'} {plain(found.source)}: {plain(found.detail)}" for found in one.findings
    ]
    if not one.usable:
        lines.append(f"    candela auth login --provider {one.provider.name}")
    return lines


def _document(one: "Survey") -> dict[str, Any]:
    until = one.state.until if one.state is not None else None
    return {
        "provider": one.provider.name,
        "standing": one.standing.value,
        "until": until.isoformat().replace("+00:00", "Z") if until else None,
        "words": one.words,
        "found": [{"source": found.source, "detail": found.detail, "usable": found.usable} for found in one.findings],
    }


@auth.command()
@provider_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def test(invocation: Invocation, provider: ProviderName | None, as_json: bool) -> None:
    """Try the credentials: whose they are, and whether models answer, through the proxy as Claude Code goes.

    Without --provider, each that has credentials. Through the candela that runs, else through a proxy started for it.
    Exits with 0 if everything answers, and 1 if something does not.
    """
    lines = _run(_test(invocation, provider, told=not as_json))
    if as_json:
        found = {
            name: [{"state": o.state, "words": o.words, "fix": o.fix} for o in some] for name, some in lines.items()
        }
        click.echo(json.dumps({"providers": found}, indent=2))
    elif not lines:
        click.echo("There are no credentials to try. Sign in with `candela auth login`.", err=True)
    raise SystemExit(max((_code(some) for some in lines.values()), default=1))


async def _test(
    invocation: Invocation, name: ProviderName | None, *, told: bool
) -> dict[ProviderName, list[CheckLine]]:
    from candela_tui.credentials.sign_in.survey import survey

    desk = await _office(invocation).desk(_terminal_talk())
    named = [name] if name is not None else None
    surveys = await survey(desk, named or NAMES)
    providers = [one.provider for one in surveys if named or one.usable]
    return await _checked(invocation, desk.settings, desk, providers, told=told)


async def _checked(
    invocation: Invocation, settings: "Settings", desk: Desk, providers: Sequence[Provider], *, told: bool
) -> dict[ProviderName, list[CheckLine]]:
    """What each provider says of its credentials; printed as it comes where it is to be ``told``."""
    from candela_tui.cli.check_proxy import proxy_for_check
    from candela_tui.credentials.sign_in.live import check

    lines: dict[ProviderName, list[CheckLine]] = {}
    if not providers:
        return lines
    await _open_file(invocation, desk, providers)
    with proxy_for_check(invocation, settings) as address:
        for provider in providers:
            if told:
                click.echo(f"{provider.title}:")
            found = lines[provider.name] = []
            for line in await provider.who(desk):
                _add(line, found, told)
            async for line in check(address, provider.name):
                _add(line, found, told)
    return lines


async def _open_file(invocation: Invocation, desk: Desk, providers: Sequence[Provider]) -> None:
    """Ask for the passphrase that the check is going to need."""
    from candela_tui.credentials.vault.choice import known_passphrase

    accounts = [desk.accounts.of(provider.name) for provider in providers]
    account = next((one for one in accounts if one is not None and one.store == "file"), None)
    if account is not None and known_passphrase(invocation.paths.vault) is None and _terminal_talk().interactive:
        await desk.opened(account)


def _add(line: CheckLine, to: list[CheckLine], told: bool) -> None:
    from candela_tui.ui.plain import plain

    to.append(line)
    if told:
        click.echo(f"  {_SIGNS[line.state]} {plain(line.words)}")
        if line.fix:
            click.echo(f"    → {plain(line.fix)}")


def _code(lines: Sequence[CheckLine]) -> int:
    return int(any(line.state == "bad" for line in lines))


@auth.command()
@provider_option
@click.option("--all", "every", is_flag=True, help="All providers.")
@pass_invocation
def logout(invocation: Invocation, provider: ProviderName | None, every: bool) -> None:
    """Sign out: take candela's own secrets away. What belongs to other programs stays, and is named."""
    if every and provider:
        raise click.UsageError("Either --provider or --all.")
    names = NAMES if every else (provider,) if provider else None
    _run(_logout(invocation, names))


async def _logout(invocation: Invocation, names: Sequence[ProviderName] | None) -> None:
    talk = _terminal_talk()
    desk = await _office(invocation).desk(talk)
    if names is None:
        signed_in = [name for name in NAMES if desk.accounts.of(name) is not None]
        if not signed_in:
            raise click.ClickException("candela is signed in nowhere. --provider says what else is used, and by whom.")
        if len(signed_in) > 1:
            raise click.UsageError(f"candela is signed in to {' and '.join(signed_in)}: add --provider or --all.")
        names = signed_in
    for name in names:
        await talk.tell(await _provider(name).forget(desk))


@auth.command()
@pass_invocation
def unlock(invocation: Invocation) -> None:
    """Open the encrypted file of secrets for the candela that runs, until that ends.

    A candela that starts with CANDELA_PASSPHRASE set needs no unlocking.
    """
    paths = invocation.paths
    if not paths.vault.exists():
        raise click.ClickException("There is no encrypted file: the keyring, or nothing, has candela's secrets.")
    from candela_tui.cli.check_proxy import client_of, own_candela

    running = own_candela(invocation, invocation.settings())
    if running is None:
        raise click.ClickException(
            "No candela runs with this data directory. Start one (`candela start`), and unlock it then; or start it "
            "with CANDELA_PASSPHRASE set."
        )
    _run(_unlock(invocation, client_of(running, invocation).unlock))
    click.echo(f"The candela on port {running.port} can read {paths.vault} until it ends.")


async def _unlock(invocation: Invocation, tell: Any) -> None:
    from candela_tui.credentials.sign_in.keeping import Keeping

    await Keeping(invocation.paths.vault, _terminal_talk(), store="file", tell_passphrase=tell).vault()


def _office(invocation: Invocation) -> "Office":
    from candela_tui.credentials.sign_in.office import Office

    def tell_passphrase(passphrase: str) -> None:
        from candela_tui.cli.check_proxy import client_of, own_candela

        running = own_candela(invocation, invocation.settings())
        if running is not None:
            client_of(running, invocation).unlock(passphrase)

    return Office(invocation.paths, tell_passphrase)


def _provider(name: ProviderName) -> Provider:
    from candela_tui.credentials.sign_in import registry

    return registry.provider(name)


def _run(conversation: Coroutine[Any, Any, T]) -> T:
    """Have it. Ends the command with words where it fails or is given up."""
    from candela_tui.config import ConfigError
    from candela_tui.credentials.errors import CredentialsError
    from candela_tui.credentials.sign_in.talk import Abandoned
    from candela_tui.credentials.vault.errors import VaultError

    try:
        return asyncio.run(conversation)
    except KeyboardInterrupt:
        click.echo("\nGiven up.", err=True)
        raise SystemExit(_INTERRUPTED) from None
    except click.ClickException:
        raise
    except Abandoned:
        raise click.ClickException("Given up: nothing was kept.") from None
    except (CredentialsError, VaultError, ConfigError) as error:
        raise click.ClickException(str(error)) from None
