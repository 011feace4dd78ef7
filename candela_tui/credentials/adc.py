"""Application default credentials: where google-auth looks, and what to say when it finds none or can't use them."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from candela_tui.credentials.errors import CredentialsError, quotable

_LOGIN = "`gcloud auth application-default login`"
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_NOTHING = f"there are no Google credentials: run {_LOGIN}, or set {_VARIABLE} to a service account's file"
_METADATA_IP = "169.254.169.254"
_METADATA_CONNECT_S = 1.0


def adc_file(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file that google-auth takes; it need not exist if the environment names it. None: only a metadata server
    may give credentials. (google.auth.default, https://google.aip.dev/auth/4110)"""
    if named := environ.get(_VARIABLE):
        return Path(named)
    if directory := environ.get("CLOUDSDK_CONFIG"):
        place = Path(directory)
    elif os.name == "nt":
        place = Path(environ.get("APPDATA", "")) / "gcloud"
    else:
        place = Path("~/.config/gcloud").expanduser()
    file = place / "application_default_credentials.json"
    return file if file.is_file() else None


def require_a_source(environ: Mapping[str, str] = os.environ) -> None:
    """Raises CredentialsError where nothing can give credentials. google-auth would try a metadata server that is not
    there three times, for 12 s in all where its packets vanish, and on every request."""
    file = adc_file(environ)
    if file is not None:
        if not file.exists():
            raise CredentialsError(
                f"{_VARIABLE} names {file}, which does not exist: correct it, or unset it and run {_LOGIN}"
            )
        return
    if environ.get("NO_GCE_CHECK") == "true" or not _metadata_server(environ):
        raise CredentialsError(_NOTHING)


def _metadata_server(environ: Mapping[str, str]) -> bool:
    address = urlsplit("//" + environ.get("GCE_METADATA_IP", _METADATA_IP))
    try:
        socket.create_connection((address.hostname, address.port or 80), _METADATA_CONNECT_S).close()
    except (OSError, ValueError):
        return False
    return True


def why_not(error: Exception, environ: Mapping[str, str] = os.environ) -> str:
    """What happened to google-auth, and what mends it."""
    from google.auth import exceptions

    file = adc_file(environ)
    what = str(file) if file is not None else "the metadata server"
    if (unreachable := _unreachable(error)) is not None:
        return unreachable
    words = _words(error)
    if "CA certificate bundle" in words:
        return f"candela can't ask Google for an access token: {words}. Correct REQUESTS_CA_BUNDLE."
    if isinstance(error, exceptions.RefreshError):
        if error.retryable:
            return f"Google gave no access token for {what} this time: {words}. Try again later."
        # "Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values"
        mend = "Set this machine's clock." if "reasonable timeframe" in words else _mend(file)
        return f"Google gave no access token for {what}: {words}. {mend}"
    if file is None and isinstance(error, exceptions.DefaultCredentialsError):
        return _NOTHING
    if file is None:
        return f"the metadata server gave no access token: {words}"
    return f"{file} holds no Google credentials that can be used: {words}. {_mend(file)}"


def may_pass(error: Exception) -> bool:
    """Whether the same may succeed soon: Google, or what gives the credentials, was out of reach or busy."""
    from google.auth import exceptions
    from requests.exceptions import SSLError

    if (failed := _failed_request(error)) is not None:
        return not isinstance(failed, SSLError)
    return isinstance(error, exceptions.RefreshError) and bool(error.retryable)


def _mend(file: Path | None) -> str:
    if file is None:
        return "Check the service account of this machine and its access scopes."
    if file.name == "application_default_credentials.json":
        return f"Run {_LOGIN}."
    return f"Set {_VARIABLE} to a file with a valid key, or unset it and run {_LOGIN}."


def _unreachable(error: BaseException) -> str | None:
    """That there was no connection to a URL (without its query), if that is what happened."""
    from requests.exceptions import SSLError

    if (failed := _failed_request(error)) is None:
        return None
    url = urlsplit(str(failed.request.url))
    where = f"candela could not reach {url.scheme}://{url.netloc}{url.path} for a Google access token"
    if isinstance(failed, SSLError):
        return f"{where}: its certificate is not trusted. Set REQUESTS_CA_BUNDLE to a file with its CA (PEM)."
    return f"{where}. Check the network and HTTPS_PROXY."


def _failed_request(error: BaseException) -> Any:
    """The RequestException of a request that got no answer, if one is behind this error."""
    from requests.exceptions import RequestException

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RequestException) and cause.request is not None and cause.request.url is not None:
            return cause
        cause = cause.__cause__ or (cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None)
    return None


def _words(error: Exception) -> str:
    # google-auth writes ": None" for a description that the answer lacks; its second argument is the answer's whole
    # body, or what lies behind the first.
    first = str(error.args[0]).removesuffix(": None") if error.args else type(error).__name__
    behind = error.args[1] if len(error.args) > 1 else None
    text = f"{first} {behind}" if isinstance(behind, str | Exception) else first
    return quotable(text).rstrip(".")
