"""deploy/Containerfile: an image that is not root and works with a read-only root."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASE = os.environ.get("CANDELA_TEST_BASE_IMAGE", "docker.io/library/python:3.13-slim-bookworm")
"""An image with python3 and its venv."""
OWN_BASE = "localhost/candela-test-base"
"""The one that is made of Debian's packages where no registry of images can be reached, and kept for the next time."""
PACKAGES = "python3,python3-venv"
IMAGE = "localhost/candela-test"

pytestmark = [
    pytest.mark.install,
    pytest.mark.skipif(shutil.which("podman") is None, reason="needs podman"),
    pytest.mark.xdist_group("container"),
]


def podman(*words: str | Path, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    command = ["podman", *runtime(), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)


def runtime() -> list[str]:
    """crun, which podman prefers, does not work where version 2 of cgroups is mounted beside version 1."""
    is_hybrid = Path("/sys/fs/cgroup/unified").exists()
    return ["--runtime=runc"] if is_hybrid and shutil.which("runc") else []


CONFINED = (
    *("--read-only", "--read-only-tmpfs=true", "--cap-drop=ALL", "--network=none"),
    # Without these podman asks for higher ones, which even root may not have.
    *("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"),
)
"""The options of each container."""


def base_image(directory: Path) -> str:
    """Return the name of an image to build on."""
    for name in (BASE, OWN_BASE):
        if podman("image", "exists", name).returncode == 0:
            return name
    if podman("pull", BASE, timeout_s=600).returncode == 0:
        return BASE
    if shutil.which("mmdebstrap") is None or os.geteuid() != 0:
        pytest.skip(f"{BASE} can't be pulled, and mmdebstrap, which makes an image of Debian's packages, needs root")
    archive = directory / "base.tar"
    made = subprocess.run(
        ["mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", archive],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert made.returncode == 0, made.stderr[-2000:]
    imported = podman("import", archive, OWN_BASE, timeout_s=600)
    assert imported.returncode == 0, imported.stderr
    return OWN_BASE


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    base = base_image(tmp_path_factory.mktemp("image"))
    variables = [f"--env={name}={os.environ[name]}" for name in ("PIP_INDEX_URL", "PIP_CERT") if name in os.environ]
    # How pip reaches its index from this machine.
    files = [Path(file) for file in ("/etc/pip.conf", "/etc/ssl/certs")]
    configured = [f"--volume={file}:{file}:ro" for file in files if file.exists()]
    containerfile = ROOT / "deploy" / "Containerfile"
    built = podman(
        *("build", "--isolation=chroot", "--network=host", "-f", containerfile, "-t", IMAGE),
        *(f"--build-arg=BASE={base}", *variables, *configured, ROOT),
        timeout_s=1800,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    works = podman("run", "--rm", *CONFINED, "--entrypoint=/bin/true", IMAGE)
    if works.returncode:
        pytest.skip(f"the image is built, but no container runs here: {works.stderr.strip()[-300:]}")
    yield IMAGE
    podman("rmi", "-f", IMAGE)


def run(image: str, *command: str, entrypoint: str = "candela") -> subprocess.CompletedProcess[str]:
    return podman("run", "--rm", *CONFINED, f"--entrypoint={entrypoint}", image, *command)


def test_it_runs_as_a_user_without_rights_on_a_read_only_root(image: str) -> None:
    version = run(image, "--version")
    status = run(image, "config", "check")
    user = run(image, "-u", entrypoint="id")
    written = run(image, "/opt/candela/file", entrypoint="touch")

    assert version.returncode == 0, version.stderr
    assert version.stdout.startswith("candela ")
    assert status.returncode == 0, status.stderr
    assert user.stdout.strip() == "8181"
    assert "Read-only file system" in written.stderr
    assert podman("image", "inspect", "--format={{.Config.User}}", image).stdout.strip() == "8181:8181"


def test_it_can_redirect_the_connections_of_its_pod(image: str) -> None:
    rights = ("--user=0", "--cap-add=NET_ADMIN", "--entrypoint=/bin/sh")
    script = "/usr/local/bin/redirect.sh on 8181 8182 && nft list table inet candela"

    done = podman("run", "--rm", *CONFINED, *rights, image, "-c", script)

    assert done.returncode == 0, done.stderr
    assert "skuid 8181 return" in done.stdout
    assert "tcp dport 443 redirect to :8182" in done.stdout


def test_it_serves_until_it_is_told_to_stop(image: str) -> None:
    name = "candela-test-serving"
    started = podman("run", "-d", "--rm=false", "--name", name, *CONFINED, "-e", "PROVIDERS=anthropic", image)
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
