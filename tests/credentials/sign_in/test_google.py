"""Signing in to Google, against a server that checks what the client has to prove."""

import asyncio
import json
import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import aiohttp
import pytest
import trustme

from candela_tui.config import Settings, load
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.oauth import Client, Consent
from candela_tui.credentials.google.sign_in import REDIRECT, GoogleSignIn
from candela_tui.credentials.google.token import ENTRY
from candela_tui.credentials.sign_in.interface import CheckLine, Finding, Method, SignInContext
from candela_tui.credentials.sign_in.prompter import Abandoned
from candela_tui.credentials.sign_in.redirect import RedirectServer
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.providers.identity import Provider
from candela_tui.providers.vertex.credentials import GoogleCredentials
from candela_tui.providers.vertex.sign_in import SIGN_IN
from candela_tui.providers.vertex.sign_in.place import VertexPlace
from tests.credentials.conftest import command
from tests.credentials.google_stand_in import CLIENT_ID, CLIENT_SECRET, EMAIL, GoogleStandIn
from tests.credentials.sign_in.user import User
from tests.credentials.test_google import logged_in, private_key, service_account, user

PASSPHRASE = "correct horse battery staple"
ROBOT = "candela@account-project.iam.gserviceaccount.com"

Browser = Callable[[str], Awaitable[str]]


@dataclass
class Machine:
    """One user's machine: settings, accounts, a vault."""

    folder: Path
    google: GoogleStandIn
    settings: Settings
    environ: dict[str, str]
    browser_limit_s: float = 30.0

    def __post_init__(self) -> None:
        self.accounts_file = self.folder / "accounts.json"
        self.accounts = Accounts(self.accounts_file)
        self.vault_file = self.folder / "vault.json"
        self.config = self.folder / "config.toml"
        self.vault = EncryptedFile(self.vault_file, lambda: PASSPHRASE, cost=2)

    @property
    def context(self) -> SignInContext:
        async def vault() -> tuple[Store, Vault]:
            return "file", self.vault

        async def opened(_account: Account) -> Vault:
            return self.vault

        return SignInContext(self.settings, self.config, self.accounts, vault, opened)

    @property
    def sign_in(self) -> GoogleSignIn:
        return GoogleSignIn(
            Provider.VERTEX, VertexPlace(), self.google.endpoints, self.environ, browser_limit_s=self.browser_limit_s
        )

    async def method(self, name: str) -> Method:
        return next(method for method in await self.sign_in.methods(self.context) if method.id == name)

    async def by(self, name: str, who: User) -> Account | None:
        account = await (await self.method(name)).run(self.context, who)
        await who.closed_browser()
        self.finds_no_secret(who)
        return account

    async def refused(self, name: str, who: User) -> str:
        """The words with which a sign-in fails, after which nothing is kept."""
        with pytest.raises(CredentialsError) as told:
            await (await self.method(name)).run(self.context, who)
        await who.closed_browser()
        self.finds_no_secret(who, str(told.value))
        assert told.value.__cause__ is None
        assert self.accounts.of(Provider.VERTEX) is None
        assert not self.vault_file.exists()
        return str(told.value)

    async def asked_again(self, name: str, who: User) -> str:
        """What a user hears whose answer was wrong, and who then gives up. Nothing is kept."""
        with pytest.raises(Abandoned):
            await (await self.method(name)).run(self.context, who)
        await who.closed_browser()
        self.finds_no_secret(who)
        assert self.accounts.of(Provider.VERTEX) is None
        assert not self.vault_file.exists()
        return who.words

    def finds_no_secret(self, who: User, *more: str) -> None:
        files = [file for file in self.folder.iterdir() if file.suffix in (".json", ".toml")]
        texts = [who.words, *more, *(file.read_text() for file in files)]
        for secret in (*self.google.given, PASSPHRASE, *private_key().splitlines()[1:-1]):
            assert not any(secret in text for text in texts)

    def credentials(self, limit_s: float = 30.0) -> GoogleCredentials:
        accounts = Accounts(self.accounts_file)
        return GoogleCredentials(
            self.settings.vertex,
            self.environ,
            accounts=accounts,
            vault_file=self.vault_file,
            config=self.config,
            limit_s=limit_s,
        )

    def key_file(self, **changes: str) -> Path:
        file = self.folder / "key.txt"
        file.write_text(json.dumps(service_account(self.google.endpoints.token) | changes))
        return file


