"""Signing in to Google Cloud, for Claude on Vertex AI.

What candela keeps of its own goes before application default credentials: who signs in here means it.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from candela_tui.config import ConfigError, VertexSettings, load, vertex_project, vertex_region
from candela_tui.credentials.accounts import Account
from candela_tui.credentials.adc import VARIABLE
from candela_tui.credentials.blocking import BlockingCalls
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google import NAME
from candela_tui.credentials.google_account import account_of, projects_of, revoke
from candela_tui.credentials.google_gcloud import COMMAND, Sayings, gcloud_program, log_in
from candela_tui.credentials.google_oauth import Client, Consent, Endpoints, Grant, WrongState, code_in
from candela_tui.credentials.google_redirect import RedirectServer
from candela_tui.credentials.google_token import ENTRY, LOGIN, GoogleToken, adc_token, entry_token
from candela_tui.credentials.sign_in.browser import browser_command
from candela_tui.credentials.sign_in.google_findings import findings
from candela_tui.credentials.sign_in.google_place import choose_place
from candela_tui.credentials.sign_in.provider import CheckLine, Desk, Finding, Method, Provider
from candela_tui.credentials.sign_in.talk import Abandoned, Talk
from candela_tui.credentials.vault.errors import VaultError

CLIENTS: Final = "https://console.cloud.google.com/auth/clients"
_CONNECTIONS: Final = "https://myaccount.google.com/connections"
_NO_CLIENT: Final = (
    f"candela has no OAuth client of its own to sign in with: create one at {CLIENTS} (type Desktop app), then "
    "`candela config set vertex.oauth_client_id ID` and `candela config set vertex.oauth_client_secret SECRET`. "
    f"Or sign in with gcloud: `{COMMAND}`."
)
_BROWSER_LIMIT_S: Final = 300.0
_CALL_LIMIT_S: Final = 60.0
_LARGEST_KEY: Final = 64 * 1024

T = TypeVar("T")


class GoogleSignIn:
    """The ways of signing in to Google."""

    def __init__(
        self,
        endpoints: Endpoints = Endpoints(),  # noqa: B008 - frozen
        environ: Mapping[str, str] = os.environ,
        *,
        browser_limit_s: float = _BROWSER_LIMIT_S,
    ) -> None:
        """``browser_limit_s``: so long the browser may take to come back."""
        self._endpoints = endpoints
        self._environ = environ
        self._browser_limit_s = browser_limit_s

    def provider(self) -> Provider:
        """All of it, as it is offered."""
        return Provider("gcp", "Google Cloud", self.find, self.methods, self.who, self.forget)

    async def find(self, desk: Desk) -> list[Finding]:
        """What there is already."""
        return await findings(desk.accounts, self._environ)

    async def methods(self, desk: Desk) -> list[Method]:
        """Best first: one that needs nothing more, in the browser of this machine where there is one."""
        has_client = desk.settings.vertex.oauth_client_id is not None
        here = browser_command(self._environ) is not None
        needs = "" if has_client else "; needs [vertex] oauth_client_id"
        gcloud = Method("gcloud", "gcloud", f"runs `{COMMAND}`, which keeps it in a file of its own", self._gcloud)
        browser = Method("browser", "Browser", f"on this machine; candela keeps it in the vault{needs}", self._browser)
        paste = Method("paste", "Link and code", f"a browser on another machine; kept in the vault{needs}", self._paste)
        key = Method("service-account", "Service account", "its key, from a JSON file, into the vault", self._key_file)
        links = [browser, paste] if here else [paste, browser]
        by_gcloud = [gcloud] if gcloud_program(self._environ) else []
        return [*links, *by_gcloud, key] if has_client else [*by_gcloud, key, *links]

    async def who(self, desk: Desk) -> list[CheckLine]:
        """Whose credentials they are, and which project is used and pays."""
        try:
            token = await self._token(desk)
        except (CredentialsError, VaultError, Abandoned) as error:
            words = str(error) or "candela could not open the vault, and asked Google for nothing"
            return [CheckLine("bad", words, f"Sign in: {LOGIN}")]
        lines = []
        try:
            account = await _called(partial(account_of, token, self._endpoints))
            lines.append(CheckLine("ok", f"signed in to Google as {account or 'an account that Google does not name'}"))
        except CredentialsError as error:
            lines.append(CheckLine("warn", f"Google does not tell whose the credentials are: {error}"))
        # A sign-in has written there since the desk was set up.
        vertex = await _written(desk)
        project = vertex_project(vertex, self._environ) or token.project or token.quota_project
        if project is None:
            fix = "`candela config set vertex.project PROJECT`"
            lines.append(CheckLine("bad", "no Google Cloud project is known", fix))
        else:
            lines.append(CheckLine("ok", f"project {project}, region {vertex_region(vertex, self._environ)}"))
        if token.quota_project not in (None, project):
            lines.append(CheckLine("ok", f"quota project {token.quota_project}: it pays for the requests"))
        return lines

    async def forget(self, desk: Desk) -> str:
        """Sign out: the refresh token ends at Google, too."""
        account = desk.accounts.of(NAME)
        if account is None:
            return f"candela has no Google sign-in of its own. {self._what_stays()}".rstrip()
        try:
            vault = await desk.opened(account)
            entry = await asyncio.to_thread(vault.read, ENTRY)
            await asyncio.to_thread(vault.remove, ENTRY)
        except VaultError as error:
            desk.accounts.remove(NAME)
            return f"The Google sign-in is used no longer, but it is still in {account.place}: {error}"
        desk.accounts.remove(NAME)
        words = [f"The Google sign-in of {account.label} is gone from {account.place}."]
        if entry is not None:
            words.append(await self._ended(entry, account))
        return " ".join([*words, self._what_stays()]).rstrip()

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

    async def _token(self, desk: Desk) -> GoogleToken:
        account = desk.accounts.of(NAME)
        if account is None:
            return await _called(adc_token)
        vault = await desk.opened(account)
        entry = await asyncio.to_thread(vault.read, ENTRY)
        if entry is None:
            raise CredentialsError(f"{account.place} no longer has the sign-in of {account.label}")
        return await _called(partial(entry_token, entry, account.label))

    async def _gcloud(self, desk: Desk, talk: Talk) -> None:
        program = gcloud_program(self._environ)
        if program is None:
            raise CredentialsError("gcloud is not on the PATH: https://cloud.google.com/sdk/docs/install")
        sayings = Sayings(line=talk.tell, link=talk.show_link, question=talk.ask)
        browser = browser_command(self._environ) is not None
        await log_in(program, sayings, browser=browser, environ=self._environ)
        if desk.accounts.of(NAME) is not None:
            # It would go before what gcloud has just written.
            await talk.tell(await self.forget(desk))
        if named := self._environ.get(VARIABLE):
            await talk.tell(f"{VARIABLE} is set to {named} and goes before gcloud's login: unset it.")
        token = await _called(adc_token)
        await choose_place(
            desk,
            talk,
            token.project or token.quota_project,
            partial(projects_of, token, self._endpoints),
            self._environ,
        )

    async def _browser(self, desk: Desk, talk: Talk) -> Account:
        client = _client(desk)
        async with RedirectServer() as redirect:
            consent = await _called(partial(Consent, client, self._endpoints, redirect.uri))
            await talk.show_link(consent.link)
            await talk.tell(f"Waiting for your browser, {self._browser_limit_s / 60:.0f} minutes at most.")
            code = await redirect.code(consent.state, self._browser_limit_s)
        return await self._granted(desk, talk, await _called(partial(consent.exchange, code)))

    async def _paste(self, desk: Desk, talk: Talk) -> Account:
        consent = await _called(partial(Consent, _client(desk), self._endpoints, f"http://127.0.0.1:{_quiet_port()}/"))
        await talk.show_link(consent.link)
        await talk.tell(
            "Open the link in any browser. It ends at a page on 127.0.0.1 that can't be shown: copy that page's whole "
            "address."
        )
        while True:
            try:
                code = code_in(await talk.ask("The address that the browser ended at"), consent.state)
                break
            except WrongState as error:
                await talk.tell(str(error))
        return await self._granted(desk, talk, await _called(partial(consent.exchange, code)))

    async def _granted(self, desk: Desk, talk: Talk, grant: Grant) -> Account:
        return await self._kept(desk, talk, grant.entry, grant.token.account or "a Google account", grant.token)

    async def _key_file(self, desk: Desk, talk: Talk) -> Account:
        file = Path(await talk.ask("Path of the service account's key file (JSON)"))
        entry, email = await asyncio.to_thread(_key_in, file)
        token = await _called(partial(entry_token, entry, email, "Create a new key for it."))
        account = await self._kept(desk, talk, entry, email, token)
        await talk.tell(f"candela does not need {file} any more: delete it if nothing else does.")
        return account

    async def _kept(self, desk: Desk, talk: Talk, entry: str, label: str, token: GoogleToken) -> Account:
        before = desk.accounts.of(NAME)
        store, vault = await desk.vault()
        await asyncio.to_thread(vault.write, ENTRY, entry)
        account = Account(store, vault.place, label, datetime.now(UTC))
        desk.accounts.put(NAME, account)
        if before is not None and before.store != store:
            await self._clear(desk, talk, before)
        await talk.tell(f"Google signed {label} in.")
        if self._environ.get(VARIABLE):
            await talk.tell(f"It goes before {VARIABLE}, which other programs still use.")
        await choose_place(desk, talk, token.project, partial(projects_of, token, self._endpoints), self._environ)
        return account

    async def _clear(self, desk: Desk, talk: Talk, before: Account) -> None:
        try:
            vault = await desk.opened(before)
            await asyncio.to_thread(vault.remove, ENTRY)
        except VaultError as error:
            await talk.tell(f"The sign-in before this one is still in {before.place}: {error}")


async def _called(call: Callable[[], T]) -> T:
    return await BlockingCalls("Google", _CALL_LIMIT_S).run(call)


async def _written(desk: Desk) -> VertexSettings:
    try:
        return (await asyncio.to_thread(load, desk.config)).vertex
    except ConfigError:
        return desk.settings.vertex


def _client(desk: Desk) -> Client:
    vertex = desk.settings.vertex
    if vertex.oauth_client_id is None:
        raise CredentialsError(_NO_CLIENT)
    return Client(vertex.oauth_client_id, vertex.oauth_client_secret or "")


def _quiet_port() -> int:
    """A port on which nothing of this machine answers, if its browser is the one that follows the link."""
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
    """A service account's key and its e-mail address."""
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


PROVIDER = GoogleSignIn().provider()
