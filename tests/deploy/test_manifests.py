"""The manifests in deploy/ are valid, and what they set up serves."""

import asyncio
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import kubernetes_validate
import pytest
import yaml

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.reader import StoreReader
from tests.cli.command import PATIENCE_S, Home
from tests.keys.test_keys_file import TEXT
from tests.proxy.running import BODY
from tests.standin import Provider, message
from tests.standin import text as text_of

DEPLOY = Path(__file__).parents[2] / "deploy"
REPLICAS = DEPLOY / "kustomize" / "replicas"
BASES = [DEPLOY / "kustomize" / "sidecar", DEPLOY / "kustomize" / "service", DEPLOY / "transparent", REPLICAS]


def resources(base: Path) -> list[dict[str, Any]]:
    """The resources that a kustomization lists, or makes of another one's."""
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text())
    if "patches" in kustomization:
        return built(base)
    return [
        document for name in kustomization["resources"] for document in yaml.safe_load_all((base / name).read_text())
    ]


def built(base: Path) -> list[dict[str, Any]]:
    """The resources that kustomize makes."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")
    ran = subprocess.run(["kubectl", "kustomize", base], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return list(yaml.safe_load_all(ran.stdout))


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


@pytest.mark.parametrize("base", BASES[:3], ids=lambda path: path.name)
def test_kustomize_builds_them(base: Path) -> None:
    kinds = [resource["kind"] for resource in built(base)]

    assert sorted(kinds) == sorted(resource["kind"] for resource in resources(base))


@pytest.mark.parametrize("base", BASES, ids=lambda path: path.name)
def test_candela_is_not_root_and_writes_to_its_volumes_alone(base: Path) -> None:
    security = candelas(base)["securityContext"]

    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 8181
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


def environment_of(base: Path, home: Home) -> dict[str, str]:
    """The variables of the container that serves, with the port and the files of a home."""
    environment = {each["name"]: each["value"] for each in candelas(base)["env"] if "value" in each}
    del home.environment["CANDELA_PROXY__PORT"]
    environment["PORT"] = str(home.port)
    if "CANDELA_PROXY__KEYS_FILE" in environment:
        keys = home.directory / "keys.toml"
        keys.write_text(f'[[keys]]\nname = "ci"\nkey = "{TEXT}"\n')
        keys.chmod(0o440)
        environment["CANDELA_PROXY__KEYS_FILE"] = str(keys)
    return environment


@pytest.mark.parametrize("base", BASES[:2], ids=lambda path: path.name)
async def test_what_they_set_up_serves_until_it_is_ended(base: Path, tmp_path: Path) -> None:
    home = Home(tmp_path)

    process = await home.start(*candelas(base)["args"], **environment_of(base, home))
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert b"listens on" in await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    assert process.returncode == 0


def test_replicas_keep_nothing_and_have_every_secret_from_outside() -> None:
    found = {resource["kind"]: resource for resource in resources(REPLICAS)}
    pod = found["Deployment"]["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    container = candelas(REPLICAS)
    variables = {each["name"]: each for each in container["env"]}

    assert set(found) == {"Deployment", "Service", "PodDisruptionBudget"}
    assert found["Deployment"]["spec"]["replicas"] == 3
    assert set(volumes["data"]) == {"name", "emptyDir"}
    assert {volumes[name]["secret"]["secretName"] for name in ("keys", "anthropic")} == {"candela-keys", "anthropic"}
    assert variables["PGPASSWORD"]["valueFrom"] == {"secretKeyRef": {"name": "candela-database", "key": "password"}}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    for selector in (
        found["Service"]["spec"]["selector"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= found["Deployment"]["spec"]["template"]["metadata"]["labels"].items()


@pytest.mark.xdist_group("postgres")
async def test_a_replica_is_ready_with_its_database_and_takes_a_key_that_another_process_made(
    tmp_path: Path, provider: Provider, postgres_url: DatabaseUrl
) -> None:
    provider.answer(message(text_of("ok")))
    home = Home(tmp_path, provider.url)
    pepper = tmp_path / "keys-pepper"
    pepper.write_text(secrets.token_hex(32) + "\n")
    url = f"postgresql://{postgres_url.user}@:{postgres_url.port}/{postgres_url.name}?host={postgres_url.host}"
    own = {"CANDELA_STORE__URL": url, "CANDELA_KEYS__PEPPER_FILE": str(pepper)}
    environment = {**environment_of(REPLICAS, home), **own, "CANDELA_ANTHROPIC__KEY_COMMAND": "echo sk-ant-api03-own"}

    process = await home.start(*candelas(REPLICAS)["args"], **environment)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession(f"http://127.0.0.1:{home.port}") as http:
        assert b"listens on" in await process.stdout.readline()
        status = 503
        while status == 503:
            async with http.get("/readyz") as answer:
                status, ready = answer.status, await answer.json()
        made = await home.run("keys", "create", "--name", "alice", **environment)
        asked = 401
        while asked == 401:  # Until the replica has seen the key in the database, within about a second.
            async with http.post("/v1/messages", data=BODY, headers={"x-api-key": made.out.strip()}) as answer:
                asked = answer.status
        process.send_signal(signal.SIGTERM)
        await process.communicate()

    assert ready == {"status": "ready", "store": "answers"}
    assert asked == 200
    assert process.returncode == 0
    [exchange] = StoreReader(postgres_url).exchanges()
    assert exchange.key == "alice"
