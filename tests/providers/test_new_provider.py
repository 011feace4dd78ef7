"""A provider is a package and a few lines of the table: the rest of candela takes it from there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import candela_tui

LAST = "CLAUDE_GOOGLE_CLOUD"

LINES = {
    f'    {LAST} = "claude_google_cloud"\n': f'    {LAST} = "claude_google_cloud"\n    ACME = "acme"\n',
    f'    {LAST} = "claude-google-cloud"\n': f'    {LAST} = "claude-google-cloud"\n    ACME = "acme"\n',
    "    )\n}\n": """        ProviderInfo(Provider.ACME, "Acme Claude", "Acme", "acme", Dialect.MESSAGES, "anthropic"),
    )
}
""",
    "        Provider.CLAUDE_GOOGLE_CLOUD,\n    ),\n": """        Provider.CLAUDE_GOOGLE_CLOUD,
    ),
    Route(RouteName.ACME, "acme", "/proxy/acme", Dialect.MESSAGES, Provider.ACME),
""",
}
"""What ``identity.py`` gets, by what it takes the place of."""

MODULES = {
    "__init__.py": "",
    "upstreams.py": """
from candela_tui.credentials.owner import Accepts, Owner
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.pass_through import Endpoint, PassThrough

class Signer:
    accepts = Accepts(frozenset({"x-api-key"}), Owner.UNKNOWN, unknown=False)

    async def endpoint(self, path):
        return Endpoint("https://acme.test/claude", "moon", (("acme-workspace", "w1"),))

    async def credentials(self):
        return "first"

    async def renewed(self, refused):
        return f"after {refused}"

    async def signed(self, request, credentials, region):
        return [("x-acme-key", f"{credentials} in {region}")]

    def refuses(self, credentials, status, headers, body):
        return status == 401

    async def close(self):
        pass

def open_upstreams(context):
    return {RouteName.ACME: PassThrough(Provider.ACME, Signer())}

def destination(settings, environ):
    return "https://acme.test"
""",
    "sign_in.py": """
from candela_tui.credentials.sign_in.interface import Finding, SignIn
from candela_tui.providers.identity import Provider

async def find(context):
    return [Finding("ACME_KEY", "a key", True)]

async def nothing(context):
    return []

async def forget(context):
    return "Acme is forgotten."

SIGN_IN = SignIn(Provider.ACME, find, nothing, nothing, forget)
""",
    "checks.py": """
from candela_tui.credentials.sign_in.interface import CheckLine
from candela_tui.providers.package import Checks

async def endpoint(machine):
    return "https://acme.test"

async def access(machine, client):
    return CheckLine("ok", "Acme answers")

CHECKS = Checks(lambda machine: True, endpoint, access)
""",
}

PROGRAM = """
import asyncio
import json
from candela_tui.cli.commands.env import env
from candela_tui.config import Settings
from candela_tui.doctor.checks import all_checks
from candela_tui.providers.registry import destination, open_upstreams
from candela_tui.providers.upstream import ClientRequest
from candela_tui.proxy.routes import Routes

settings = Settings.model_validate({"proxy": {"default_route": "acme"}})
route, path = Routes(settings).resolve("/proxy/acme/v1/messages")
default, _ = Routes(settings).resolve("/v1/messages")
upstream = open_upstreams(settings, None, None, lambda state: None)[route.name]
fields = [("Authorization", "Bearer candela"), ("x-api-key", "sk-ant-api03-x"), ("anthropic-version", "2023-06-01")]

async def asked():
    first = await upstream.attempt(ClientRequest("POST", "/v1/messages", fields, b"{}"))
    return first.request, (await first.on_error(401, [], b"")).request

sent = asyncio.run(asked())
options = next(parameter for parameter in env.params if parameter.name == "route").type.choices
print(json.dumps({
    "route": [route.name, path, default.name],
    "destination": destination(route.name, settings),
    "sent": [[request.url, dict(request.headers), request.body.decode()] for request in sent],
    "options": list(options),
    "examinations": [each.topic.id for each in all_checks() if "acme" in each.topic.id],
}))
"""


def test_a_package_and_its_lines_are_all_that_a_provider_needs(tmp_path: Path) -> None:
    tree = tmp_path / "candela_tui"
    shutil.copytree(Path(candela_tui.__file__).parent, tree, ignore=shutil.ignore_patterns("__pycache__"))
    identity = tree / "providers" / "identity.py"
    text = identity.read_text()
    for before, after in LINES.items():
        assert text.count(before) == 1
        text = text.replace(before, after)
    identity.write_text(text)
    package = tree / "providers" / "acme"
    package.mkdir()
    for name, content in MODULES.items():
        (package / name).write_text(content)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}

    def run(*words: str) -> str:
        ran = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=60, env=environ, cwd=tmp_path, check=False
        )
        assert ran.stderr == ""
        return ran.stdout

    found = json.loads(run("-c", PROGRAM))
    assert found["route"] == ["acme", "/v1/messages", "acme"]
    assert found["destination"] == "https://acme.test"
    kept = {"anthropic-version": "2023-06-01", "acme-workspace": "w1"}
    assert found["sent"] == [
        ["https://acme.test/claude/v1/messages", kept | {"x-acme-key": f"{credentials} in moon"}, "{}"]
        for credentials in ("first", "after first")
    ]
    assert found["options"][-1] == "acme"
    assert "direct" in found["options"]
    assert found["examinations"] == ["credentials.acme", "provider.acme-access"]
    status = json.loads(run("-m", "candela_tui", "auth", "status", "--provider", "acme", "--json"))
    [acme] = status["providers"]
    assert (acme["provider"], acme["found"][0]["source"]) == ("acme", "ACME_KEY")
