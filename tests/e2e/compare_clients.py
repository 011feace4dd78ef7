"""Says what one client does differently than another: ``python -m tests.e2e.compare_clients OLD NEW``."""

import asyncio
import difflib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from candela_tui.claude_code.installed import installed_version
from tests.e2e.claude import Claude, clean_environment, run_claude
from tests.e2e.claude_variables import variables_of
from tests.e2e.connect_proxy import ConnectProxy
from tests.e2e.scenarios import bash_tool, is_messages
from tests.standin import Provider, ReceivedRequest

_PROMPT = "run echo"
_LONG = ("messages", "system", "tools", "metadata")


def _portrait(request: ReceivedRequest) -> dict[str, Any]:
    """What a request of the conversation has, without its texts."""
    body = request.json
    return {
        "betas": (request.header("anthropic-beta") or "").split(","),
        "headers": sorted(name.lower() for name, _ in request.headers),
        "fields": {name: value for name, value in body.items() if name not in _LONG},
        "tools": [tool["name"] for tool in body.get("tools", [])],
        "system blocks": len(body.get("system", [])),
        "roles": [message["role"] for message in body["messages"]],
        "size in kB": round(len(request.body) / 1000),
    }


async def _requests(claude: Claude, folder: Path, *, at_anthropic: bool, arguments: tuple[str, ...] = ()) -> list[Any]:
    project = folder / "project"
    project.mkdir(parents=True)
    async with Provider() as provider, ConnectProxy("api.anthropic.com", provider.url) as proxy:
        provider.respond = bash_tool()
        if at_anthropic:
            authority = folder / "ca.pem"
            authority.write_bytes(proxy.ca_pem)
            way = {"HTTPS_PROXY": proxy.url, "NODE_EXTRA_CA_CERTS": str(authority)}
        else:
            way = {"ANTHROPIC_BASE_URL": provider.url, "CLAUDE_CODE_GATEWAY_HINT_HEADERS": "1"}
        words = ("--allowedTools", "Bash", *arguments)
        await run_claude(claude, _PROMPT, clean_environment(folder / "home", **way), project, *words)
        return [
            _portrait(request) if is_messages(request) else f"{request.method} {request.target.partition('?')[0]}"
            for request in provider.requests
        ]


async def _all(path: str, folder: Path) -> list[str]:
    claude = Claude(path, installed_version(path))
    found = {
        "at a base URL": await _requests(claude, folder / "base", at_anthropic=False),
        "at Anthropic": await _requests(claude, folder / "anthropic", at_anthropic=True),
        "haiku": (await _requests(claude, folder / "haiku", at_anthropic=True, arguments=("--model", "haiku")))[-1],
        "variables": sorted(variables_of(Path(path))),
    }
    text = json.dumps(found, indent=1, ensure_ascii=False)
    # A path of the server that changes with the version.
    return re.sub(r"/api/eval/\S+", "/api/eval/…", text).splitlines()


def main() -> None:
    """Print the differences as a unified diff."""
    old, new = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        portraits = [asyncio.run(_all(path, Path(folder) / name)) for path, name in ((old, "old"), (new, "new"))]
    lines = list(difflib.unified_diff(*portraits, old, new, n=4, lineterm=""))
    print("\n".join(lines) if lines else "no difference")  # noqa: T201


if __name__ == "__main__":
    main()
