"""``candela auth``: sign in to providers, show the state of the sign-ins, and test them."""

import contextlib
import json
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from candela_tui.cli.invocation import Invocation, pass_invocation
from candela_tui.credentials.accounts import Account, Store
from candela_tui.credentials.sign_in.interface import OWN_LOGIN, CheckLine, Method, SignIn, SignInContext
from candela_tui.credentials.sign_in.options import OPTIONS, Option
from candela_tui.providers.identity import PROVIDERS, Provider, route_of
from candela_tui.text.terminal_safe import terminal_safe

if TYPE_CHECKING:
    from candela_tui.cli.terminal.prompter import TerminalPrompter
    from candela_tui.cli.terminal.sign_in_method import Given
    from candela_tui.config import Settings
    from candela_tui.credentials.sign_in.context import SignInSetup
    from candela_tui.credentials.sign_in.live_check import LiveCheck
    from candela_tui.credentials.state import CredentialState
    from candela_tui.providers.survey import Survey

T = TypeVar("T")

_SIGNS = {"ok": "✓", "warn": "!", "bad": "✗"}
_NOT_TESTED = f"{OWN_LOGIN}, and has no key of its own for other clients to test."
_INTERRUPTED = 128 + signal.SIGINT
_MOST_PIPED = 100_000
_BEDROCK_KEYS = ("ABSK", "bedrock-api-key-")
"""How API keys of Bedrock begin, for long and short terms."""


class ProviderChoice(click.Choice[Provider]):
    """A command-line choice of a provider by the name of its sign-in, such as ``gcp``."""

    def __init__(self) -> None:
        super().__init__(tuple(Provider))

    def normalize_choice(self, choice: object, ctx: click.Context | None) -> str:
        """Return the name that users type for a provider."""
        return PROVIDERS[choice].account if isinstance(choice, Provider) else str(choice)


provider_option = click.option("--provider", type=ProviderChoice(), help="The provider.")
send_message_option = click.option(
    "--send-message",
    is_flag=True,
    help="Also send one message of one word to the smallest model, which proves the whole way. It costs $0.001 or less"
    " with Claude Haiku; its price is shown first.",
)


@click.group()
def auth() -> None:
    """Sign in to Anthropic, Google Cloud, AWS and Azure.

    Secrets are stored in the system keyring, or in a file encrypted with a passphrase.

    \b
    Examples:
      candela auth login                               asks for the provider
      candela auth login --provider anthropic --with-key < key.txt
      candela auth status                              shows what was found
      candela auth test                                checks that it works
    """