@pytest.fixture
async def google(
    home: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[GoogleStandIn]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("CANDELA_PASSPHRASE", PASSPHRASE)
    projects = [{"projectId": "other-1", "displayName": "Other"}, {"projectId": "work-7", "displayName": "Work"}]
    async with GoogleStandIn(authority, projects=projects) as running:
        yield running


@pytest.fixture
def machine(google: GoogleStandIn, home: Path, tmp_path: Path) -> Machine:
    folder = tmp_path / "candela"
    folder.mkdir()
    vertex = {"oauth_client_id": CLIENT_ID, "oauth_client_secret": CLIENT_SECRET}
    environ = {
        "PATH": str(home / "bin"),
        "CLOUDSDK_CONFIG": str(home / "gcloud"),
        "NO_GCE_CHECK": "true",
    }
    return Machine(folder, google, Settings.model_validate({"vertex": vertex}), environ)


@pytest.fixture
def browse(authority: trustme.CA) -> Browser:
    """A browser that goes where it is sent; gives what the last page says."""

    async def browse(url: str) -> str:
        async with _client(authority) as client, client.get(url) as page:
            return await page.text()

    return browse


@pytest.fixture
def ends_at(authority: trustme.CA) -> Browser:
    """A browser on another machine; gives the address that it ends at."""

    async def ends_at(url: str) -> str:
        async with _client(authority) as client, client.get(url, allow_redirects=False) as page:
            return page.headers["Location"]

    return ends_at


def _client(authority: trustme.CA) -> aiohttp.ClientSession:
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls))


def code_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["code"][0]


async def test_the_browser_comes_back_and_the_refresh_token_lies_in_the_vault_alone(
    machine: Machine, browse: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pages: list[str] = []

    async def follow(url: str) -> None:
        pages.append(await browse(url))

    account = await machine.by("browser", User(choices=["work-7", "eu"], follows=follow))
    assert account is not None
    assert account == machine.accounts.of(Provider.VERTEX)
    assert (account.label, account.store) == (EMAIL, "file")
    assert "You can close this page." in pages[0]
    assert json.loads(machine.vault.read(ENTRY) or "")["refresh_token"] in machine.google.refresh_tokens
    settings = load(machine.config, {})
    assert (settings.vertex.project, settings.vertex.region) == ("work-7", "eu")
    assert not [secret for secret in machine.google.given if secret in caplog.text]


async def test_what_is_kept_gives_new_access_tokens_when_the_first_are_over(machine: Machine, browse: Browser) -> None:
    machine.google.lasts_s = 5
    await machine.by("browser", User(choices=["work-7", "global"], follows=browse))
    credentials = machine.credentials()
    first, second = await credentials.token(), await credentials.token()
    assert first != second
    assert second == machine.google.access_tokens[-1]
    await credentials.close()


async def test_consent_that_is_denied_is_told_as_that(machine: Machine, browse: Browser) -> None:
    machine.google.denies = True
    words = await machine.refused("browser", User(follows=browse))
    assert words == "Google says that consent was denied (access_denied). Nothing was signed in."


async def test_an_answer_with_another_state_ends_nothing(machine: Machine, browse: Browser) -> None:
    pages: list[str] = []

    async def follow(url: str) -> None:
        redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        for forged in ("?state=forged&code=4/forged", "?state=forged&error=access_denied", "?code=4/forged", ""):
            pages.append(await browse(redirect + forged))
        pages.append(await browse(url))

    assert await machine.by("browser", User(choices=["work-7", "global"], follows=follow))
    assert ["another sign-in" in page for page in pages] == [True, True, True, False, False]
    assert "You can close this page." in pages[-1]


async def test_a_browser_that_does_not_come_back_is_waited_for_only_so_long(machine: Machine) -> None:
    machine.browser_limit_s = 0.05
    words = await machine.refused("browser", User())
    assert words.startswith("the browser did not come back from Google within 0.05 s. Sign in again, or with --method")


async def test_who_gives_up_leaves_no_port_open(machine: Machine) -> None:
    ada = User()
    method = await machine.method("browser")
    signing_in = asyncio.create_task(method.run(machine.context, ada))  # type: ignore[arg-type]
    await ada.was_told.wait()
    signing_in.cancel()
    await asyncio.wait({signing_in})
    address = urlsplit(parse_qs(urlsplit(ada.links[0]).query)["redirect_uri"][0])
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(address.hostname, address.port)


async def test_a_port_that_is_taken_is_told_with_the_other_way() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CredentialsError, match=r"can't listen on 127.0.0.1 .*: sign in with --method paste"):
            async with RedirectServer(REDIRECT, taken.getsockname()[1]):
                pass


