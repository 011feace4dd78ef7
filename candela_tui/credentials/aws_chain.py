"""The chain of credentials that AWS's own tools use, by botocore. All of it blocks, for most of a second at first."""

from pathlib import Path
from typing import Any

from candela_tui.credentials.aws_words import CodeNeeded, may_pass, nothing_found, why_not
from candela_tui.credentials.errors import CredentialsError
from candela_tui.credentials.keys import Keys, SigningKeys
from candela_tui.credentials.shared import Lease

_CLI_SESSIONS = Path("~/.aws/cli/cache")


def signing_keys(profile: str | None, region: str | None) -> Lease[Keys]:
    """Keys, and when they end. Everything is read anew: a login in another terminal counts. ``region`` is where STS is
    asked for a role. Raises CredentialsError."""
    session = None
    try:
        session = _session(profile, region)
        try:
            return _keys(session, None)
        except CodeNeeded:
            # candela has no place to type a code, but the AWS CLI may have a session for which one was typed.
            session = _session(profile, region)
            return _keys(session, _CliSessions())
    except CredentialsError:
        raise
    except Exception as error:  # noqa: BLE001 - a broken file or command makes botocore raise what it likes, KeyError too
        # None of what lies behind it goes on: it may quote what a command printed.
        raise CredentialsError(why_not(error, session), passing=may_pass(error)) from None


def profile_region(profile: str | None) -> str | None:
    """The region that the profile names. Raises CredentialsError."""
    session = None
    try:
        session = _session(profile, None)
        region = session.get_config_variable("region")
    except Exception as error:  # noqa: BLE001 - as above
        raise CredentialsError(why_not(error, session), passing=may_pass(error)) from None
    return str(region) if region else None


def _session(profile: str | None, region: str | None) -> Any:
    from botocore.session import Session

    # A profile that is given goes before keys of the environment; AWS_PROFILE, which botocore reads itself, does not.
    session = Session(profile=profile)
    if region is not None:
        session.set_config_variable("region", region)
    return session


def _keys(session: Any, sessions: "_CliSessions | None") -> Lease[Keys]:
    assume_role = session.get_component("credential_provider").get_provider("assume-role")
    # botocore's own would ask on the terminal that the dashboard draws on.
    assume_role._prompter = _no_code
    if sessions is not None:
        assume_role.cache = sessions
    credentials = session.get_credentials()
    if credentials is None:
        raise CredentialsError(nothing_found(session))
    frozen = credentials.get_frozen_credentials()
    # botocore has no public name for it; without one, keys would be renewed only once they are refused.
    ends = getattr(credentials, "_expiry_time", None)
    return Lease(
        SigningKeys(frozen.access_key, frozen.secret_key, frozen.token), ends.timestamp() if ends is not None else None
    )


def _no_code(_prompt: str) -> str:
    raise CodeNeeded


class _CliSessions:
    """The sessions of assumed roles that the AWS CLI keeps, by the key that botocore gives each; nothing is written
    to its files."""

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
