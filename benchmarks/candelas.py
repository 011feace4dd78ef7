"""The targets that are candela: without a dashboard, with one, and with one in another process."""

import contextlib
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import programs
from benchmarks.history import fill
from benchmarks.load import intercepted_url
from benchmarks.target import Running, Setting, Target
from candela_tui import __version__
from candela_tui.fulltext.indexer import catch_up
from candela_tui.paths import default_paths
from candela_tui.proxy.tls_interception.authority import own_authority
from candela_tui.store.sequential_reader import SequentialReader


def this_version() -> str:
    """Return the version of this checkout, with its commit if it is a clone."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return __version__
    return f"{__version__} ({told})"


def _google_account(directory: Path, upstream: str) -> Path:
    """Write a Google credentials file whose tokens come from the stand-in provider."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "benchmark",
        "client_email": "benchmark@benchmark.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "token_uri": f"{upstream}/token",
    }
    path = directory / "account.json"
    path.write_text(json.dumps(account))
    return path


def _clouds(directory: Path, upstream: str) -> dict[str, str]:
    """Return the environment that points candela's clouds, with their credentials, at the stand-in provider."""
    return {
        "CANDELA_VERTEX__BASE_URL": upstream,
        "CANDELA_VERTEX__PROJECT": "benchmark",
        "CANDELA_AWS__BASE_URL": upstream,
        "CANDELA_AWS__REGION": "us-east-1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(_google_account(directory, upstream)),
        "AWS_ACCESS_KEY_ID": "AKIABENCHMARK0000000",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _candela_files(setting: Setting, name: str) -> Path:
    """Return a data directory with a history whose words are indexed, as they are when candela has run for a while."""
    made, directory = setting.directory / "history", setting.own(name)
    files = default_paths(made / "config.toml", made)
    if not made.exists():
        made.mkdir()
        fill(files.store_file, setting.history)
        reader = SequentialReader(files.store)
        catch_up(files.search_index, reader, math.inf)
        reader.close()
    shutil.copytree(made, directory, dirs_exist_ok=True)
    return directory


@contextlib.contextmanager
def _serve(setting: Setting) -> Iterator[Running]:
    directory, upstream = _candela_files(setting, "serve"), setting.upstream.url
    environment = _clouds(directory, upstream)
    with programs.candela(upstream, directory, dashboard=False, environment=environment) as running:
        routes = {cloud: f"{running.url}/proxy/anthropic-{cloud}" for cloud in CLOUDS}
        authority = own_authority(default_paths(data=directory).authority)
        routes["intercepted"] = intercepted_url(running.url, authority.certificate_path)
        yield Running(running.url, this_version(), (running,), routes=routes)


@contextlib.contextmanager
def _with_budgets(setting: Setting) -> Iterator[Running]:
    """Run candela with ten budgets that every request falls under, and none of which is reached."""
    directory = _candela_files(setting, "budgets")
    environment = _ten_budgets()
    with programs.candela(setting.upstream.url, directory, dashboard=False, environment=environment) as running:
        yield Running(running.url, this_version(), (running,))


def _ten_budgets() -> dict[str, str]:
    budgets = ", ".join(f'{{ name = "{name}", {rest}, limit_usd = 1000000 }}' for name, rest in _TEN_BUDGETS.items())
    return {"CANDELA_RULES__BUDGETS": f"[{budgets}]"}


def ten_rules() -> dict[str, str]:
    """Return the environment with ten rules of each kind that has several, and one of the others. All look at every
    request, and none does anything about it."""
    numbers = range(10)
    tools = ", ".join(f'{{ deny = ["Bash(forbidden{n} *)"], match = "model:claude -kind:title" }}' for n in numbers)
    aliases = ", ".join(f'"alias{n}" = "claude-haiku-4-5"' for n in numbers)
    agents = ", ".join(f'"agent{n}" = "claude-haiku-4-5"' for n in numbers)
    denied = ", ".join(f'"forbidden{n}-*"' for n in numbers)
    return {
        **_ten_budgets(),
        "CANDELA_RULES__TOOLS": f"[{tools}]",
        "CANDELA_RULES__MODELS": f"{{ aliases = {{ {aliases} }}, by_agent = {{ {agents} }}, deny = [{denied}] }}",
        "CANDELA_RULES__CACHE": '{ kinds = ["title", "count_tokens"] }',
    }


@contextlib.contextmanager
def _with_rules(setting: Setting) -> Iterator[Running]:
    directory = _candela_files(setting, "rules")
    with programs.candela(setting.upstream.url, directory, dashboard=False, environment=ten_rules()) as running:
        yield Running(running.url, this_version(), (running,))


_TEN_BUDGETS = {
    "hour": 'window = "hour"',
    "day": 'window = "day"',
    "week": 'window = "week"',
    "month": 'window = "month"',
    "total": 'window = "total"',
    "five hours": 'window = "rolling:5h"',
    "session": 'window = "total", scope = "session"',
    "model": 'window = "day", scope = "model"',
    "route": 'window = "day", scope = "route"',
    "opus": 'window = "day", match = "model:claude"',
}


@contextlib.contextmanager
def _fallback(setting: Setting) -> Iterator[Running]:
    directory, upstream = _candela_files(setting, "fallback"), setting.upstream.url
    chain = {"CANDELA_RULES__FALLBACK__CHAIN": '["anthropic-direct", "anthropic-bedrock", "anthropic-vertex"]'}
    environment = _clouds(directory, upstream) | chain
    with programs.candela(upstream, directory, dashboard=False, environment=environment) as running:
        yield Running(running.url, this_version(), (running,))


@contextlib.contextmanager
def _with_telemetry(setting: Setting) -> Iterator[Running]:
    """Run candela with traces, metrics and errors going to a collector, which is a process of its own."""
    directory = _candela_files(setting, "telemetry")
    with subprocess.Popen([sys.executable, "-c", _COLLECTOR], stdout=subprocess.PIPE, text=True) as collector:
        assert collector.stdout is not None
        try:
            environment = {
                "CANDELA_TELEMETRY__OTLP_ENDPOINT": f"http://127.0.0.1:{collector.stdout.readline().strip()}"
            }
            with programs.candela(setting.upstream.url, directory, dashboard=False, environment=environment) as running:
                yield Running(running.url, this_version(), (running,))
        finally:
            collector.kill()


_COLLECTOR = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = HTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextlib.contextmanager
def _dashboard(setting: Setting) -> Iterator[Running]:
    directory = _candela_files(setting, "dashboard")
    with programs.candela(setting.upstream.url, directory, dashboard=True) as running:
        yield Running(running.url, this_version(), (running,), user=running)


@contextlib.contextmanager
def _attached(setting: Setting) -> Iterator[Running]:
    directory = _candela_files(setting, "attached")
    with (
        programs.candela(setting.upstream.url, directory, dashboard=False) as serving,
        programs.attached(serving, directory) as running,
    ):
        yield Running(serving.url, this_version(), (serving, running), user=running)


SERVE = Target("serve", "candela serve", _serve)
BUDGETS = Target("budgets", "candela serve, ten budgets", _with_budgets)
FALLBACK = Target("fallback", "candela serve, a fallback", _fallback)
TELEMETRY = Target("telemetry", "candela serve, telemetry", _with_telemetry)
RULES = Target("rules", "candela serve, ten rules of each kind", _with_rules)
DASHBOARD = Target("dashboard", "candela with dashboard", _dashboard)
ATTACHED = Target("attached", "candela, dashboard attached", _attached)
CLOUDS = {"vertex": "candela to Vertex AI", "bedrock": "candela to Bedrock"}
"""The targets that are further routes of ``candela serve``, by id, with their labels."""
INTERCEPTED = {"intercepted": "candela, intercepted"}
"""The target that is the same ``candela serve`` as an HTTPS proxy."""