@pytest.mark.parametrize("way", ["browser", "paste"])
async def test_without_an_oauth_client_it_is_told_how_to_get_one(machine: Machine, way: str) -> None:
    machine.settings = Settings()
    words = await machine.refused(way, User())
    assert "create one at https://console.cloud.google.com/auth/clients (type Desktop app)" in words
    assert "`candela config set vertex.oauth_client_id ID`" in words
    assert "`gcloud auth application-default login`" in words


async def test_consent_without_google_cloud_is_told(machine: Machine, browse: Browser) -> None:
    machine.google.scope = "openid https://www.googleapis.com/auth/userinfo.email"
    words = await machine.refused("browser", User(follows=browse))
    assert words.startswith("the consent leaves out Google Cloud (the scope cloud-platform)")


async def test_consent_in_another_order_and_to_more_is_no_mistake(machine: Machine, browse: Browser) -> None:
    machine.google.scope = "https://www.googleapis.com/auth/cloud-platform profile openid"
    assert await machine.by("browser", User(choices=["work-7", "global"], follows=browse))


async def test_a_sign_in_that_could_not_be_renewed_is_none(machine: Machine, browse: Browser) -> None:
    machine.google.gives_refresh_token = False
    assert "Google gave no refresh token" in await machine.refused("browser", User(follows=browse))


async def test_an_oauth_client_that_google_does_not_know_is_told_with_its_settings(
    machine: Machine, browse: Browser
) -> None:
    vertex = {"oauth_client_id": CLIENT_ID, "oauth_client_secret": "GOCSPX-another"}
    machine.settings = Settings.model_validate({"vertex": vertex})
    words = await machine.refused("browser", User(follows=browse))
    assert words.startswith("Google refused the OAuth client (invalid_client: The OAuth client was not found.)")
    assert "[vertex] oauth_client_id" in words


