"""The manifests in deploy/ are valid, and what they set up serves."""

import asyncio
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.cli.command import PATIENCE_S, Home
from tests.keys.test_keys_file import TEXT

DEPLOY = Path(__file__).parents[2] / "deploy"
BASES = [DEPLOY / "kustomize" / "sidecar", DEPLOY / "kustomize" / "service", DEPLOY / "transparent"]


def resources(base: Path) -> list[dict[str, Any]]:
    """The resources that a kustomization lists."""
    listed = yaml.safe_load((base / "kustomization.yaml").read_text())["resources"]
    return [document for name in listed for document in yaml.safe_load_all((base / name).read_text())]


def containers(resource: dict[str, Any]) -> list[dict[str, Any]]:
    spec = resource["spec"].get("template", resource)["spec"]
    return [*spec.get("initContainers", ()), *spec["containers"]]


def candelas(base: Path) -> dict[str, Any]:
    """The container that serves."""
    having = [one for one in resources(base) if one["kind"] in ("Pod", "Deployment")]
    found: dict[str, Any] = next(each for one in having for each in containers(one) if each["name"] == "candela")
    return found


@pytest.mark.parametrize("base", BASES, ids=lambda path: path.name)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_each_resource_is_as_the_schema_of_kubernetes_has_it(base: Path, version: str) -> None:
    found = resources(base)

    assert found
    for resource in found:
        kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
@pytest.mark.parametrize("base", BASES, ids=lambda path: path.name)
def test_kustomize_builds_them(base: Path) -> None:
    ran = subprocess.run(["kubectl", "kustomize", base], capture_output=True, text=True, check=False, timeout=60)

    assert ran.returncode == 0, ran.stderr
    kinds = [document["kind"] for document in yaml.safe_load_all(ran.stdout)]
    assert sorted(kinds) == sorted(resource["kind"] for resource in resources(base))


@pytest.mark.parametrize("base", BASES, ids=lambda path: path.name)
def test_candela_is_not_root_and_writes_to_its_volumes_alone(base: Path) -> None:
    security = candelas(base)["securityContext"]

    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 8181
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("base", BASES[:2], ids=lambda path: path.name)
async def test_what_they_set_up_serves_until_it_is_ended(base: Path, tmp_path: Path) -> None:
    home = Home(tmp_path)
    container = candelas(base)
    environment = {each["name"]: each["value"] for each in container["env"]}
    del home.environment["CANDELA_PROXY__PORT"]
    environment["PORT"] = str(home.port)
    if "CANDELA_PROXY__KEYS_FILE" in environment:
        keys = home.directory / "keys.toml"
        keys.write_text(f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\n')
        keys.chmod(0o440)
        environment["CANDELA_PROXY__KEYS_FILE"] = str(keys)

    process = await home.start(*container["args"], **environment)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert b"listens on" in await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    assert process.returncode == 0
