"""The real client on another machine: it reaches candela over TLS, with a certificate of the company's authority."""

from pathlib import Path

import pytest

from tests.e2e.candela import Candela
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.scenarios import speak, titled
from tests.keys.test_keys_file import TEXT
from tests.proxy.test_keys import ADDRESS, beyond
from tests.proxy.test_server_certificate import AUTHORITY, write
from tests.standin import Provider, text

pytestmark = [pytest.mark.e2e, beyond]


async def test_the_client_uses_candela_over_tls_once_it_trusts_the_authority(claude: Claude, tmp_path: Path) -> None:
    assert ADDRESS is not None
    cert, key = write(tmp_path, AUTHORITY.issue_cert(ADDRESS))
    authority, keys, project = tmp_path / "authority.pem", tmp_path / "keys.toml", tmp_path / "project"
    authority.write_bytes(AUTHORITY.cert_pem.bytes())
    keys.write_text(f'[[keys]]\nname = "alice"\nkey = "{TEXT}"\n')
    keys.chmod(0o600)
    project.mkdir()
    settings = {
        "CANDELA_PROXY__LISTEN": "0.0.0.0",
        "CANDELA_PROXY__KEYS_FILE": str(keys),
        "CANDELA_PROXY__TLS_CERT": str(cert),
        "CANDELA_PROXY__TLS_KEY": str(key),
        "CANDELA_ANTHROPIC__KEY_COMMAND": "echo sk-ant-api03-own",
    }
    async with Provider() as provider:
        provider.respond = titled(lambda asked: speak(asked, text("Hello over TLS")))
        async with Candela(tmp_path / "data", provider.url, **settings) as candela:
            url = f"https://{ADDRESS}:{candela.port}"
            environment = clean_environment(tmp_path / "home", ANTHROPIC_BASE_URL=url, ANTHROPIC_AUTH_TOKEN=TEXT)
            del environment["ANTHROPIC_API_KEY"]
            run = await run_claude(claude, "Say hello", {**environment, "NODE_EXTRA_CA_CERTS": str(authority)}, project)
            requests = await candela.records("requests")

    assert (run.code, run.printed["result"]) == (0, "Hello over TLS")
    assert {request["key"] for request in requests} == {"alice"}
    assert {request.header("x-api-key") for request in provider.requests} == {"sk-ant-api03-own"}