async def test_a_token_endpoint_that_is_not_trusted_is_named(
    machine: Machine, browse: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "stranger.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "stranger.pem"))
    words = await machine.refused("browser", User(follows=browse))
    assert words.startswith(f"candela could not reach {machine.google.endpoints.token} for a Google access token")
    assert words.endswith("its certificate is not trusted. Set REQUESTS_CA_BUNDLE to a file with its CA (PEM).")


class Elsewhere(User):
    """Whose browser runs on another machine: pastes what ``edited`` makes of the address that it ends at."""

    def __init__(self, ends_at: Browser, *edited: Callable[[str], str]) -> None:
        super().__init__(choices=["work-7", "global"], follows=self._follow_elsewhere)
        self._ends_at = ends_at
        self._edited = edited

    async def _follow_elsewhere(self, url: str) -> None:
        address = await self._ends_at(url)
        self.answers = [edit(address) for edit in self._edited]


async def test_over_ssh_the_address_that_the_browser_ended_at_is_pasted(machine: Machine, ends_at: Browser) -> None:
    account = await machine.by("paste", Elsewhere(ends_at, lambda address: address))
    assert account is not None
    assert account.label == EMAIL


@pytest.mark.parametrize("edit", [code_of, lambda address: quote(code_of(address), safe="")])
async def test_the_code_alone_does_as_well(machine: Machine, ends_at: Browser, edit: Callable[[str], str]) -> None:
    assert await machine.by("paste", Elsewhere(ends_at, edit))


async def test_an_address_of_another_sign_in_is_asked_for_again(machine: Machine, ends_at: Browser) -> None:
    ada = Elsewhere(ends_at, lambda address: address.replace("state=", "state=x"), lambda address: address)
    assert await machine.by("paste", ada)
    assert "that answer belongs to another sign-in: follow the newest link" in ada.heard


async def test_a_code_that_another_consent_gave_is_worth_nothing(machine: Machine, ends_at: Browser) -> None:
    other = Consent(Client(CLIENT_ID, CLIENT_SECRET), machine.google.endpoints, "http://127.0.0.1:1/")
    stolen = code_of(await ends_at(other.link))
    words = await machine.refused("paste", Elsewhere(ends_at, lambda _: stolen))
    assert words == (
        "Google refused the code (invalid_grant: Bad Request): it was used before, or is too old. Sign in again."
    )


@pytest.mark.parametrize("pasted", ["https://example.com/", "no code at all", "http://127.0.0.1:1/?state=STATE"])
async def test_what_holds_no_code_is_told(machine: Machine, ends_at: Browser, pasted: str) -> None:
    def edit(address: str) -> str:
        return pasted.replace("STATE", parse_qs(urlsplit(address).query)["state"][0])

    words = await machine.asked_again("paste", Elsewhere(ends_at, edit))
    assert "there is no code in that: copy the whole URL that the browser ended at" in words


async def test_a_denial_can_be_pasted_too(machine: Machine, ends_at: Browser) -> None:
    machine.google.denies = True
    words = await machine.refused("paste", Elsewhere(ends_at, lambda address: address))
    assert words.startswith("Google says that consent was denied")


async def test_a_service_account_s_key_moves_into_the_vault(machine: Machine) -> None:
    file = machine.key_file()
    ada = User(str(file), choices=["account-project", "us"])
    account = await machine.by("service-account", ada)
    assert account is not None
    assert account.label == ROBOT
    assert f"candela does not need {file} any more: delete it if nothing else does." in ada.heard
    assert [choice.id for choice in ada.offered[0]] == ["account-project", "other-1", "work-7"]
    file.unlink()
    credentials = machine.credentials()
    assert await credentials.token() == machine.google.access_tokens[-1]
    assert await credentials.project() == "account-project"
    await credentials.close()


async def test_a_key_that_google_refuses_is_not_kept(machine: Machine) -> None:
    machine.google.service_account_is_gone = True
    words = await machine.refused("service-account", User(str(machine.key_file())))
    assert words.startswith(f"Google gave no access token for {ROBOT}: ")
    assert words.endswith("This key of the service account was deleted. Create a new key for it.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "holds no JSON"),
        ("\x00", "holds no JSON"),
        ("[]", "is no service account's key (its type is not said)"),
        ('{"type": "service_account"}', "is no service account's key"),
        ('{"type": "authorized_user"}', "is no service account's key (its type is authorized_user)"),
        ('{"installed": {}}', "is an OAuth client, not a service account: set [vertex] oauth_client_id"),
    ],
)
async def test_a_file_that_is_no_key_is_told_as_what_it_is(machine: Machine, content: str, words: str) -> None:
    file = machine.folder / "key.txt"
    file.write_text(content)
    assert words in await machine.asked_again("service-account", User(str(file)))


async def test_a_key_without_its_parts_is_refused(machine: Machine) -> None:
    file = machine.key_file()
    file.write_text('{"type": "service_account", "client_email": "a@b"}')
    words = await machine.refused("service-account", User(str(file)))
    assert "a@b holds no Google credentials that can be used" in words


async def test_a_key_file_that_is_not_there_is_named_and_asked_for_again(machine: Machine) -> None:
    ada = User("/nowhere/key.json", str(machine.key_file()), choices=["work-7", "us"])
    assert await machine.by("service-account", ada)
    assert "/nowhere/key.json can't be read: No such file or directory" in ada.heard


