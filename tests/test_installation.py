"""A missing package is named with the command that adds it to the environment that candela runs in."""

import importlib.metadata
import shlex
from pathlib import Path

import pytest

from candela_tui import installation
from candela_tui.installation import install_command


class Installed:
    """candela's distribution, as far as it says where it came from."""

    def __init__(self, direct_url: str | None) -> None:
        self._direct_url = direct_url

    def read_text(self, name: str) -> str | None:
        return self._direct_url if name == "direct_url.json" else None


@pytest.mark.parametrize(
    ("direct_url", "source"),
    [
        ('{"url": "file:///home/ada/candela", "dir_info": {}}', "/home/ada/candela"),
        ('{"url": "file:///home/ada/my%20clone", "dir_info": {}}', "/home/ada/my clone"),
        ('{"url": "https://example.com/candela.tar.gz"}', "candela-tui"),
        ("{", "candela-tui"),
        ("[]", "candela-tui"),
        (None, "candela-tui"),
    ],
)
def test_uv_installs_the_tool_from_where_it_came(
    direct_url: str | None, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv-receipt.toml").touch()
    monkeypatch.setattr(installation, "distribution", lambda _: Installed(direct_url))
    command = install_command("azure-identity", "azure", tmp_path)
    assert shlex.split(command) == ["uv", "tool", "install", f"{source}[azure]"]


def test_a_distribution_that_is_not_there_has_no_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Installed:
        raise importlib.metadata.PackageNotFoundError(name)

    (tmp_path / "uv-receipt.toml").touch()
    monkeypatch.setattr(installation, "distribution", missing)
    assert install_command("azure-identity", "azure", tmp_path) == "uv tool install 'candela-tui[azure]'"


def test_pipx_adds_the_package_to_its_environment(tmp_path: Path) -> None:
    (tmp_path / "pipx_metadata.json").touch()
    assert install_command("azure-identity", "azure", tmp_path) == "pipx inject candela-tui azure-identity"


def test_in_a_checkout_uv_runs_candela_with_the_extra(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    assert install_command("azure-identity", "azure", tmp_path / ".venv") == "uv run --extra azure candela"


@pytest.mark.parametrize("has_pip", [True, False])
def test_elsewhere_pip_installs_it_or_uv_where_there_is_no_pip(
    has_pip: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda _: object() if has_pip else None)
    expected = (
        f"{tmp_path}/bin/python -m pip install azure-identity"
        if has_pip
        else f"uv pip install --python {tmp_path} azure-identity"
    )
    assert install_command("azure-identity", "azure", tmp_path) == expected
