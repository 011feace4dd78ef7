"""An environment in which no cloud's credentials are, whatever machine the tests run on."""

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.credentials.endpoint import Endpoint

_OF_CLOUDS = ("AWS_", "GOOGLE_", "GCE_", "GCLOUD_", "CLOUDSDK_", "CLOUD_ML_", "ANTHROPIC_")
_OF_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """A server on loopback."""
    with Endpoint() as running:
        yield running


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A CA that nobody knows."""
    return trustme.CA()


@pytest.fixture
def tls_endpoint(authority: trustme.CA) -> Iterator[Endpoint]:
    """A server on loopback over TLS, with a certificate of that CA."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with Endpoint(tls) as running:
        yield running


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """An address on loopback that refuses connections, and stays free."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody_listens: str) -> Path:
    """A home without credentials; no metadata server, no gcloud, no desktop."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    for name in list(os.environ):
        if name.startswith(_OF_CLOUDS) or name.upper() in _OF_PROXIES:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(home / "bin"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(home / "gcloud"))
    monkeypatch.setenv("GCE_METADATA_IP", nobody_listens)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "credentials"))
    return home


def command(path: Path, script: str) -> Path:
    """A program in sh."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
