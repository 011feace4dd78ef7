"""Use botocore's credential chain, as AWS's own tools do. Everything here blocks, at first for most of a second."""

from pathlib import Path
from typing import Any

from candela_tui.credentials.cached import Lease
from candela_tui.credentials.errors import CredentialsError
from candela_tui.providers.bedrock.credentials.keys import Keys, SigningKeys
from candela_tui.providers.bedrock.credentials.messages import CodeNeeded, may_pass, nothing_found, why_not

_CLI_SESSIONS = Path("~/.aws/cli/cache")


def signing_keys(profile: str | None, region: str | None) -> Lease[Keys]:
    """Get keys and their expiry. ``region`` is where STS is asked for a role. Raises CredentialsError.

    Everything is read again each time, so a login in another terminal takes effect."""
    session = None
    try:
        session = _session(profile, region)
        try:
            return _keys(session, None)
        except CodeNeeded:
            # candela can't ask for a code here, but the AWS CLI may have a session for which one was typed.
            session = _session(profile, region)
            return _keys(session, _CliSessions())
    except CredentialsError:
        raise
    except Exception as error:  # noqa: BLE001 - a broken file or command makes botocore raise any error, even KeyError
        # The cause is dropped because it may quote the output of a command.
        raise CredentialsError(why_not(error, session), passing=may_pass(error)) from None


def profile_region(profile: str | None) -> str | None:
    """Return the profile's region, or None if it names none. Raises CredentialsError."""
    session = None
    try:
        session = _session(profile, None)
        region = session.get_config_variable("region")
    except Exception as error:  # noqa: BLE001 - as above
        raise CredentialsError(why_not(error, session), passing=may_pass(error)) from None
    return str(region) if region else None


def _session(profile: str | None, region: str | None) -> Any:
    from botocore.session import Session

    # An explicit profile takes precedence over keys in the environment. AWS_PROFILE, which botocore reads itself, does
    # not.
    session = Session(profile=profile)
    if region is not None:
        session.set_config_variable("region", region)
    return session


def _keys(session: Any, sessions: "_CliSessions | None") -> Lease[Keys]:
    assume_role = session.get_component("credential_provider").get_provider("assume-role")
    # botocore's own prompter would ask on the terminal that the dashboard uses.
    assume_role._prompter = _no_code
    if sessions is not None:
        assume_role.cache = sessions
    credentials = session.get_credentials()
    if credentials is None:
        raise CredentialsError(nothing_found(session))
    frozen = credentials.get_frozen_credentials()
    # botocore has no public name for the expiry. Without it, keys would be renewed only after they are refused.
    ends = getattr(credentials, "_expiry_time", None)
    return Lease(
        SigningKeys(frozen.access_key, frozen.secret_key, frozen.token), ends.timestamp() if ends is not None else None
    )


def _no_code(_prompt: str) -> str:
    raise CodeNeeded


class _CliSessions:
    """The AWS CLI's cached sessions of assumed roles, by botocore's cache key. New sessions stay in memory and are not
    written to its files."""

    def __init__(self) -> None:
        from botocore.utils import JSONFileCache

        self._files = JSONFileCache(str(_CLI_SESSIONS.expanduser()))
        self._own: dict[str, Any] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._own or key in self._files

    def __getitem__(self, key: str) -> Any:
        return self._own[key] if key in self._own else self._files[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._own[key] = value
