"""Record the corpus again, with each client in CANDELA_TEST_CLAUDE: ``python -m tests.analysis.cache_corpus.record``.

Each case runs ``claude -p`` twice against the stand-in provider, the second time with ``--resume`` and one thing
changed. It keeps the last request of the first run and the first of the second one that have tools; of a case within
one run, a request and the one before it. In a request, long texts are cut and end with a digest of the rest, and ids,
paths and dates have a form of their own. Everything else is as the client sent it.
"""

import asyncio
import gzip
import json
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from candela_tui.claude_code.installed import written
from tests.analysis.cache_corpus.corpus import FILES
from tests.e2e.claude import Claude, clean_environment, clients, run_claude
from tests.standin import Provider, ReceivedRequest, message, text, tool_use
from tests.standin.answers import Answer

_LONG = 160
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX = re.compile(r"\b[0-9a-f]{64}\b")
_DATE = re.compile(r"\b20\d\d[-/]\d\d[-/]\d\d\b|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [A-Z][a-z]+ \d+,? 20\d\d\b")
_HEADERS = ("anthropic-beta", "x-claude-code-session-id", "x-claude-code-agent-id")
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)
_MCP = """
import json, sys
TOOL = {"name": "trim", "description": "Trims the lamp.", "inputSchema": {"type": "object"}}
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    result = {"tools": [TOOL]}
    if asked["method"] == "initialize":
        version = asked["params"]["protocolVersion"]
        about = {"serverInfo": {"name": "lamp", "version": "1"}, "capabilities": {"tools": {}}}
        result = {"protocolVersion": version, **about}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""
_MODELS = {"2.1.197": "claude-opus-4-8"}
"""A resumed session has the model that answered. The older client's own default has a larger window, which no answer
names, so that its prompt would say another name after that."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the second run differs from the first."""

    arguments: Sequence[str] = ()
    environment: dict[str, str] = field(default_factory=dict)
    before: Callable[[Path], None] = lambda cwd: None
    """Called between the runs."""
    prompt: str = "and again"
    answers: Sequence[Answer] = ()
    """The first answers to the requests of the second run."""
    compact: bool = False
    """Run ``/compact`` between the two; the request for the summary is the first of the pair."""
    number: int = 0
    """Which of the second run's requests is the second of the pair."""
    same_run: bool = False
    """The pair is of the second run: this request and the one before it."""


def _claude_md(cwd: Path) -> None:
    (cwd / "CLAUDE.md").write_text("Always trim the lamp before dusk.\n")


def _image(cwd: Path) -> None:
    (cwd / "lamp.png").write_bytes(_PNG)


def _mcp(cwd: Path) -> None:
    (cwd / "server.py").write_text(_MCP)
    servers = {"lamp": {"command": sys.executable, "args": [str(cwd / "server.py")]}}
    (cwd / "mcp.json").write_text(json.dumps({"mcpServers": servers}))


def _many_files(cwd: Path) -> None:
    for number in range(25):
        (cwd / f"note{number}.txt").write_text(f"note {number}\n")


def recipes(cwd: Path) -> dict[str, Recipe]:
    """Return the recipe of each case."""
    reads = [tool_use("Read", {"file_path": str(cwd / f"note{number}.txt")}) for number in range(25)]
    return {
        "resumed": Recipe(),
        "mcp_server": Recipe(("--mcp-config", "mcp.json"), {"ENABLE_TOOL_SEARCH": "false"}, before=_mcp),
        "tool_withheld": Recipe(("--disallowedTools", "WebFetch")),
        "append_system_prompt": Recipe(("--append-system-prompt", "Speak like a lighthouse keeper.")),
        "model": Recipe(("--model", "claude-sonnet-4-6")),
        "effort": Recipe(environment={"CLAUDE_CODE_EFFORT_LEVEL": "low"}),
        "thinking": Recipe(environment={"MAX_THINKING_TOKENS": "0", "CLAUDE_CODE_DISABLE_ADAPTIVE_THINKING": "1"}),
        "claude_md": Recipe(before=_claude_md),
        "compact": Recipe(compact=True),
        "fork": Recipe(("--fork-session",)),
        "caching_off": Recipe(environment={"DISABLE_PROMPT_CACHING": "1"}),
        "one_hour": Recipe(environment={"ENABLE_PROMPT_CACHING_1H": "1"}),
        "image": Recipe(
            ("--allowedTools", "Read"),
            before=_image,
            answers=[message(tool_use("Read", {"file_path": str(cwd / "lamp.png")}), stop_reason="tool_use")],
            number=1,
            same_run=True,
        ),
        "many_tool_results": Recipe(
            ("--allowedTools", "Read"),
            before=_many_files,
            answers=[message(*reads, stop_reason="tool_use")],
            number=1,
            same_run=True,
        ),
    }