def _answers(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that answer the questions of a sign-in."""
    for option, (takes, words) in reversed(list(OPTIONS.items())):
        command = click.option(f"--{option}", metavar=takes, help=words)(command)
    return command


@auth.command()
@click.option("--provider", type=ProviderChoice(), help="The provider. Default: asks.")
@click.option("--method", metavar="ID", help="How to sign in. Default: asks.")
@click.option(
    "--with-key",
    is_flag=True,
    help="Read the key from standard input, for every provider that takes one. Without --provider, its form says whose"
    " it is. A secret access key has its session token, if any, on the second line.",
)
@click.option(
    "--store",
    type=click.Choice(get_args(Store)),
    help="Where to store a secret. Default: the keyring, if there is one.",
)
@_answers
@send_message_option
@pass_invocation
def login(
    invocation: Invocation,
    /,
    provider: Provider | None,
    method: str | None,
    with_key: bool,
    store: Store | None,
    send_message: bool,
    **answers: str | None,
) -> None:
    """Sign in to a provider, and check that it works.

    Asks for what no option says. Without a terminal, nothing begins until the options answer every question.

    The check lists the models and counts the tokens of one word, which is free. Exits with 0 if the provider accepts
    the credentials.

    \b
    Examples:
      candela auth login --provider aws --profile work
      candela auth login --provider aws --start-url URL --account ID --role NAME --region NAME
      candela auth login --provider gcp --key-file key.json --project ID --region global
      candela auth login --provider foundry --resource NAME --with-key < key.txt
    """
    from candela_tui.cli.terminal.sign_in_method import Given

    said = {option: value for option in OPTIONS if (value := answers[option.replace("-", "_")])}
    raise SystemExit(_run(_login(invocation, provider, Given(method, said, with_key), store, send_message)))


async def _login(
    invocation: Invocation, provider: Provider | None, given: "Given", store: Store | None, send_message: bool
) -> int:
    from candela_tui.cli.terminal.sign_in_method import Existing, chosen_method

    secrets = _piped() if given.with_key else None
    prompter = _terminal_prompter(given.answers, secrets)
    if provider is None:
        provider = _owner_of(secrets[0]) if secrets else await _which(prompter)
    sign_in = _sign_in_to(provider)
    context = await _sign_in_setup(invocation).context(prompter, store)
    chosen = await chosen_method(sign_in, context, prompter, given)
    if chosen is Existing.OWN_LOGIN:
        return 0
    account = None
    if isinstance(chosen, Method):
        if chosen.stores and not prompter.interactive:
            # Nothing is asked of a provider if its secret could not be stored.
            await context.vault()
        account = await chosen.run(context, prompter)
    if account is not None:
        await prompter.tell(f"{account.label} is stored in {account.place}.")
    # Reload the settings: the sign-in may have set the project or region.
    settings = invocation.settings()
    lines = await _checked(invocation, settings, context, [sign_in], told=True, send_message=send_message)
    click.echo(_ending(provider, settings, account, lines[provider]))
    return _code(lines[provider])


def _ending(provider: Provider, settings: "Settings", account: Account | None, lines: Sequence[CheckLine]) -> str:
    """Return what to run next, or whether what does not work was stored nevertheless."""
    from candela_tui.credentials.sign_in.next_step import default_command, is_default, kept_words, start_command

    if _code(lines):
        words = kept_words(account, lines) if account is not None else "That does not work yet."
        return f"{words} `candela auth test --provider {PROVIDERS[provider].account}` checks it again."
    start = f"Start Claude Code with `{start_command(provider, settings)}`."
    if is_default(provider, settings):
        return start
    return f"{start} To leave out --route, make it the default: `{default_command(provider)}`."


def _piped() -> list[str]:
    """Return the secrets that were piped in, one a line."""
    if sys.stdin.isatty():
        raise click.UsageError("--with-key reads the key from a pipe: candela auth login --with-key < FILE")
    lines = sys.stdin.buffer.read(_MOST_PIPED).decode("ascii", "replace").splitlines()
    secrets = [line.strip() for line in lines if line.strip()]
    if not secrets:
        raise click.ClickException("--with-key: standard input is empty, so there is no key.")
    return secrets


def _owner_of(key: str) -> Provider:
    """Return whose API key this is, by its form. Raises UsageError if it has none that is known."""
    if key.startswith(_BEDROCK_KEYS):
        return Provider.BEDROCK
    if key.startswith("sk-ant-"):
        return Provider.ANTHROPIC
    raise click.UsageError(
        "--with-key: the key begins neither with sk-ant- (Anthropic) nor with ABSK (Bedrock). Say whose it is with"
        f" --provider: {_provider_names()}."
    )


def _provider_names() -> str:
    return ", ".join(PROVIDERS[provider].account for provider in Provider)


def _terminal_prompter(
    answers: Mapping[Option, str] | None = None, secrets: Sequence[str] | None = None
) -> "TerminalPrompter":
    from candela_tui.cli.terminal.prompter import TerminalPrompter

    otherwise = (
        "Run it in a terminal, or give the answers as options: `candela auth login --help` lists them. --with-key "
        "reads a key from a pipe. CANDELA_PASSPHRASE opens the encrypted file."
        if secrets is None
        else "Nothing more is read from standard input; for the encrypted file set CANDELA_PASSPHRASE."
    )
    return TerminalPrompter(otherwise, answers=answers, secrets=secrets)


async def _which(prompter: "TerminalPrompter") -> Provider:
    from candela_tui.credentials.sign_in.prompter import Choice

    if not prompter.interactive:
        raise click.UsageError(f"There is no terminal to ask on. Add --provider: {_provider_names()}.")
    choices = [Choice(provider, info.title) for provider, info in PROVIDERS.items()]
    return Provider((await prompter.choose("Sign in to", choices)).id)


@auth.command()
@provider_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def status(invocation: Invocation, provider: Provider | None, as_json: bool) -> None:
    """Show each provider's credentials as the next request would find them, and when they expire.

    Does not contact a provider; `candela auth test` does. Exits with 0 if requests to a provider have credentials,
    otherwise with 1.
    """
    found = surveys(invocation, (provider,) if provider else tuple(Provider))
    if as_json:
        click.echo(json.dumps({"providers": [_document(one) for one in found]}, indent=2))
    else:
        click.echo("\n".join(line for one in found for line in _status_lines(one)))
    raise SystemExit(0 if any(one.standing.ready for one in found) else 1)


def surveys(invocation: Invocation, providers: Sequence[Provider] = tuple(Provider)) -> "list[Survey]":
    """Look for the credentials of providers on this machine, and ask a running candela for their state."""
    return _run(_survey(invocation, providers))


async def _survey(invocation: Invocation, providers: Sequence[Provider]) -> "list[Survey]":
    import asyncio

    from candela_tui.providers.survey import survey

    context = await _sign_in_setup(invocation).context(_terminal_prompter())
    return await survey(context, providers, await asyncio.to_thread(_states, invocation, context.settings))


def _states(invocation: Invocation, settings: "Settings") -> "tuple[CredentialState, ...] | None":
    """Return the credential states of the running candela, or None if it is not running or can't be asked."""
    from candela_tui.cli.process.check_proxy import client_of, own_candela
    from candela_tui.store.errors import StoreError

    running = own_candela(invocation, settings)
    try:
        return client_of(running, invocation).credentials() if running is not None else None
    except StoreError:
        return None


def _status_lines(one: "Survey") -> list[str]:
    from candela_tui.credentials.state import SIGNS, Standing, needs_sign_in
    from candela_tui.text.times import local_time

    state = one.state
    until = f" until {local_time(state.until)}" if state.until is not None else ""
    nothing_to_do = ": nothing to do" if state.standing is Standing.CLIENT else ""
    lines = [f"{SIGNS[state.standing]} {one.sign_in.title}: {state.standing.value}{until}{nothing_to_do}"]
    told = any(state.words in found.detail for found in one.findings)
    if one.seen is not None and one.seen.words and state.words == one.seen.words and not told:
        lines.append(f"    {terminal_safe(state.words)}")
    for found in one.findings:
        unused = "; not used" if found.usable and found.standing is None else ""
        words = terminal_safe(f"{found.source}: {found.detail}{unused}")
        lines.append(f"    {SIGNS[found.standing or Standing.NONE]} {words}")
    if needs_sign_in(state):
        lines.append(f"    candela auth login --provider {PROVIDERS[one.sign_in.provider].account}")
    return lines


def _document(one: "Survey") -> dict[str, Any]:
    state = one.state
    return {
        "provider": PROVIDERS[one.sign_in.provider].account,
        "standing": state.standing.value,
        "until": state.until.isoformat().replace("+00:00", "Z") if state.until else None,
        "words": state.words,
        "found": [{"source": found.source, "detail": found.detail, "usable": found.usable} for found in one.findings],
    }


@auth.command()
@provider_option
@send_message_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def test(invocation: Invocation, provider: Provider | None, send_message: bool, as_json: bool) -> None:
    """Test the credentials through the proxy: whose they are, and whether the provider accepts them.

    The test lists the models and counts the tokens of one word, as Claude Code does. Both are free.

    Without --provider, test every provider that has credentials of its own, and that of the default route. Uses the
    running candela, or else starts a proxy for the test. Exits with 0 if everything works, otherwise with 1.
    """
    lines = _run(_test(invocation, provider, told=not as_json, send_message=send_message))
    if as_json:
        found = {
            PROVIDERS[provider].account: [{"state": o.state, "words": o.words, "fix": o.fix} for o in some]
            for provider, some in lines.items()
        }
        click.echo(json.dumps({"providers": found}, indent=2))
    elif not lines:
        click.echo("There are no credentials to test. Sign in with `candela auth login`.", err=True)
    raise SystemExit(max((_code(some) for some in lines.values()), default=1))


async def _test(
    invocation: Invocation, provider: Provider | None, *, told: bool, send_message: bool
) -> dict[Provider, list[CheckLine]]:
    import asyncio

    from candela_tui.providers.survey import in_use, survey

    context = await _sign_in_setup(invocation).context(_terminal_prompter())
    providers = (provider,) if provider is not None else tuple(Provider)
    found = await survey(context, providers, await asyncio.to_thread(_states, invocation, context.settings))
    lines = {one.sign_in.provider: [CheckLine("ok", _NOT_TESTED)] for one in found if one.of_client_only}
    if told:
        for one in lines:
            click.echo(f"{PROVIDERS[one].title}:\n  {_SIGNS['ok']} {_NOT_TESTED}")
    if provider is not None:
        sign_ins = [one.sign_in for one in found]
    else:
        sign_ins = in_use(found, route_of(context.settings.proxy.default_route).provider)
    sign_ins = [one for one in sign_ins if one.provider not in lines]
    return lines | await _checked(invocation, context.settings, context, sign_ins, told=told, send_message=send_message)


async def _checked(
    invocation: Invocation,
    settings: "Settings",
    context: SignInContext,
    sign_ins: Sequence[SignIn],
    *,
    told: bool,
    send_message: bool,
) -> dict[Provider, list[CheckLine]]:
    """Check the credentials of each provider and return the results. With ``told``, also print each one at once."""
    from candela_tui.cli.process.check_proxy import proxy_for_check
    from candela_tui.credentials.sign_in.live_check import LiveCheck

    lines: dict[Provider, list[CheckLine]] = {}
    causes: dict[str, str] = {}
    """The title of the provider for which a problem was printed first. Places that share credentials share it."""
    if not sign_ins:
        return lines
    await _open_file(invocation, context, sign_ins)
    with proxy_for_check(invocation, settings) as address:
        for sign_in in sign_ins:
            if told:
                click.echo(f"{sign_in.title}:")
            found = lines[sign_in.provider] = []
            live = LiveCheck(address, sign_in.provider, context.token_file)
            async for line in live.lines(await sign_in.who(context)):
                found.append(line)
                if told:
                    _print(line, causes, sign_in.title)
            if send_message and not _code(found):
                if told:
                    click.echo(f"  Sending one word to {live.model}, {await _most_for_message(settings, live)}.")
                found.append(await live.message())
                if told:
                    _print(found[-1], causes, sign_in.title)
    return lines


async def _most_for_message(settings: "Settings", live: "LiveCheck") -> str:
    import asyncio

    from candela_tui.analysis.live_check_price import most_for_message

    return await asyncio.to_thread(most_for_message, settings.pricing, live.provider, live.model)


async def _open_file(invocation: Invocation, context: SignInContext, sign_ins: Sequence[SignIn]) -> None:
    """Open the encrypted file if the check needs it, also for the running candela: ask for its passphrase if it is
    unknown."""
    from candela_tui.credentials.vault.choice import known_passphrase
    from candela_tui.credentials.vault.errors import VaultError

    accounts = [context.accounts.of(sign_in.provider) for sign_in in sign_ins]
    account = next((one for one in accounts if one is not None and one.store == "file"), None)
    if account is None:
        return
    if known_passphrase(invocation.paths.vault) is not None:
        # The check says what the running candela makes of it.
        with contextlib.suppress(VaultError):
            await context.opened(account)
    elif _terminal_prompter().interactive:
        await context.opened(account)


def _print(line: CheckLine, causes: dict[str, str], title: str) -> None:
    """Print a result. A problem that another provider has, too, is printed once."""
    before = causes.setdefault(line.words, title) if line.state != "ok" else title
    if before != title:
        click.echo(f"  {_SIGNS[line.state]} the same as for {before}")
        return
    click.echo(f"  {_SIGNS[line.state]} {terminal_safe(line.words)}")
    if line.fix:
        click.echo(f"    → {terminal_safe(line.fix)}")


def _code(lines: Sequence[CheckLine]) -> int:
    return int(any(line.state == "bad" for line in lines))


@auth.command()
@provider_option
@click.option("--all", "every", is_flag=True, help="Sign out of all providers.")
@pass_invocation
def logout(invocation: Invocation, provider: Provider | None, every: bool) -> None:
    """Sign out: delete candela's own secrets. Credentials of other programs stay, and are listed."""
    if every and provider:
        raise click.UsageError("Give either --provider or --all.")
    providers = tuple(Provider) if every else (provider,) if provider else None
    _run(_logout(invocation, providers, every=every))


async def _logout(invocation: Invocation, providers: Sequence[Provider] | None, *, every: bool) -> None:
    from candela_tui.credentials.sign_in.secret_storage import SecretStorage
    from candela_tui.credentials.sign_in.sign_out import set_aside_if_damaged, sign_out

    prompter = _terminal_prompter()
    context = await _sign_in_setup(invocation).context(prompter)
    if every:
        await set_aside_if_damaged(context.accounts, prompter)
    if providers is None:
        signed_in = [provider for provider in Provider if context.accounts.of(provider) is not None]
        if not signed_in:
            raise click.ClickException(
                "candela is not signed in to any provider. --provider NAME shows which other credentials it uses, --all"
                " looks for secrets that an earlier sign-in left."
            )
        if len(signed_in) > 1:
            names = " and ".join(PROVIDERS[provider].account for provider in signed_in)
            raise click.UsageError(f"candela is signed in to {names}: add --provider or --all.")
        providers = signed_in
    storage = SecretStorage(invocation.paths.vault, prompter)
    await sign_out(context, storage, prompter, [_sign_in_to(provider) for provider in providers])
    if every:
        for origin in context.accounts.servers():
            await prompter.tell(f"You are still signed in to {origin}: `candela logout {origin}` ends that.")


@auth.command()
@pass_invocation
def unlock(invocation: Invocation) -> None:
    """Unlock the encrypted file of secrets for the running candela, until it stops.

    Takes the passphrase from CANDELA_PASSPHRASE, from a pipe, or asks for it. A candela that starts with
    CANDELA_PASSPHRASE set does not need this.
    """
    paths = invocation.paths
    if not paths.vault.exists():
        raise click.ClickException("There is no encrypted file. candela's secrets, if any, are in the keyring.")
    from candela_tui.cli.process.check_proxy import client_of, own_candela

    running = own_candela(invocation, invocation.settings())
    if running is None:
        raise click.ClickException(
            "No candela is running with this data directory. Start one (`candela start`) and unlock it then, or start "
            "it with CANDELA_PASSPHRASE set."
        )
    _run(_unlock(paths.vault, client_of(running, invocation).unlock))
    click.echo(f"The candela on port {running.port} can read {paths.vault} until it stops.")


async def _unlock(file: Path, tell: Callable[[str], None]) -> None:
    """Find out the passphrase, and give it to the running candela, which reads the file with it. Raises VaultError."""
    import asyncio

    from candela_tui.credentials.sign_in.secret_storage import SecretStorage
    from candela_tui.credentials.vault.choice import known_passphrase

    prompter = _terminal_prompter()
    if known_passphrase(file) is None and not sys.stdin.isatty():
        piped = sys.stdin.buffer.readline(_MOST_PIPED).decode("utf-8", "replace").rstrip("\r\n")
        prompter = _terminal_prompter(secrets=[piped] if piped else None)
    await SecretStorage(file, prompter, store="file").vault()
    passphrase = known_passphrase(file)
    assert passphrase is not None
    await asyncio.to_thread(tell, passphrase)


def _sign_in_setup(invocation: Invocation) -> "SignInSetup":
    from candela_tui.credentials.sign_in.context import SignInSetup

    def tell_passphrase(passphrase: str) -> None:
        from candela_tui.cli.process.check_proxy import client_of, own_candela

        running = own_candela(invocation, invocation.settings())
        if running is not None:
            client_of(running, invocation).unlock(passphrase)

    return SignInSetup(invocation.paths, tell_passphrase)


def _sign_in_to(provider: Provider) -> SignIn:
    from candela_tui.providers.registry import sign_in_to

    return sign_in_to(provider)


def _run(conversation: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result. Exits with an error message if it fails or the user cancels."""
    import asyncio

    from candela_tui.config import ConfigError
    from candela_tui.credentials.errors import CredentialsError
    from candela_tui.credentials.sign_in.prompter import Abandoned
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
