"""A sign-in to Google while candela runs."""

import json
from pathlib import Path

import aiohttp
import pytest

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.google.oauth import Endpoints
from candela_tui.credentials.google.sign_in import GoogleSignIn
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.paths import Paths
from candela_tui.providers.identity import Provider
from candela_tui.providers.vertex.sign_in.place import VertexPlace
from tests.credentials.sign_in.user import User
from tests.proxy.running import running
from tests.proxy.test_vertex import ASKED
from tests.standin import text, whole_message
from tests.standin.vertex import Vertex


def _context(paths: Paths) -> SignInContext:
    vault_ = EncryptedFile(paths.vault, lambda: "a passphrase", cost=2)

    async def vault() -> tuple[Store, Vault]:
        return "file", vault_

    async def opened(_account: Account) -> Vault:
        return vault_

    return SignInContext(Settings(), paths.config, Accounts(paths.accounts), vault, opened)


async def test_requests_go_on_with_a_sign_in_and_its_project_while_candela_runs(
    vertex: Vertex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = vertex.environment(tmp_path)["GOOGLE_APPLICATION_CREDENTIALS"]
    document = json.loads(Path(key_file).read_text())
    for name in vertex.environment(tmp_path):
        monkeypatch.delenv(name, raising=False)
    # config.toml lies there.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CANDELA_PASSPHRASE", "a passphrase")
    sign_in = GoogleSignIn(
        Provider.VERTEX, VertexPlace(), Endpoints(token=document["token_uri"], projects=f"{vertex.url}/projects"), {}
    )
    async with (
        running(vertex, tmp_path, sections={"vertex": {"base_url": vertex.url}}) as candela,
        aiohttp.ClientSession() as client,
    ):
        url = f"{candela.origin}/proxy/anthropic-vertex/v1/messages"
        async with client.post(url, json=ASKED) as refused:
            assert refused.status == 401
            assert "run `candela auth login --provider gcp`" in (await refused.json())["error"]["message"]
        context = _context(candela.paths)
        method = next(method for method in await sign_in.methods(context) if method.id == "service-account")
        await method.run(context, User(key_file, "test-project", choices=["us"]))
        vertex.answer(whole_message(text("hi")))
        async with client.post(url, json=ASKED) as answered:
            assert answered.status == 200, await answered.text()
        assert "/projects/test-project/" in vertex.requests[-1].path
        await sign_in.forget(context)
        async with client.post(url, json=ASKED) as refused:
            assert refused.status == 401
