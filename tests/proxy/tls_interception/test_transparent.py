"""Connections that the system redirects: opened, tunnelled and refused as if the client had named candela."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "deploy" / "transparent" / "redirect.sh"
_SYSTEM = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _can_have_a_namespace() -> bool:
    return sys.platform == "linux" and os.getuid() == 0 and _runs("unshare", "-n", "true")


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _has_ipv6() -> bool:
    try:
        return Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6").read_text().strip() == "0"
    except OSError:
        return False


@pytest.mark.parametrize("program", ["nft", "iptables"])
def test_redirected_connections_of_another_user(program: str, tmp_path: Path) -> None:
    if not _can_have_a_namespace():
        pytest.skip("needs root on Linux, and the right to make a network namespace")
    found = shutil.which(program, path=_SYSTEM)
    if found is None:
        pytest.skip(f"needs {program}")
    if program == "iptables" and not _runs("unshare", "-n", found, "-t", "nat", "-S"):
        pytest.skip("this kernel has no tables for iptables")
    of_ipv6 = shutil.which("ip6tables", path=_SYSTEM) if program == "iptables" else None
    has_ipv6 = _has_ipv6() and (program == "nft" or _runs("unshare", "-n", of_ipv6 or "", "-t", "nat", "-S"))
    # The script takes nft where there is one, so each test has a PATH without the other's.
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in (program, "ip6tables" if program == "iptables" else program, "ip", "id", "sed", "sh", "env"):
        if (path := shutil.which(name, path=_SYSTEM)) is not None and not (programs / name).exists():
            (programs / name).symlink_to(path)
    ran = subprocess.run(
        [
            shutil.which("unshare") or "unshare",
            "-n",
            sys.executable,
            "-m",
            "tests.proxy.tls_interception.namespace_program",
            tmp_path,
            SCRIPT,
            "yes" if has_ipv6 else "no",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
        env={
            **{n: v for n, v in os.environ.items() if "proxy" not in n.lower()},
            "PATH": f"{programs}:{Path(sys.executable).parent}",
        },
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    seen = json.loads(ran.stdout.splitlines()[-1])
    assert seen["any-local: opened"] == seen["any-local: in pieces"] == "HTTP/1.1 200 OK"
    assert seen["any-local: tunnelled"] == seen["off"] == "from else.example"
    assert seen["any-local: arrivals"] == ["transparent"]
    if has_ipv6:
        assert seen["any-local: opened, IPv6"] == "HTTP/1.1 200 OK"
        assert seen["any-local: tunnelled, IPv6"] == "from else.example"
        assert "Error: " in seen["same-user: opened, IPv6"]
    assert seen["any-local: notices"] == []
    # The client is another user, who gets nothing unless that is allowed.
    assert "Error: " in seen["same-user: opened"]
    assert "Error: " in seen["same-user: tunnelled"]
    assert seen["same-user: arrivals"] == []
    assert any("another user" in notice for notice in seen["same-user: notices"])
    assert seen["bodies"] is True
