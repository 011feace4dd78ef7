"""Application default credentials: where google-auth looks for them, and the errors if it finds no usable ones."""

import os
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google.messages import unreachable_in, why_no_token

_LOGIN = "`gcloud auth application-default login`"
VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
WELL_KNOWN = "application_default_credentials.json"
_METADATA_IP = "169.254.169.254"
_METADATA_ANSWER_S = 1.0
_FLAVOR = {"Metadata-Flavor": "Google"}
"""The header of metadata requests and responses: https://cloud.google.com/compute/docs/metadata/querying-metadata"""


def adc_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file that google-auth reads, or None if only a metadata server may provide credentials.

    A file named by the variable may be missing. Source: google.auth.default, https://google.aip.dev/auth/4110"""
    if named := environ.get(VARIABLE):
        return Path(named)
    file = well_known_file(environ)
    return file if file.is_file() else None


def well_known_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the file that `gcloud auth application-default login` writes, which may not exist."""
    if directory := environ.get("CLOUDSDK_CONFIG"):
        place = Path(directory)
    elif os.name == "nt":
        place = Path(environ.get("APPDATA", "")) / "gcloud"
    else:
        place = Path("~/.config/gcloud").expanduser()
    return place / WELL_KNOWN


def require_a_source(login: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise CredentialsError if there is no source of credentials. ``login`` is the command that signs in.

    Without this check google-auth would try a missing metadata server three times on every request, which takes 12 s
    in total if its packets are dropped."""
    file = adc_file(environ)
    if file is not None:
        if not file.exists():
            raise CredentialsError(
                f"{VARIABLE} names {file}, which does not exist: correct it, or unset it and run {_LOGIN}"
            )
        return
    if not has_metadata_server(environ):
        raise CredentialsError(_nothing(login))


def has_metadata_server(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether Google's metadata server answers. Other clouds use the same address, so its header is checked.
    Blocks for up to about a second."""
    if environ.get("NO_GCE_CHECK") == "true":
        return False
    address = urlsplit("//" + environ.get("GCE_METADATA_IP", _METADATA_IP))
    try:
        connection = HTTPConnection(address.hostname or "", address.port, timeout=_METADATA_ANSWER_S)
        with closing(connection):
            connection.request("GET", "/", headers=_FLAVOR)
            return connection.getresponse().getheader(*_FLAVOR) in _FLAVOR.values()
    except (OSError, HTTPException, ValueError):
        return False


def why_not(error: Exception, login: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a message that says what went wrong in google-auth and how to fix it."""
    from google.auth.exceptions import DefaultCredentialsError

    file = adc_file(environ)
    if file is not None:
        return why_no_token(error, str(file), _fix(file))
    if isinstance(error, DefaultCredentialsError) and unreachable_in(error) is None:
        return _nothing(login)
    return why_no_token(
        error, "the metadata server", "Check the service account of this machine and its access scopes."
    )


def _fix(file: Path) -> str:
    if file.name == WELL_KNOWN:
        return f"Run {_LOGIN}."
    return f"Set {VARIABLE} to a file with a valid key, or unset it and run {_LOGIN}."


def _nothing(login: str) -> str:
    return f"there are no Google credentials: run {login} or {_LOGIN}, or set {VARIABLE} to a service account's file"