def gcloud(home: Path, script: str) -> Path:
    return command(home / "bin" / "gcloud", f"PATH=/usr/bin:/bin\n{script}")


def writes(home: Path, google: GoogleStandIn) -> str:
    """The part of a gcloud that leaves credentials behind, those of a service account: their own file says where
    tokens are to be had."""
    logged_in(home, service_account(google.endpoints.token)).rename(home / "written.json")
    return f"cp {home}/written.json {home}/gcloud/application_default_credentials.json"


async def test_gcloud_signs_in_over_ssh_with_its_link_and_its_question(machine: Machine, home: Path) -> None:
    machine.environ["SSH_CONNECTION"] = "10.0.0.1 1 10.0.0.2 22"
    machine.environ["GOOGLE_APPLICATION_CREDENTIALS"] = "/elsewhere.json"
    gcloud(
        home,
        f"""
        [ "$*" = "auth application-default login --no-launch-browser" ] || exit 3
        [ -z "$GOOGLE_APPLICATION_CREDENTIALS" ] || exit 4
        echo "Go to the following link in your browser:" >&2
        echo "    https://accounts.example/auth?state=MtV0a2R5dHlVQnV4b0xPWDl2aHc3ZTVwVlE" >&2
        printf "Once finished, enter the verification code: "
        read code
        [ "$code" = "4/0Acode" ] || exit 5
        {writes(home, machine.google)}
        echo "Credentials saved to file"
        """,
    )
    ada = User("4/0Acode", choices=["work-7", "global"])
    assert await machine.by("gcloud", ada) is None
    assert ada.links == ["https://accounts.example/auth?state=MtV0a2R5dHlVQnV4b0xPWDl2aHc3ZTVwVlE"]
    assert ada.heard[:3] == [
        "Go to the following link in your browser:",
        "Once finished, enter the verification code:",
        "Credentials saved to file",
    ]
    assert "GOOGLE_APPLICATION_CREDENTIALS is set to /elsewhere.json and goes before gcloud's login: unset it." in (
        ada.heard
    )
    assert load(machine.config, {}).vertex.project == "work-7"
    assert machine.accounts.of(Provider.VERTEX) is None


def has_desktop(machine: Machine, home: Path) -> None:
    machine.environ["DISPLAY"] = ":0"
    for name in ("xdg-open", "open"):
        command(home / "bin" / name, "exit 0")


async def test_on_a_desktop_gcloud_opens_the_browser_itself(machine: Machine, home: Path) -> None:
    has_desktop(machine, home)
    gcloud(
        home,
        f"""
        [ "$*" = "auth application-default login" ] || exit 3
        echo "Your browser has been opened to visit:"
        echo "    https://accounts.example/auth"
        {writes(home, machine.google)}
        """,
    )
    ada = User(choices=["work-7", "global"])
    assert await machine.by("gcloud", ada) is None
    assert ada.links == []
    assert ada.heard[:2] == ["Your browser has been opened to visit:", "https://accounts.example/auth"]


async def test_gcloud_that_fails_says_why(machine: Machine, home: Path) -> None:
    gcloud(home, "echo 'ERROR: (gcloud.auth) There was a problem with web authentication.'; echo 'Bye.'; exit 1")
    words = await machine.refused("gcloud", User())
    assert words == (
        "`gcloud auth application-default login` did not sign in (exit 1): ERROR: (gcloud.auth) There was a problem "
        "with web authentication."
    )


async def test_who_gives_up_ends_gcloud_and_what_it_started(machine: Machine, home: Path) -> None:
    gcloud(home, "(trap '' TERM; exec sh -c 'echo $$ $PPID; exec sleep 600') & wait")
    ada = User()
    method = await machine.method("gcloud")
    signing_in = asyncio.create_task(method.run(machine.context, ada))  # type: ignore[arg-type]
    await ada.was_told.wait()
    signing_in.cancel()
    await asyncio.wait({signing_in})
    assert signing_in.cancelled()
    # A process that was killed may take a moment to be gone.
    async with asyncio.timeout(30.0):
        for pid in ada.heard[0].split():
            while await asyncio.to_thread(_runs, pid):
                pass


