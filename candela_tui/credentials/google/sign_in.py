"""Sign in to Google Cloud. The services of Google that run Claude share one sign-in.

candela's own sign-in takes precedence over application default credentials, because the user chose it explicitly.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.account import account_of, projects_of, revoke
from candela_tui.credentials.google.adc import VARIABLE
from candela_tui.credentials.google.choose_project import PlaceOffer
from candela_tui.credentials.google.findings import findings, names_project
from candela_tui.credentials.google.gcloud import COMMAND, Sayings, gcloud_program, log_in
from candela_tui.credentials.google.oauth import Client, Consent, Endpoints, Grant, refusal
from candela_tui.credentials.google.token import ENTRY, GoogleToken, adc_token, entry_token, login_to
from candela_tui.credentials.google.tokens import SIGN_IN
from candela_tui.credentials.sign_in.browser import browser_command
from candela_tui.credentials.sign_in.interface import CheckLine, Finding, Method, SignIn, SignInContext, not_set_up
from candela_tui.credentials.sign_in.options import Forms, Option
from candela_tui.credentials.sign_in.prompter import Abandoned, Prompter, waiting_for
from candela_tui.credentials.sign_in.redirect import Redirect, RedirectServer, WrongAnswer, code_in
from candela_tui.credentials.sign_in.store_secret import store_secret
from candela_tui.credentials.vault.errors import VaultError
from candela_tui.providers.identity import Provider

CLIENTS: Final = "https://console.cloud.google.com/auth/clients"
_CONNECTIONS: Final = "https://myaccount.google.com/connections"
_NO_CLIENT: Final = (
    f"candela has no OAuth client of its own to sign in with: create one at {CLIENTS} (type Desktop app), then "
    "`candela config set vertex.oauth_client_id ID` and `candela config set vertex.oauth_client_secret SECRET`. "
    f"Or sign in with gcloud: `{COMMAND}`."
)
REDIRECT: Final = Redirect("Google", "--method paste", refusal)
_BROWSER_LIMIT_S: Final = 300.0
_CALL_LIMIT_S: Final = 60.0
_LARGEST_KEY: Final = 64 * 1024

T = TypeVar("T")


class Place(Protocol):
    """Where in Google Cloud a service is used: a project, and a region or a workspace."""

    @property
    def options(self) -> tuple[Option, ...]:
        """The options that name the place."""

    @property
    def forms(self) -> Forms:
        """The forms of their values."""

    async def choose(self, context: SignInContext, prompter: Prompter, offer: PlaceOffer) -> None:
        """Ask for the place and store it in config.toml."""

    def check(self, settings: Settings, token: GoogleToken, environ: Mapping[str, str]) -> tuple[str | None, CheckLine]:
        """Return the project that is used, and a line that says which place is used or what is missing."""

    def missing(self, settings: Settings, environ: Mapping[str, str], *, project: bool) -> str:
        """Return a text that says what the settings and the environment do not name; empty if nothing is missing.

        ``project`` is whether the credentials may name the project."""


class GoogleSignIn:
    """The sign-in to Google with all its methods, for one provider."""

    def __init__(
        self,
        provider: Provider,
        place: Place,
        endpoints: Endpoints = Endpoints(),  # noqa: B008 - frozen
        environ: Mapping[str, str] = os.environ,
        *,
        browser_limit_s: float = _BROWSER_LIMIT_S,
    ) -> None:
        """``browser_limit_s`` is how many seconds the browser may take to come back."""
        self._provider = provider
        self._login = login_to(provider)
        self._place = place
        self._endpoints = endpoints
        self._environ = environ
        self._browser_limit_s = browser_limit_s

    def sign_in(self) -> SignIn:
        """Return the sign-in in the form that all providers offer."""
        entry = ENTRY if self._provider is SIGN_IN else None
        return SignIn(
            self._provider, self.find, self.methods, self.who, self.forget, entry=entry, forms=self._place.forms
        )

    async def find(self, context: SignInContext) -> list[Finding]:
        """Find existing Google credentials, best first."""
        found = await findings(context.accounts, self._environ)
        own = any(one.account is not None for one in found)
        named = own or await asyncio.to_thread(names_project, self._environ)
        missing = self._place.missing(context.settings, self._environ, project=named)
        return not_set_up(found, missing) if missing else found

    async def methods(self, context: SignInContext) -> list[Method]:
        """Return the sign-in methods, best first: those that need no further setup, with this machine's browser if it
        has one."""
        has_client = context.settings.vertex.oauth_client_id is not None
        here = browser_command(self._environ) is not None
        needs = "" if has_client else "; needs [vertex] oauth_client_id"
        asks = self._place.options
        about = f"runs `{COMMAND}`, which keeps it in a file of its own"
        # Without a browser here, gcloud asks for the code that its page shows.
        gcloud = Method("gcloud", "gcloud", about, self._gcloud, asks=asks, stores=False, by_hand=not here)
        about = f"on this machine; candela keeps it in the vault{needs}"
        browser = Method("browser", "Browser", about, self._browser, asks=asks)
        about = f"a browser on another machine; kept in the vault{needs}"
        paste = Method("paste", "Link and code", about, self._paste, asks=asks, by_hand=True)
        about = "its key, from a JSON file, into the vault"
        key = Method(
            "service-account",
            "Service account",
            about,
            self._key_file,
            asks=("key-file", *asks),
            needs=("key-file",),
        )
        links = [browser, paste] if here else [paste, browser]
        by_gcloud = [gcloud] if gcloud_program(self._environ) else []
        return [*links, *by_gcloud, key] if has_client else [*by_gcloud, key, *links]

    async def who(self, context: SignInContext) -> list[CheckLine]:
        """Check who the credentials belong to, which project is used, and which one is billed."""
        try:
            token = await self._token(context)
        except (CredentialsError, VaultError, Abandoned) as error:
            words = str(error) or "candela could not open the vault, and asked Google for nothing"
            return [CheckLine("bad", words)]
        lines = []
        try:
            account = await _called(partial(account_of, token, self._endpoints))
            lines.append(CheckLine("ok", f"signed in to Google as {account or 'an account that Google does not name'}"))
        except CredentialsError as error:
            lines.append(CheckLine("warn", f"Google does not say whose the credentials are: {error}"))
        # Reload the settings: a sign-in may have changed them since the context was created.
        project, line = self._place.check(await context.settings_now(), token, self._environ)
        lines.append(line)
        if token.quota_project not in (None, project):
            lines.append(CheckLine("ok", f"quota project {token.quota_project}: it pays for the requests"))
        return lines

    async def forget(self, context: SignInContext) -> str:
        """Sign out, also revoking the refresh token at Google. Return what was done and what remains."""
        account = context.accounts.of(SIGN_IN)
        if account is None:
            return f"candela has no Google sign-in of its own. {self._what_stays()}".rstrip()
        try:
            vault = await context.opened(account)
            entry = await asyncio.to_thread(vault.read, ENTRY)
            await asyncio.to_thread(vault.remove, ENTRY)
        except VaultError as error:
            await asyncio.to_thread(context.accounts.remove, SIGN_IN)
            return f"The Google sign-in is no longer used, but it is still in {account.place}: {error}"
        await asyncio.to_thread(context.accounts.remove, SIGN_IN)
        words = [f"The Google sign-in of {account.label} was deleted from {account.place}."]
        if entry is not None:
            words.append(await self._ended(entry, account))
        return " ".join([*words, self._what_stays()]).rstrip()

    async def use_found(self, context: SignInContext, prompter: Prompter) -> None:
        """Ask only for the place, and use the credentials that are there. Raises CredentialsError, VaultError."""
        await self._choose_place(context, prompter, await self._token(context))

    async def _choose_place(self, context: SignInContext, prompter: Prompter, token: GoogleToken) -> None:
        search = partial(projects_of, token, self._endpoints)
        offer = PlaceOffer(token.project or token.quota_project, search, self._environ)
        await self._place.choose(context, prompter, offer)

    async def _ended(self, entry: str, account: Account) -> str:
        if _type_of(entry) == "service_account":
            return "Its key is still valid until you delete it: https://console.cloud.google.com/iam-admin/serviceaccounts."
        try:
            ended = await _called(partial(revoke, entry, self._endpoints))
        except CredentialsError as error:
            return f"It is still valid at Google ({error}): remove it at {_CONNECTIONS}."
        return "It has ended at Google, too." if ended else f"Google did not end it; see {_CONNECTIONS}."

    def _what_stays(self) -> str:
        if named := self._environ.get(VARIABLE):
            return f"{VARIABLE} ({named}) is used from now on."
        return "gcloud's own login, if there is one, stays: `gcloud auth application-default revoke` ends it."

    async def _token(self, context: SignInContext) -> GoogleToken:
        account = context.accounts.of(SIGN_IN)
        if account is None:
            return await _called(partial(adc_token, self._login))
        vault = await context.opened(account)
        entry = await asyncio.to_thread(vault.read, ENTRY)
        if entry is None:
            raise CredentialsError(f"{account.place} no longer has the sign-in of {account.label}: run {self._login}")
        return await _called(partial(entry_token, entry, account.label, f"Run {self._login}."))

    async def _gcloud(self, context: SignInContext, prompter: Prompter) -> None:
        program = gcloud_program(self._environ)
        if program is None:
            raise CredentialsError("gcloud is not on the PATH: https://cloud.google.com/sdk/docs/install")
        sayings = Sayings(line=prompter.tell, link=prompter.show_link, question=prompter.ask)
        browser = browser_command(self._environ) is not None
        await log_in(program, sayings, browser=browser, environ=self._environ)
        if context.accounts.of(SIGN_IN) is not None:
            # candela's own sign-in would take precedence over gcloud's new one.
            await prompter.tell(await self.forget(context))
        if named := self._environ.get(VARIABLE):
            await prompter.tell(f"{VARIABLE} is set to {named} and goes before gcloud's login: unset it.")
        token = await _called(partial(adc_token, self._login))
        await self._choose_place(context, prompter, token)

    async def _browser(self, context: SignInContext, prompter: Prompter) -> Account:
        client = _client(context)
        async with RedirectServer(REDIRECT) as redirect:
            consent = await _called(partial(Consent, client, self._endpoints, redirect.uri))
            await prompter.show_link(consent.link)
            await prompter.tell(waiting_for("your browser", self._browser_limit_s))
            code = await redirect.code(consent.state, self._browser_limit_s)
        return await self._granted(context, prompter, await _called(partial(consent.exchange, code)))

    async def _paste(self, context: SignInContext, prompter: Prompter) -> Account:
        consent = await _called(
            partial(Consent, _client(context), self._endpoints, f"http://127.0.0.1:{_quiet_port()}/")
        )
        await prompter.show_link(consent.link)
        await prompter.tell(
            "Open the link in any browser. It ends at a page on 127.0.0.1 that can't be shown: copy that page's whole "
            "address."
        )
        wrong = ""
        while True:
            try:
                answer = await prompter.ask("The address that the browser ended at", wrong=wrong)
                code = code_in(answer, consent.state, refusal)
                break
            except WrongAnswer as error:
                wrong = str(error)
        return await self._granted(context, prompter, await _called(partial(consent.exchange, code)))

    async def _granted(self, context: SignInContext, prompter: Prompter, grant: Grant) -> Account:
        return await self._kept(context, prompter, grant.entry, grant.token.account or "a Google account", grant.token)

    async def _key_file(self, context: SignInContext, prompter: Prompter) -> Account:
        question, wrong = "Path of the service account's key file (JSON)", ""
        while True:
            file = Path(await prompter.ask(question, option="key-file", wrong=wrong))
            try:
                entry, email = await asyncio.to_thread(_key_in, file)
                break
            except CredentialsError as error:
                wrong = str(error)
        token = await _called(partial(entry_token, entry, email, "Create a new key for it."))
        account = await self._kept(context, prompter, entry, email, token)
        await prompter.tell(f"candela does not need {file} any more: delete it if nothing else does.")
        return account

    async def _kept(
        self, context: SignInContext, prompter: Prompter, entry: str, label: str, token: GoogleToken
    ) -> Account:
        account = await store_secret(context, prompter, SIGN_IN, ENTRY, lambda vault: vault.write(ENTRY, entry), label)
        await prompter.tell(f"Google signed {label} in.")
        if self._environ.get(VARIABLE):
            await prompter.tell(f"It goes before {VARIABLE}, which other programs still use.")
        await self._choose_place(context, prompter, token)
        return account


async def _called(call: Callable[[], T]) -> T:
    return await BlockingCalls("Google", _CALL_LIMIT_S).run(call)


def _client(context: SignInContext) -> Client:
    vertex = context.settings.vertex
    if vertex.oauth_client_id is None:
        raise CredentialsError(_NO_CLIENT)
    return Client(vertex.oauth_client_id, vertex.oauth_client_secret or "")


def _quiet_port() -> int:
    """Return a free port, so that nothing answers there if the browser that follows the link runs on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _type_of(entry: str) -> str | None:
    try:
        document = json.loads(entry)
    except ValueError:
        return None
    kind = document.get("type") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) else None


def _key_in(file: Path) -> tuple[str, str]:
    """Read a service account's key file, and return its key and e-mail address. Raises CredentialsError."""
    try:
        with file.expanduser().open("rb") as opened:
            text = opened.read(_LARGEST_KEY).decode()
        document = json.loads(text)
    except (OSError, RuntimeError) as error:
        raise CredentialsError(f"{file} can't be read: {getattr(error, 'strerror', None) or error}") from None
    except ValueError:
        raise CredentialsError(f"{file} is no key file: it holds no JSON") from None
    keys = document if isinstance(document, dict) else {}
    if "installed" in keys or "web" in keys:
        raise CredentialsError(
            f"{file} is an OAuth client, not a service account: set [vertex] oauth_client_id and oauth_client_secret "
            "to what it holds, and sign in with --method browser"
        )
    email = keys.get("client_email")
    if keys.get("type") != "service_account" or not isinstance(email, str):
        raise CredentialsError(
            f"{file} is no service account's key (its type is {keys.get('type') or 'not said'}): create one at "
            "https://console.cloud.google.com/iam-admin/serviceaccounts, or sign in in another way"
        )
    return json.dumps(document), email
