"""Find credentials for Foundry on this machine, without the network."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from candela_tui.credentials.sign_in.interface import Finding
from candela_tui.providers.foundry.entra import has_library, missing_library

_IDENTITY_VARIABLES: Final = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT")
_ASSET_TAG: Final = Path("/sys/class/dmi/id/chassis_asset_tag")
_AZURE_TAG: Final = "7783-7084-3265-9085-8269-3286-77"
"""The chassis asset tag of every virtual machine of Azure. Source: cloud-init, DataSourceAzure (November 2026)."""
_LARGEST: Final = 4 << 20


def entra_findings(environ: Mapping[str, str] = os.environ, asset_tag: Path = _ASSET_TAG) -> list[Finding]:
    """Return what azure-identity may find, in its order. Blocks.

    Without azure-identity none of it can be used, and the first line says how to install it."""
    found = [
        *_service_principal(environ),
        *_workload(environ),
        *_managed_identity(environ, asset_tag),
        *_azure_cli(environ),
    ]
    if has_library():
        return found
    unusable = [Finding(one.source, one.detail, False) for one in found]
    return [Finding("azure-identity", missing_library(), False), *unusable] if found else []


def _service_principal(environ: Mapping[str, str]) -> list[Finding]:
    if not environ.get("AZURE_CLIENT_ID") or not environ.get("AZURE_TENANT_ID"):
        return []
    for name in ("AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"):
        if environ.get(name):
            return [Finding("AZURE_CLIENT_ID", f"the service principal {environ['AZURE_CLIENT_ID']}, by {name}", True)]
    return []


def _workload(environ: Mapping[str, str]) -> list[Finding]:
    if environ.get("AZURE_FEDERATED_TOKEN_FILE") and environ.get("AZURE_CLIENT_ID"):
        return [Finding("AZURE_FEDERATED_TOKEN_FILE", "workload identity, as in Kubernetes", True)]
    return []


def _managed_identity(environ: Mapping[str, str], asset_tag: Path) -> list[Finding]:
    if name := next((name for name in _IDENTITY_VARIABLES if environ.get(name)), None):
        return [Finding(name, "the managed identity of this machine", True)]
    try:
        on_azure = asset_tag.read_text().strip() == _AZURE_TAG
    except OSError:
        on_azure = False
    return [Finding("Azure", "the managed identity of this machine, if it has one", True)] if on_azure else []


def _azure_cli(environ: Mapping[str, str]) -> list[Finding]:
    """Return the login of the Azure CLI. The file names its users and holds no secret."""
    folder = Path(environ.get("AZURE_CONFIG_DIR") or Path("~/.azure").expanduser())
    try:
        with (folder / "azureProfile.json").open("rb") as opened:
            # The Azure CLI writes a byte order mark.
            document = json.loads(opened.read(_LARGEST).decode("utf-8-sig"))
    except (OSError, ValueError):
        return []
    subscriptions = document.get("subscriptions") if isinstance(document, dict) else None
    listed = [one for one in subscriptions or [] if isinstance(one, dict)]
    listed.sort(key=lambda one: one.get("isDefault") is not True)
    users = [user["name"] for one in listed if isinstance(user := one.get("user"), dict) and "name" in user]
    return [Finding("Azure CLI", f"the login of {users[0]}", True)] if users else []
