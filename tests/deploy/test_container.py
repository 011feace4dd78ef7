"""deploy/Containerfile: an image that is not root and works with a read-only root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = os.environ.get("CANDELA_TEST_BASE_IMAGE")
"""An image with python3 and its venv, where the one of the Containerfile can't be had."""
IMAGE = "localhost/candela-test"

pytestmark = [
    pytest.mark.install,
    pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman"),
    pytest.mark.xdist_group("container"),
]


def podman(*words: str | Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *words], capture_output=True, text=True, check=False, timeout=timeout_s)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    base = BASE or "docker.io/library/python:3.13-slim-bookworm"
    if podman("image", "exists", base).returncode and podman("pull", base, timeout_s=600).returncode:
        pytest.skip(f"the image {base} can't be had")
    variables = [f"--env={name}={os.environ[name]}" for name in ("PIP_INDEX_URL", "PIP_CERT") if name in os.environ]
    configured = [f"--volume={file}:{file}:ro" for file in ("/etc/pip.conf",) if Path(file).exists()]
    built = podman(
        *(
            "build",
            "--isolation=chroot",
            "--network=host",
            "-f",
            ROOT / "deploy" / "Containerfile",
            "-t",
            IMAGE,
            f"--build-arg=BASE={base}",
        ),
        *variables,
        *configured,
        ROOT,
        timeout_s=1200,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    yield IMAGE
    podman("rmi", "-f", IMAGE)


def run(image: str, *command: str) -> subprocess.CompletedProcess[str]:
    limits = ("--rm", "--read-only", "--read-only-tmpfs=true", "--cap-drop=ALL", "--network=none")
    return podman("run", *limits, image, *command)


def test_it_runs_as_a_user_without_rights_on_a_read_only_root(image: str) -> None:
    version = run(image, "--version")
    status = run(image, "config", "check")

    assert version.returncode == 0, version.stderr
    assert version.stdout.startswith("candela ")
    assert status.returncode == 0, status.stderr
    assert podman("image", "inspect", "--format={{.Config.User}}", image).stdout.strip() == "8181:8181"


def test_it_serves_until_it_is_told_to_stop(image: str) -> None:
    name = "candela-test-serving"
    limits = ("--read-only", "--read-only-tmpfs=true", "--cap-drop=ALL", "--network=none")
    started = podman("run", "-d", "--rm=false", "--name", name, *limits, "-e", "PROVIDERS=anthropic", image)
    try:
        assert started.returncode == 0, started.stderr
        asked = 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8080/healthz").read().decode())'
        for _ in range(60):
            health = podman("exec", name, "/opt/candela/bin/python", "-c", asked)
            if health.returncode == 0:
                break
        assert '"name": "candela"' in health.stdout, health.stderr
        stopped = podman("stop", "-t", "30", name)
        assert stopped.returncode == 0, stopped.stderr
        assert podman("inspect", "--format={{.State.ExitCode}}", name).stdout.strip() == "0"
    finally:
        podman("rm", "-f", name)
