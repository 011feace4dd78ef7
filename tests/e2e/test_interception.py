"""With ``candela claude --intercept`` the client asks its provider itself, byte for byte as it does directly."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.e2e.candela import COMMAND, Candela
from tests.e2e.claude import Claude, Run, clean_environment, run_claude
from tests.e2e.clouds import BedrockSide, VertexSide
from tests.e2e.connect_proxy import ConnectProxy
from tests.e2e.scenarios import WHOLE_DAY, is_messages, is_title, plain
from tests.keys.made import make
from tests.standin import Provider, ReceivedRequest

pytestmark = pytest.mark.e2e

HOST = "api.anthropic.com"
_OF_ONE_RUN = re.compile(
    rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{64}\b|cch=[0-9a-f]+|home-[12]|/cwd-[0-9a-f]{4}"
)
"""Ids of sessions, devices and requests, a checksum over them, and the home directory."""


def _essence(request: ReceivedRequest) -> bytes:
    """The whole request as it arrived, without what is of one run only."""
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    whole = f"{request.method} {request.target}\r\n{head}\r\n".encode("latin-1") + request.body
    return _OF_ONE_RUN.sub(lambda found: b"-" * len(found[0]), whole)


def _turns(provider: Provider) -> list[ReceivedRequest]:
    return [request for request in provider.requests if is_messages(request) and not is_title(request)]


def _candela(folder: Path, corporate: ConnectProxy, **more: str) -> Candela:
    """A candela whose way to the outside leads through an HTTP proxy."""
    folder.mkdir(exist_ok=True)
    bundle = folder / "corporate.pem"
    bundle.write_bytes(corporate.ca_pem)
    own = {"HTTPS_PROXY": corporate.url, "CANDELA_PROXY__CA_BUNDLE": str(bundle), "NO_PROXY": "127.0.0.1"}
    return Candela(folder / "data", f"https://{HOST}", **own, **more)


def _environment(claude: Claude, candela: Candela, home: Path, **more: str) -> dict[str, str]:
    environment = {**candela.environment, **clean_environment(home), **more}
    environment["PATH"] = f"{claude.directory}:{environment['PATH']}"
    return environment


async def _straight(claude: Claude, folder: Path, prompt: str, corporate: ConnectProxy, *arguments: str) -> Run:
    """Through a proxy that opens the connection, so that a stand-in can take Anthropic's place."""
    authority = folder / "direct.pem"
    await asyncio.to_thread(authority.write_bytes, corporate.ca_pem)
    environment = clean_environment(
        folder / "home-1", HTTPS_PROXY=corporate.url, NODE_EXTRA_CA_CERTS=str(authority), NO_PROXY="127.0.0.1"
    )
    return await run_claude(claude, prompt, environment, folder / "project", *arguments)


async def test_an_intercepted_request_is_the_direct_one_byte_for_byte(claude: Claude, tmp_path: Path) -> None:
    project = tmp_path / "project"
    await asyncio.to_thread(project.mkdir)
    async with Provider() as provider, ConnectProxy(HOST, provider.url) as corporate:
        provider.respond = plain()
        await _straight(claude, tmp_path, "say hi", corporate)
        direct = [_essence(request) for request in _turns(provider)]
    async with (
        Provider() as provider,
        ConnectProxy(HOST, provider.url, credentials="user:secret") as corporate,
        _candela(tmp_path, corporate) as candela,
    ):
        provider.respond = plain()
        environment = _environment(claude, candela, tmp_path / "home-2")
        await run_claude((COMMAND, "claude", "--intercept"), "say hi", environment, project)
        through = [_essence(request) for request in _turns(provider)]
        arrivals = {each["arrival"] for each in await candela.records("requests")}
        assert corporate.authorized
    assert through == direct
    assert arrivals == {"intercepted"}
    # Otherwise this run proves nothing: these are what the client withholds at a base URL.
    assert b"x-client-request-id" in through[0].lower()
    assert b"Host: api.anthropic.com" in through[0]


