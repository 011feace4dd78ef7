"""A sign-in to AWS while candela runs."""

import socket
from pathlib import Path

import aiohttp
import pytest

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Account, Accounts, Store
from candela_tui.credentials.sign_in.interface import SignInContext
from candela_tui.credentials.state import Standing
from candela_tui.credentials.vault.choice import Vault
from candela_tui.credentials.vault.encrypted_file import EncryptedFile
from candela_tui.paths import Paths
from candela_tui.providers.bedrock.sign_in.aws import SIGN_IN
from tests.credentials.sign_in.aws_user import User
from tests.proxy.running import running
from tests.proxy.test_bedrock import ASKED, ROUTE
from tests.standin import text, whole_message
from tests.standin.bedrock import Bedrock

PASSPHRASE = "a passphrase"
HINT = "run `candela auth login --provider aws`"


def _context(paths: Paths) -> SignInContext:
    kept = EncryptedFile(paths.vault, lambda: PASSPHRASE, cost=2)

    async def vault() -> tuple[Store, Vault]:
        return "file", kept

    async def opened(_account: Account) -> Vault:
        return kept

    return SignInContext(Settings(), paths.config, Accounts(paths.accounts), vault, opened)


async def _sign_in(paths: Paths, bedrock: Bedrock) -> tuple[str, str, str]:
    access_key, secret, token = bedrock.issue()
    typed = [("Access key ID", access_key), ("Secret access key", secret), ("Session token", token)]
    method = next(method for method in await SIGN_IN.methods(_context(paths)) if method.id == "keys")
    await method.run(_context(paths), User(*typed, ("Which AWS region?", "us-east-1")))
    return access_key, secret, token


async def test_requests_go_on_with_a_sign_in_and_its_region_while_candela_runs(
    bedrock: Bedrock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        # config.toml lies there.
        "XDG_CONFIG_HOME": str(tmp_path),
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": str(tmp_path / "nothing"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "nothing"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "CANDELA_PASSPHRASE": PASSPHRASE,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        async with (
            running(bedrock, tmp_path, sections={"aws": {"base_url": bedrock.url}}) as candela,
            aiohttp.ClientSession() as client,
        ):
            url = candela.origin + ROUTE + "/v1/messages"

            async def status_and_words() -> tuple[int, str]:
                async with client.post(url, json=ASKED) as answer:
                    return answer.status, await answer.text()

            bedrock.answer(whole_message(text("hi")), whole_message(text("again")))
            assert "no AWS region" in (await status_and_words())[1]
            first = await _sign_in(candela.paths, bedrock)
            assert (await status_and_words())[0] == 200
            bedrock.expire_keys()
            status, words = await status_and_words()
            assert status == 401
            assert HINT in words
            assert [state.standing for state in candela.feed.credentials] == [Standing.REFUSED]
            second = await _sign_in(candela.paths, bedrock)
            assert (await status_and_words())[0] == 200
            assert [state.standing for state in candela.feed.credentials] == [Standing.SIGNED_IN]
            assert "was deleted from" in await SIGN_IN.forget(_context(candela.paths))
            assert HINT in (await status_and_words())[1]
    everything = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in (*first[1:], *second[1:], PASSPHRASE):
        assert secret.encode() not in everything
