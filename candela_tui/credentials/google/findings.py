"""Find Google credentials on this machine."""

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.adc import VARIABLE, adc_file, has_metadata_server, well_known_file
from candela_tui.credentials.google.gcloud import gcloud_program
from candela_tui.credentials.google.tokens import SIGN_IN
from candela_tui.credentials.sign_in.interface import Finding, used_first

OWN: Final = "candela's own sign-in"
_KINDS: Final[Mapping[str, str]] = {
    "authorized_user": "a user's login",
    "service_account": "a service account's key",
    "impersonated_service_account": "an impersonated service account",
    "external_account": "workload identity federation",
    "external_account_authorized_user": "workforce identity federation",
    "gdch_service_account": "a service account of Distributed Cloud",
}
_LARGEST: Final = 1 << 20


async def findings(accounts: Accounts, environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Return the credentials found, in order of precedence: the first one is used."""
    found = [*_own(accounts)]
    named = environ.get(VARIABLE)
    if named:
        found.append(await asyncio.to_thread(_in_file, VARIABLE, Path(named)))
    well_known = await asyncio.to_thread(well_known_file, environ)
    if await asyncio.to_thread(well_known.is_file):
        finding = await asyncio.to_thread(_in_file, f"gcloud's application default login ({well_known})", well_known)
        hidden = Finding(finding.source, f"{finding.detail}; not used while {VARIABLE} is set", False)
        found.append(hidden if named else finding)
    if await asyncio.to_thread(has_metadata_server, environ):
        found.append(Finding("metadata server", "the service account of this machine", not named))
    program = gcloud_program(environ)
    about = f"{program} can sign you in" if program else "not on the PATH: https://cloud.google.com/sdk/docs/install"
    return [*used_first(found), Finding("gcloud", about, False)]


def names_project(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether application default credentials may name a project, as google-auth reads them: the file does, or
    gcloud or a metadata server is asked. Blocks."""
    file = adc_file(environ)
    if file is None or gcloud_program(environ):
        return True
    try:
        with file.open("rb") as opened:
            document: Any = json.loads(opened.read(_LARGEST))
    except (OSError, ValueError):
        return True
    known = document if isinstance(document, dict) else {}
    return known.get("type") != "authorized_user" or bool(known.get("quota_project_id"))


def _own(accounts: Accounts) -> list[Finding]:
    try:
        account = accounts.of(SIGN_IN)
    except CredentialsError as error:
        return [Finding(OWN, str(error), False)]
    if account is None:
        return []
    words = f"{account.label}, in {account.place}, since {account.since:%Y-%m-%d}"
    return [Finding(OWN, words, True, account=account)]


def _in_file(source: str, file: Path) -> Finding:
    try:
        with file.open("rb") as opened:
            document: Any = json.loads(opened.read(_LARGEST))
    except FileNotFoundError:
        return Finding(source, f"names {file}, which does not exist", False)
    except OSError as error:
        return Finding(source, f"{file} can't be read: {error.strerror or error}", False)
    except ValueError:
        return Finding(source, f"{file} holds no JSON", False)
    kind = document.get("type") if isinstance(document, dict) else None
    words = _KINDS.get(kind) if isinstance(kind, str) else None
    if words is None:
        return Finding(source, f"{file} holds no Google credentials", False)
    whose = document.get("client_email") or document.get("account")
    payer = document.get("quota_project_id")
    parts = [words, *([f"of {whose}"] if whose else []), *([f"(quota project {payer})"] if payer else [])]
    return Finding(source, " ".join(parts), True)
