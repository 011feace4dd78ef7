"""The targets: the provider itself, what people use in front of one, and candela in its forms."""

import contextlib
import importlib.metadata
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import programs
from benchmarks.history import fill
from benchmarks.programs import Candela, Program, server
from candela_tui import __version__


class Unavailable(Exception):
    """A target can't run on this machine. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the targets of one run share."""

    upstream: Program
    directory: Path
    """For their files; removed after the run."""
    history: int
    """So many requests are in the store of each candela."""

    def own(self, name: str) -> Path:
        """Return a new directory for the files of one target."""
        path = self.directory / name
        path.mkdir()
        return path


@dataclass(frozen=True, slots=True)
class Running:
    """A target that runs."""

    url: str
    version: str
    processes: tuple[Program, ...]
    user: Candela | None = None
    """The candela on whose terminal someone can type."""
    routes: dict[str, str] = field(default_factory=dict)
    """URLs of further targets in the same process, by their id."""

    def processor_seconds(self) -> float:
        return sum(each.processor_seconds() for each in self.processes)


@dataclass(frozen=True, slots=True)
class Target:
    """One way from the client to the provider."""

    id: str
    label: str
    start: Callable[[Setting], AbstractContextManager[Running]]


@contextlib.contextmanager
def _straight(setting: Setting) -> Iterator[Running]:
    yield Running(setting.upstream.url, "", (setting.upstream,))


@contextlib.contextmanager
def _bare(setting: Setting) -> Iterator[Running]:
    with server("benchmarks.bare", setting.upstream.url) as running:
        yield Running(running.url, importlib.metadata.version("aiohttp"), (running,))


_NGINX = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream provider {{ server {upstream}; keepalive 256; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@contextlib.contextmanager
def _nginx(setting: Setting) -> Iterator[Running]:
    executable = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if executable is None:
        raise Unavailable("not installed. On Debian: apt-get install nginx-light")
    directory, port = setting.own("nginx"), programs.free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(_NGINX.format(upstream=setting.upstream.url.removeprefix("http://"), port=port))
    told = subprocess.run([executable, "-v"], capture_output=True, text=True, check=True)
    command = [executable, "-p", str(directory), "-e", "stderr", "-c", str(configuration)]
    with programs.program(command, port, directory=directory) as running:
        yield Running(running.url, told.stderr.rpartition("/")[2].strip(), (running,))


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
    directory = setting.own(name)
    fill(directory / "candela.db", setting.history)
    return directory


@contextlib.contextmanager
def _serve(setting: Setting) -> Iterator[Running]:
    directory, upstream = _candela_files(setting, "serve"), setting.upstream.url
    environment = _clouds(directory, upstream)
    with programs.candela(upstream, directory, dashboard=False, environment=environment) as running:
        routes = {cloud: f"{running.url}/proxy/anthropic-{cloud}" for cloud in ("vertex", "bedrock")}
        yield Running(running.url, __version__, (running,), routes=routes)


@contextlib.contextmanager
def _dashboard(setting: Setting) -> Iterator[Running]:
    directory = _candela_files(setting, "dashboard")
    with programs.candela(setting.upstream.url, directory, dashboard=True) as running:
        yield Running(running.url, __version__, (running,), user=running)


@contextlib.contextmanager
def _attached(setting: Setting) -> Iterator[Running]:
    directory = _candela_files(setting, "attached")
    with (
        programs.candela(setting.upstream.url, directory, dashboard=False) as serving,
        programs.attached(serving, directory) as running,
    ):
        yield Running(serving.url, __version__, (serving, running), user=running)


TARGETS = (
    Target("straight", "the provider itself", _straight),
    Target("bare", "bare aiohttp", _bare),
    Target("nginx", "nginx", _nginx),
    Target("serve", "candela serve", _serve),
    Target("dashboard", "candela with dashboard", _dashboard),
    Target("attached", "candela, dashboard attached", _attached),
)

LABELS = {target.id: target.label for target in TARGETS} | {
    "vertex": "candela serve to Vertex AI",
    "bedrock": "candela serve to Bedrock",
}