def _runs(pid: str) -> bool:
    state = subprocess.run(["/bin/ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")


async def test_gcloud_s_login_is_used_even_where_candela_had_one_of_its_own(
    machine: Machine, home: Path, browse: Browser
) -> None:
    await machine.by("browser", User(choices=["work-7", "global"], follows=browse))
    gcloud(home, writes(home, machine.google))
    machine.settings = load(machine.config, {})
    ada = User(choices=["work-7", "global"])
    assert await machine.by("gcloud", ada) is None
    assert machine.accounts.of(Provider.VERTEX) is None
    assert f"The Google sign-in of {EMAIL} was deleted" in ada.words
    credentials = machine.credentials()
    await credentials.token()
    assert machine.google.asked[-1].endswith("jwt-bearer")
    await credentials.close()


async def test_projects_are_listed_over_pages_and_the_one_in_use_comes_first(machine: Machine) -> None:
    machine.google.page = 1
    ada = User(str(machine.key_file(project_id="work-7")), choices=["other-1", "global"])
    await machine.by("service-account", ada)
    assert [(choice.id, choice.about) for choice in ada.offered[0]] == [
        ("work-7", "Work"),
        ("other-1", "Other"),
    ]
    assert load(machine.config, {}).vertex.project == "other-1"


async def test_the_only_project_is_not_asked_for(machine: Machine) -> None:
    machine.google.projects = machine.google.projects[:1]
    ada = User(str(machine.key_file(project_id="other-1")), choices=["global"])
    await machine.by("service-account", ada)
    assert "Google Cloud project: other-1, the only one of these credentials." in ada.heard
    assert load(machine.config, {}).vertex.project == "other-1"


async def test_where_google_lists_no_projects_the_id_is_asked_for_until_it_is_one(machine: Machine) -> None:
    machine.google.refuses_projects = True
    ada = User(str(machine.key_file()), "My Project", "my-project-1", choices=["Europe", "europe-west4"])
    await machine.by("service-account", ada)
    assert "Google does not list your projects: Google says 403: Cloud Resource Manager API has not been" in ada.words
    assert "That is not a project ID" in ada.words
    assert "That is not a region" in ada.words
    settings = load(machine.config, {})
    assert (settings.vertex.project, settings.vertex.region) == ("my-project-1", "europe-west4")


async def test_a_variable_that_wins_over_config_toml_is_told(machine: Machine) -> None:
    machine.environ["CANDELA_VERTEX__REGION"] = "eu"
    ada = User(str(machine.key_file()), choices=["work-7", "us"])
    await machine.by("service-account", ada)
    assert "CANDELA_VERTEX__REGION is set and takes precedence: unset it." in ada.heard


async def test_a_sign_in_stays_where_its_user_gives_up_at_the_project(machine: Machine) -> None:
    ada = User(str(machine.key_file()))
    account = await machine.by("service-account", ada)
    assert account is not None
    assert account.label == ROBOT
    assert "Project and region are as they were: `candela config set vertex.project PROJECT`" in ada.words
    assert not machine.config.exists()


async def test_it_is_told_who_is_signed_in_and_what_pays(machine: Machine, home: Path, browse: Browser) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    assert await machine.sign_in.who(machine.context) == [
        CheckLine("ok", f"signed in to Google as {EMAIL}"),
        CheckLine("ok", "project work-7, region eu"),
    ]


async def test_who_it_is_of_application_default_credentials(
    machine: Machine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", machine.google.endpoints.token)
    machine.google.refresh_tokens.add("1//0gOwn")
    adc = user(quota_project_id="paying-1", refresh_token="1//0gOwn", client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    logged_in(home, adc)
    machine.config.write_text('[vertex]\nproject = "work-7"\n')
    assert await machine.sign_in.who(machine.context) == [
        CheckLine("ok", f"signed in to Google as {EMAIL}"),
        CheckLine("ok", "project work-7, region global"),
        CheckLine("ok", "quota project paying-1: it pays for the requests"),
    ]


async def test_nobody_is_told_with_the_command_that_mends_it(machine: Machine, home: Path) -> None:
    (line,) = await machine.sign_in.who(machine.context)
    assert line.state == "bad"
    assert line.words.startswith("there are no Google credentials")
    assert "`candela auth login --provider gcp`" in line.words


async def test_signing_out_ends_the_refresh_token_at_google_too(machine: Machine, browse: Browser) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    words = await machine.sign_in.forget(machine.context)
    deleted = f"The Google sign-in of {EMAIL} was deleted from {machine.vault_file}."
    assert words.startswith(f"{deleted} It has ended at Google,")
    assert machine.google.refresh_tokens == set()
    assert machine.accounts.of(Provider.VERTEX) is None
    assert not machine.vault_file.exists()
    assert (await machine.sign_in.forget(machine.context)).startswith("candela has no Google sign-in of its own.")


async def test_a_service_account_s_key_is_not_ended_by_signing_out(machine: Machine) -> None:
    await machine.by("service-account", User(str(machine.key_file()), choices=["work-7", "us"]))
    assert "Its key is still valid until you delete it" in await machine.sign_in.forget(machine.context)


async def test_signing_out_where_google_is_out_of_reach_says_what_is_left(
    machine: Machine, browse: Browser, google: GoogleStandIn
) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    context, sign_in = machine.context, machine.sign_in
    await google.__aexit__()
    words = await sign_in.forget(context)
    assert f"It is still valid at Google ({google.endpoints.revoke} is out of reach (ConnectionError)." in words
    assert machine.accounts.of(Provider.VERTEX) is None


async def test_a_refresh_token_that_was_revoked_is_told_with_the_command_that_mends_it(
    machine: Machine, browse: Browser
) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    machine.google.refresh_tokens.clear()
    credentials = machine.credentials()
    with pytest.raises(CredentialsError) as told:
        await credentials.token()
    assert str(told.value) == (
        f"Google gave no access token for {EMAIL}: invalid_grant: Token has been expired or revoked. Run `candela auth"
        " login --provider gcp`."
    )
    await credentials.close()


async def test_a_locked_vault_is_told_as_that(
    machine: Machine, browse: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    monkeypatch.delenv("CANDELA_PASSPHRASE")
    credentials = machine.credentials()
    with pytest.raises(CredentialsError, match=r"vault.json is locked: "):
        await credentials.token()
    await credentials.close()


async def test_a_vault_that_lost_the_sign_in_is_told(machine: Machine, browse: Browser) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    machine.vault_file.unlink()
    credentials = machine.credentials()
    with pytest.raises(CredentialsError, match=rf"no longer has the sign-in of {EMAIL}: run `candela auth login"):
        await credentials.token()
    assert (await machine.sign_in.who(machine.context))[0].state == "bad"
    await credentials.close()


async def test_a_vault_that_holds_something_else_is_told(machine: Machine, browse: Browser) -> None:
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    credentials = machine.credentials()
    for content in ("{", "[]", "{}", '{"type": "authorized_user"}'):
        machine.vault.write(ENTRY, content)
        with pytest.raises(CredentialsError, match=f"{EMAIL} holds no Google credentials that can be used"):
            await credentials.token()
    await credentials.close()


async def test_a_sign_in_goes_before_application_default_credentials_and_a_sign_out_back_to_them(
    machine: Machine, home: Path, browse: Browser
) -> None:
    logged_in(home, service_account(machine.google.endpoints.token))
    credentials = machine.credentials()
    of_adc = await credentials.token()
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    own = await credentials.token()
    assert own not in (of_adc, machine.google.access_tokens[0])
    assert machine.google.asked[-1] == "/token refresh_token"
    await machine.sign_in.forget(machine.context)
    await credentials.token()
    assert machine.google.asked[-1].endswith("jwt-bearer")
    await credentials.close()


async def test_a_request_that_waits_for_hanging_credentials_goes_on_with_a_sign_in(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, released = threading.Event(), threading.Event()

    def hang(_environ: object = None) -> bool:
        hanging.set()
        return released.wait(60)

    monkeypatch.setattr("candela_tui.credentials.google.adc.has_metadata_server", hang)
    credentials = machine.credentials(limit_s=600)
    waiting = [asyncio.create_task(credentials.token()) for _ in range(3)]
    await asyncio.to_thread(hanging.wait)
    await machine.by("service-account", User(str(machine.key_file()), choices=["work-7", "us"]))
    async with asyncio.timeout(30):
        tokens = await asyncio.gather(*waiting)
    assert set(tokens) == {machine.google.access_tokens[-1]}
    released.set()
    await credentials.close()


async def test_a_candela_that_runs_takes_the_project_and_the_region_that_were_chosen(
    machine: Machine, browse: Browser
) -> None:
    credentials = machine.credentials()
    assert await credentials.region() == "global"
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    assert (await credentials.project(), await credentials.region()) == ("work-7", "eu")
    machine.config.write_text("[vertex]\nregion = 1\n")
    assert (await credentials.project(), await credentials.region()) == ("work-7", "eu")
    machine.config.write_text("")
    assert await credentials.region() == "global"
    await credentials.close()


async def test_nobody_is_signed_in_where_the_accounts_can_t_be_read(machine: Machine) -> None:
    machine.accounts_file.write_text("{")
    credentials = machine.credentials()
    with pytest.raises(CredentialsError, match=r"accounts.json is damaged"):
        await credentials.token()
    await credentials.close()


async def test_what_is_on_the_machine_is_found_in_the_order_in_which_it_counts(
    machine: Machine, home: Path, browse: Browser
) -> None:
    assert await machine.sign_in.find(machine.context) == [
        Finding("gcloud", "not on the PATH: https://cloud.google.com/sdk/docs/install", False)
    ]
    await machine.by("browser", User(choices=["work-7", "eu"], follows=browse))
    adc = logged_in(home, user(account="eve@example.com", quota_project_id="paying-1"))
    program = gcloud(home, "exit 0")
    login = f"gcloud's application default login ({adc})"
    own, by_gcloud, itself = await machine.sign_in.find(machine.context)
    assert (own.source, own.usable) == ("candela's own sign-in", True)
    assert own.detail.startswith(f"{EMAIL}, in {machine.vault_file}, since ")
    assert by_gcloud == Finding(login, "a user's login of eve@example.com (quota project paying-1)", True)
    assert itself == Finding("gcloud", f"{program} can sign you in", False)
    machine.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(machine.key_file())
    _, named, by_gcloud, _ = await machine.sign_in.find(machine.context)
    assert named == Finding("GOOGLE_APPLICATION_CREDENTIALS", f"a service account's key of {ROBOT}", True)
    assert not by_gcloud.usable
    assert by_gcloud.detail.endswith("not used while GOOGLE_APPLICATION_CREDENTIALS is set")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "which does not exist"), ("{", "holds no JSON"), ('{"installed": {}}', "holds no Google credentials")],
)
async def test_a_file_that_can_t_serve_is_found_as_that(machine: Machine, content: str | None, words: str) -> None:
    file = machine.folder / "named"
    machine.environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(file)
    if content is not None:
        file.write_text(content)
    named, _ = await machine.sign_in.find(machine.context)
    assert not named.usable
    assert words in named.detail


async def test_the_ways_that_need_nothing_more_come_first(machine: Machine, home: Path) -> None:
    async def ways() -> list[str]:
        return [method.id for method in await machine.sign_in.methods(machine.context)]

    gcloud(home, "exit 0")
    assert await ways() == ["paste", "browser", "gcloud", "service-account"]
    has_desktop(machine, home)
    assert await ways() == ["browser", "paste", "gcloud", "service-account"]
    machine.environ["SSH_TTY"] = "/dev/pts/1"
    assert await ways() == ["paste", "browser", "gcloud", "service-account"]
    machine.settings = Settings()
    assert await ways() == ["gcloud", "service-account", "paste", "browser"]
    (home / "bin" / "gcloud").unlink()
    assert await ways() == ["service-account", "paste", "browser"]
    assert SIGN_IN.provider == "vertex"
