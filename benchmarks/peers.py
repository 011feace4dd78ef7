"""The programs from PyPI that people use instead, each in an environment of its own in a cache directory."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import programs
from benchmarks.target import Running, Setting, Target, Unavailable

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "candela-benchmarks"
_INSTALL_S = 900


@dataclass(frozen=True, slots=True)
class _Peer:
    """A program from PyPI that passes Messages on to a base URL."""

    id: str
    requirement: str
    command: Callable[[Path, str, int], Sequence[str]]
    """Its arguments, from a directory for its files, the URL of the provider and the port to serve."""
    environment: Mapping[str, str] = field(default_factory=dict)
    share: float = 1.0
    """See Running."""

    @contextlib.contextmanager
    def start(self, setting: Setting) -> Iterator[Running]:
        """Run it; the first time, install it."""
        environment = installed(self.id, self.requirement)
        directory, port = setting.own(self.id), programs.free_port()
        name, *arguments = self.command(directory, setting.upstream.url, port)
        own = {**self.environment, "HOME": str(directory)}
        command = [str(environment / "bin" / name), *arguments]
        with programs.program(command, port, directory=directory, environment=own) as running:
            yield Running(running.url, _version(environment, self.id), (running,), share=self.share)


def installed(name: str, requirement: str) -> Path:
    """Return a virtual environment that has this requirement; create it on the first call.

    Raises:
        Unavailable: uv is missing, or can't install it.
    """
    path = CACHE / name
    if (path / "complete").exists():
        return path
    if shutil.which("uv") is None:
        raise Unavailable("uv is not installed: https://docs.astral.sh/uv/")
    shutil.rmtree(path, ignore_errors=True)
    python = str(path / "bin" / "python")
    for command in (
        ["uv", "venv", "--quiet", "--python", sys.executable, str(path)],
        ["uv", "pip", "install", "--quiet", "--python", python, requirement],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise Unavailable(f"uv can't install {requirement}: {lines[-1] if lines else 'it gave no reason'}")
    (path / "complete").touch()
    return path


def _version(environment: Path, name: str) -> str:
    code = f"import importlib.metadata; print(importlib.metadata.version({name!r}))"
    told = subprocess.run([environment / "bin" / "python", "-c", code], capture_output=True, text=True, check=True)
    return told.stdout.strip()


def _mitmproxy(directory: Path, upstream: str, port: int) -> list[str]:
    # Without stream_large_bodies, it would pass an answer on only when it is complete.
    options = ["--set", f"confdir={directory}", "--set", "stream_large_bodies=1"]
    address = ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    return ["mitmdump", "--quiet", "--mode", f"reverse:{upstream}", *address, *options]


def _claude_tap(_directory: Path, upstream: str, port: int) -> list[str]:
    address = ["--tap-host", "127.0.0.1", "--tap-port", str(port), "--tap-target", upstream]
    return ["claude-tap", "--tap-no-launch", "--tap-no-live", "--tap-no-open", *address]


_LITELLM = """
model_list:
  - model_name: claude-opus-4-8
    litellm_params:
      model: anthropic/claude-opus-4-8
      api_base: {upstream}
      api_key: sk-ant-benchmark
"""


def _litellm(directory: Path, upstream: str, port: int) -> list[str]:
    configuration = directory / "config.yaml"
    configuration.write_text(_LITELLM.format(upstream=upstream))
    return ["litellm", "--config", str(configuration), "--host", "127.0.0.1", "--port", str(port)]


_LITELLM_ENVIRONMENT = {
    # Without a key of its own it starts only so; with one, each request would be looked up too.
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}

MITMPROXY = Target("mitmproxy", "mitmproxy", _Peer("mitmproxy", "mitmproxy>=10", _mitmproxy).start)
CLAUDE_TAP = Target("claude-tap", "claude-tap", _Peer("claude-tap", "claude-tap>=0.1", _claude_tap, share=0.5).start)
LITELLM = Target(
    "litellm", "LiteLLM", _Peer("litellm", "litellm[proxy]>=1.80", _litellm, _LITELLM_ENVIRONMENT, share=0.25).start
)
