"""Explain why Google gave no access token, and how to fix it."""

from typing import Any, Final
from urllib.parse import urlsplit

from candela_tui.credentials.errors import quotable
from candela_tui.credentials.web_page import WebPage

_CAUSES: Final = {
    "account has been deleted": "The account was deleted, so another one is needed. ",
    "account not found": "The service account was deleted, so the key of another one is needed. ",
    "invalid jwt signature": "This key of the service account was deleted. ",
    "deleted_client": "The OAuth client of the sign-in was deleted, so another one is needed. ",
    "disabled_client": "The OAuth client of the sign-in was disabled. ",
}
"""What lies behind an error of Google's token endpoint, by a part of its words in lower case. Source, November 2026:
https://developers.google.com/identity/protocols/oauth2/service-account#error-codes."""


def why_no_token(error: Exception, what: str, fix: str) -> str:
    """Return a message that says what went wrong and how to fix it.

    ``what`` describes the credentials. ``fix`` is the fix if no more specific one is known."""
    from google.auth.exceptions import RefreshError

    if (unreachable := unreachable_in(error)) is not None:
        return unreachable
    if isinstance(error, WebPage):
        return f"Google gave no access token for {what}: {error}"
    words = words_of(error)
    if "CA certificate bundle" in words:
        return f"candela can't ask Google for an access token: {words}. Correct REQUESTS_CA_BUNDLE."
    if not isinstance(error, RefreshError):
        return f"{what} holds no Google credentials that can be used: {words}. {fix}"
    if error.retryable:
        return f"Google gave no access token for {what} this time: {words}. Try again later."
    # "Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values"
    if "reasonable timeframe" in words:
        return f"Google gave no access token for {what}: {words}. Set this machine's clock."
    cause = next((cause for said, cause in _CAUSES.items() if said in words.lower()), "")
    return f"Google gave no access token for {what}: {words}. {cause}{fix}"


def may_pass(error: Exception) -> bool:
    """Return whether a retry may succeed soon: Google, or the source of the credentials, was unreachable or busy."""
    from google.auth.exceptions import RefreshError
    from requests.exceptions import SSLError

    if (failed := _failed_request(error)) is not None:
        return not isinstance(failed, SSLError)
    if isinstance(error, WebPage):
        return True
    return isinstance(error, RefreshError) and bool(error.retryable)


def unreachable_in(error: BaseException) -> str | None:
    """Return a message with the URL, without its query, if the error is a failed connection, otherwise None."""
    from requests.exceptions import SSLError

    if (failed := _failed_request(error)) is None:
        return None
    url = urlsplit(str(failed.request.url))
    where = f"candela could not reach {url.scheme}://{url.netloc}{url.path} for a Google access token"
    if isinstance(failed, SSLError):
        return f"{where}: its certificate is not trusted. Set REQUESTS_CA_BUNDLE to a file with its CA (PEM)."
    return f"{where}. Check the network and HTTPS_PROXY."


def _failed_request(error: BaseException) -> Any:
    """Return the RequestException of a request that got no response, if one caused this error, otherwise None."""
    from requests.exceptions import RequestException

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RequestException) and cause.request is not None and cause.request.url is not None:
            return cause
        cause = cause.__cause__ or (cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None)
    return None


def words_of(error: Exception) -> str:
    """Return the error's message without secrets."""
    # google-auth writes ": None" if the response has no description. Its second argument is the response's whole body,
    # or the cause of the error.
    first = str(error.args[0]).removesuffix(": None") if error.args else type(error).__name__
    behind = error.args[1] if len(error.args) > 1 else None
    text = f"{first} {behind}" if isinstance(behind, str | Exception) else first
    return quotable(text).rstrip(".")
