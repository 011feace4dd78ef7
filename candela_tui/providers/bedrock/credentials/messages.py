"""Explain why botocore found no keys, and which command fixes it."""

import shlex
from pathlib import Path
from typing import Any

from candela_tui.credentials.errors import quotable
from candela_tui.credentials.web_page import WebPage

SIGN_IN = "`candela auth login --provider aws`"


class CodeNeeded(Exception):
    """A role requires the code of an MFA device."""


def nothing_found(session: Any) -> str:
    """Return the message for a credential chain that found no keys."""
    words = f"there are no AWS credentials: run {SIGN_IN}"
    others = [name for name in session.available_profiles if name != _profile(session)]
    return f"{words}, or set [aws] profile or AWS_PROFILE to one of {_list(others)}" if others else words


def described(error: Exception) -> str:
    """Return candela's own message for a network error, or else botocore's message, which is about its configuration.

    botocore's messages for network errors quote exceptions of urllib3 and ssl.
    """
    from botocore import exceptions

    endpoint = str(getattr(error, "kwargs", {}).get("endpoint_url") or "AWS").partition("?")[0]
    match error:
        case exceptions.ProxyConnectionError():
            return "the HTTP proxy on the way can't be reached (HTTPS_PROXY)"
        case exceptions.SSLError():
            return f"the TLS certificate of {endpoint} is not trusted"
        case exceptions.ConnectTimeoutError() | exceptions.ReadTimeoutError():
            return f"{endpoint} did not answer within the time limit"
        case exceptions.EndpointConnectionError():
            return f"there is no connection to {endpoint}"
        case exceptions.ConnectionClosedError():
            return f"{endpoint} closed the connection without an answer"
        case exceptions.HTTPClientError(kwargs={"error": WebPage() as page}):
            return str(page).rstrip(".")
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            return f"the connection to {endpoint} failed"
        case _:
            return quotable(str(error) or type(error).__name__).rstrip(".")


def why_not(error: Exception, session: Any | None) -> str:
    """Return a message that says why botocore found no keys, and how to fix it if that is known."""
    from botocore import exceptions

    words = described(error)
    if isinstance(error, exceptions.ConfigParseError):
        return f"{words}. Correct it."
    if session is None:
        return f"the AWS configuration can't be read: {words}"
    profile, chosen = _named(_profile(session))
    if isinstance(error, exceptions.ProfileNotFound):
        return f"there is no AWS profile {profile}: {_choice(session)}"
    if isinstance(error, CodeNeeded):
        return (
            f"the AWS profile {profile} wants an MFA code: run `candela auth login --provider aws --method role` and "
            f"enter it; or run `aws sts get-caller-identity{chosen}` in a terminal: candela then uses the session that "
            "the AWS CLI keeps."
        )
    if isinstance(error, exceptions.SSOError | exceptions.TokenRetrievalError):
        profile, chosen = _named(_source(session))
        return (
            f"the SSO session of the AWS profile {profile} has ended or never began: run {SIGN_IN} or "
            f"`aws sso login{chosen}`"
        )
    if isinstance(error, exceptions.LoginError):
        profile, chosen = _named(_source(session))
        return f"the login session of the AWS profile {profile} has ended: run `aws login{chosen}`"
    by_aws = isinstance(error, exceptions.BotoCoreError | exceptions.ClientError)
    retrieved = isinstance(error, exceptions.CredentialRetrievalError)
    if (retrieved or not by_aws) and (command := _credential_process(session)) is not None:
        profile = _source(session)
        return f"{command}, the credential_process of the AWS profile {profile}, gave no keys: {_said(error, words)}"
    if isinstance(error, exceptions.SSLError):
        return f"AWS gave no keys for the profile {profile}: {words}. Set AWS_CA_BUNDLE to a file with its CA (PEM)."
    if may_pass(error):
        return f"AWS gave no keys for the profile {profile}: {words}. Check the network and HTTPS_PROXY."
    if "Signature expired" in words or "Signature not yet current" in words:
        return f"AWS gave no keys for the profile {profile}: {words}. Set this machine's clock."
    return f"AWS gave no keys for the profile {profile}: {words}"


def may_pass(error: Exception) -> bool:
    """Return whether a retry may succeed soon because AWS was unreachable."""
    from botocore import exceptions

    unreachable = isinstance(error, exceptions.ConnectionError | exceptions.HTTPClientError)
    return unreachable and not isinstance(error, exceptions.SSLError)


def _profile(session: Any) -> str:
    return str(session.get_config_variable("profile") or "default")


def _named(profile: str) -> tuple[str, str]:
    """Return a profile and the AWS CLI option that selects it."""
    return profile, "" if profile == "default" else f" --profile {profile}"


def _source(session: Any) -> str:
    """Return the profile that the chosen one takes its first keys from, which is itself unless it assumes a role."""
    profiles = session.full_config["profiles"]
    name, seen = _profile(session), set[str]()
    while name not in seen and "source_profile" in profiles.get(name, {}):
        seen.add(name)
        name = profiles[name]["source_profile"]
    return str(name)


def _choice(session: Any) -> str:
    profiles = session.available_profiles
    if not profiles:
        return "there are none; run `aws configure`"
    return f"set [aws] profile or AWS_PROFILE to one of {_list(profiles)}"


def _list(names: list[str]) -> str:
    return ", ".join(sorted(names))


def _credential_process(session: Any) -> str | None:
    """Return the program of credential_process without its arguments, which may be secret, or None without one."""
    command = session.full_config["profiles"].get(_source(session), {}).get("credential_process")
    if not command:
        return None
    try:
        return Path(shlex.split(command)[0]).name
    except (ValueError, IndexError):
        return "the command"


def _said(error: Exception, words: str) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such program"
    if isinstance(error, ValueError):
        return "its output is not JSON"
    _, _, said = words.partition("custom-process: ")
    return said or words