async def _record(client: Claude, name: str, directory: Path) -> dict[str, Any] | None:
    home, cwd = directory / "home", directory / "lighthouse"
    cwd.mkdir(parents=True)
    recipe = recipes(cwd)[name]
    async with Provider() as provider:
        environment = clean_environment(home, ANTHROPIC_BASE_URL=provider.url)
        provider.respond = _hello
        model = ("--model", _MODELS.get(written(client.known_version), "claude-opus-5-5"))
        first = await run_claude(client, "say hi", environment, cwd, *model)
        session = ("--resume", first.printed["session_id"])
        if recipe.compact:
            # One turn is too short for the older client.
            await run_claude(client, "go on", environment, cwd, *session, *model)
            await run_claude(client, "/compact", environment, cwd, *session, *model)
        earlier = _turns(provider.requests)
        recipe.before(cwd)
        seen, queued = len(provider.requests), list(recipe.answers)

        def respond(request: ReceivedRequest) -> Answer:
            return queued.pop(0) if queued and _turns([request]) else _hello(request)

        provider.respond = respond
        more = {**environment, **recipe.environment}
        await run_claude(client, recipe.prompt, more, cwd, *session, *model, *recipe.arguments)
        turns = _turns(provider.requests[seen:])
        if len(turns) <= recipe.number:
            return None
        pair = (turns[recipe.number - 1] if recipe.same_run else earlier[-1], turns[recipe.number])
        return {side: _kept(request, directory) for side, request in zip(("before", "now"), pair, strict=True)}


def _hello(request: ReceivedRequest) -> Answer:
    """Answer by the model that was asked: a session is resumed with the model that answered."""
    model = request.json.get("model") if request.body else None
    return message(text("Hello."), model=model) if model else message(text("Hello."))


def _turns(requests: Sequence[ReceivedRequest]) -> list[ReceivedRequest]:
    """Return the requests of the conversation: a title or a probe has no tools."""
    posts = [request for request in requests if request.method == "POST" and request.path.endswith("/v1/messages")]
    return [request for request in posts if request.json.get("tools")]


def _kept(request: ReceivedRequest, directory: Path) -> dict[str, Any]:
    headers = {name: request.header(name) for name in _HEADERS}
    body = _anonymous(json.dumps(_cut(request.json), ensure_ascii=False), directory)
    named = {name: _UUID.sub(_form_of_id, value) for name, value in headers.items() if value is not None}
    return {"headers": named, "body": json.loads(body)}


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_cut(member) for member in value]
    if isinstance(value, str) and len(value) > _LONG and "account_uuid" not in value:
        return f"{value[:_LONG]}… {blake2b(_anonymous(value, None).encode(), digest_size=8).hexdigest()}"
    return value


_ids: dict[str, str] = {}


def _form_of_id(found: re.Match[str]) -> str:
    return _ids.setdefault(found[0], f"00000000-0000-4000-8000-{len(_ids) + 1:012}")


def _anonymous(said: str, directory: Path | None) -> str:
    said = _UUID.sub(_form_of_id, said)
    if directory is not None:
        said = said.replace(str(directory), "/home/keeper").replace(str(directory).replace("/", "-"), "-home-keeper")
    said = _HEX.sub("0" * 64, said)
    return _DATE.sub("2026-11-20", said)


async def main() -> None:
    """Write a file for each client."""
    chosen = sys.argv[1:]
    for client in clients():
        version = written(client.known_version)
        path = FILES / f"claude-{version}.json.gz"
        cases = json.loads(gzip.decompress(path.read_bytes())) if path.exists() and chosen else {}
        for name in chosen or recipes(Path("/")):
            with tempfile.TemporaryDirectory() as directory:
                pair = await _record(client, name, Path(directory))
            if pair is None:
                sys.stdout.write(f"{version} {name}: the client made no such request\n")
                continue
            cases[name] = pair
            sys.stdout.write(f"{version} {name}\n")
        packed = json.dumps(cases, ensure_ascii=False, indent=0).encode()
        path.write_bytes(gzip.compress(packed, 9, mtime=0))


if __name__ == "__main__":
    asyncio.run(main())
