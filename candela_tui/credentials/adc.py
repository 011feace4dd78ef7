"""Application default credentials: where google-auth looks, and what to say when it finds none or can't use them."""

import os
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.google_words import unreachable_in, why_no_token

_LOGIN = "`gcloud auth application-default login`"
VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
WELL_KNOWN = "application_default_credentials.json"
_NOTHING = (
    f"there are no Google credentials: run `candela auth login --provider gcp` or {_LOGIN}, or set {VARIABLE} to a "
    "service account's file"
)
_METADATA_IP = "169.254.169.254"
_METADATA_ANSWER_S = 1.0
_FLAVOR = {"Metadata-Flavor": "Google"}
"""https://cloud.google.com/compute/docs/metadata/querying-metadata"""


def adc_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that google-auth takes; it need not exist if the environment names it. None: only a metadata server
    may give credentials. (google.auth.default, https://google.aip.dev/auth/4110)"""
    if named := environ.get(VARIABLE):
        return Path(named)
    file = well_known_file(environ)
    return file if file.is_file() else None


def well_known_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where `gcloud auth application-default login` writes; it need not exist."""
    if directory := environ.get("CLOUDSDK_CONFIG"):
        place = Path(directory)
    elif os.name == "nt":
        place = Path(environ.get("APPDATA", "")) / "gcloud"
    else:
        place = Path("~/.config/gcloud").expanduser()
    return place / WELL_KNOWN


def require_a_source(environ: Mapping[str, str] = os.environ) -> None:
    """Raises CredentialsError where nothing can give credentials. google-auth would try a metadata server that is not
    there three times, for 12 s in all where its packets vanish, and on every request."""
    file = adc_file(environ)
    if file is not None:
        if not file.exists():
            raise CredentialsError(
                f"{VARIABLE} names {file}, which does not exist: correct it, or unset it and run {_LOGIN}"
            )
        return
    if not has_metadata_server(environ):
        raise CredentialsError(_NOTHING)


def has_metadata_server(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether one answers, as on a machine of Google's: other clouds have something of their own at that address.
    Blocks for about a second at most."""
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


def why_not(error: Exception, environ: Mapping[str, str] = os.environ) -> str:
    """What happened to google-auth, and what mends it."""
    from google.auth.exceptions import DefaultCredentialsError

    file = adc_file(environ)
    if file is not None:
        return why_no_token(error, str(file), _mend(file))
    if isinstance(error, DefaultCredentialsError) and unreachable_in(error) is None:
        return _NOTHING
    return why_no_token(
        error, "the metadata server", "Check the service account of this machine and its access scopes."
    )


def _mend(file: Path) -> str:
    if file.name == WELL_KNOWN:
        return f"Run {_LOGIN}."
    return f"Set {VARIABLE} to a file with a valid key, or unset it and run {_LOGIN}."