async def test_where_keys_are_required_the_client_sends_one_in_a_field_of_candelas(
    claude: Claude, tmp_path: Path
) -> None:
    project, key = tmp_path / "project", make_key(tmp_path)
    await asyncio.to_thread(project.mkdir)
    async with (
        Provider() as provider,
        ConnectProxy(HOST, provider.url) as corporate,
        _candela(tmp_path, corporate, CANDELA_KEYS__REQUIRED="true") as candela,
    ):
        provider.respond = plain()
        runs = []
        for name, fields in (("with", {"ANTHROPIC_CUSTOM_HEADERS": f"X-Candela-Key: {key}"}), ("without", {})):
            environment = _environment(claude, candela, tmp_path / name, **fields)
            runs.append(await run_claude((COMMAND, "claude", "--intercept"), "say hi", environment, project))
        records = await candela.records("requests")
    assert [run.printed["is_error"] for run in runs] == [False, True]
    assert "needs one of its own keys" in runs[1].printed["result"]
    assert {each["key"] for each in records} == {"ci", None}
    assert key not in repr(provider.requests)


def make_key(folder: Path) -> str:
    """Make a key in the data directory of a candela that is to start, and return its text."""
    (folder / "data").mkdir(mode=0o700)
    return make(folder / "data")[1]


async def test_a_whole_day_ends_as_without_candela(claude: Claude, tmp_path: Path) -> None:
    allowed = ("--allowedTools", "Bash", "Agent")
    await asyncio.to_thread((tmp_path / "project").mkdir)
    async with Provider() as provider, ConnectProxy(HOST, provider.url) as corporate:
        provider.respond = WHOLE_DAY.provider_side()
        straight = await _straight(claude, tmp_path, WHOLE_DAY.prompt, corporate, *allowed)
        count = len(_turns(provider))
    async with (
        Provider() as provider,
        ConnectProxy(HOST, provider.url) as corporate,
        _candela(tmp_path, corporate) as candela,
    ):
        provider.respond = WHOLE_DAY.provider_side()
        environment = _environment(claude, candela, tmp_path / "home-2")
        words = (COMMAND, "claude", "--intercept")
        run = await run_claude(words, WHOLE_DAY.prompt, environment, tmp_path / "project", *allowed)
        assert len(_turns(provider)) == count
    assert run.essence == straight.essence


async def test_a_client_of_bedrock_signs_for_aws_itself(claude: Claude, tmp_path: Path) -> None:
    place = "bedrock-runtime.us-east-1.amazonaws.com"
    await asyncio.to_thread((tmp_path / "project").mkdir)
    async with (
        BedrockSide(plain()) as cloud,
        ConnectProxy(place, cloud.url) as corporate,
        _candela(tmp_path, corporate) as candela,
    ):
        own = cloud.environment(tmp_path)
        environment = _environment(claude, candela, tmp_path / "home", **{**own, "CLAUDE_CODE_USE_BEDROCK": "1"})
        del environment["ANTHROPIC_API_KEY"]
        model = ("--model", "us.anthropic.claude-opus-4-8")
        words = (COMMAND, "claude", "--intercept")
        run = await run_claude(words, "say hi", environment, tmp_path / "project", *model)
        # The stand-in takes no field that AWS does not document, and the client sends one to AWS itself.
        assert "eager_input_streaming" in run.printed["result"] or not run.printed["is_error"], run.printed
        records = await candela.records("requests")
    # The stand-in refuses every signature that is not for the host and the bytes that it gets with 403.
    assert {(each["arrival"], each["region"], each["status"] == 403) for each in records} == {
        ("intercepted", "us-east-1", False)
    }


async def test_a_client_of_vertex_has_its_own_token(claude: Claude, tmp_path: Path) -> None:
    await asyncio.to_thread((tmp_path / "project").mkdir)
    async with (
        VertexSide(plain()) as cloud,
        ConnectProxy(
            "aiplatform.googleapis.com", cloud.url, also=("oauth2.googleapis.com",), credentials="user:secret"
        ) as corporate,
        _candela(tmp_path, corporate) as candela,
    ):
        own = cloud.environment(tmp_path)
        chosen = {"CLAUDE_CODE_USE_VERTEX": "1", "CLOUD_ML_REGION": "global"}
        # The token comes from a host that candela does not open. Its certificate is that of the company's proxy, which
        # the client trusts because candela keeps the user's own bundle.
        chosen["NODE_EXTRA_CA_CERTS"] = candela.environment["CANDELA_PROXY__CA_BUNDLE"]
        environment = _environment(claude, candela, tmp_path / "home", **{**own, **chosen})
        del environment["ANTHROPIC_API_KEY"]
        words = (COMMAND, "claude", "--intercept")
        run = await run_claude(words, "say hi", environment, tmp_path / "project", "--model", "claude-opus-4-8")
        assert not run.printed["is_error"], run.printed
        assert cloud.asked
        [first, *_] = await candela.records("requests")
    assert (first["arrival"], first["region"]) == ("intercepted", "global")
