"""Read the profiles in ~/.aws and where each gets its keys."""

from dataclasses import dataclass
from typing import Any, Literal

from candela_tui.credentials.errors import CredentialsError
from candela_tui.providers.bedrock.credentials.client import plain_session
from candela_tui.providers.bedrock.credentials.messages import why_not
from candela_tui.providers.bedrock.credentials.sso import SCOPES
from candela_tui.providers.bedrock.credentials.sso_cache import SsoSession

Kind = Literal["role", "sso", "login", "process", "keys", "none"]


@dataclass(frozen=True, slots=True)
class ProfileRole:
    """A role that a profile assumes."""

    arn: str
    source: str | None
    """The profile that the first keys come from, or None if they come from elsewhere."""
    mfa_serial: str | None
    external_id: str | None
    session_name: str | None
    duration_s: int | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile in ~/.aws and its kind of credentials."""

    name: str
    kind: Kind
    region: str | None
    access_key: str | None = None
    role: ProfileRole | None = None
    sso: SsoSession | None = None
    """The SSO session of the profile. Also None if the profile names an sso-session that does not exist."""
    account: str = ""
    """A description of the role and account that it signs in to with SSO."""


def profiles() -> list[Profile]:
    """Return all profiles, sorted by name. Blocks. Raises CredentialsError if the files can't be read."""
    config = _config()
    sessions = config.get("sso_sessions", {})
    return [_profile(name, of, sessions) for name, of in sorted(config.get("profiles", {}).items())]


def sso_sessions() -> list[SsoSession]:
    """Return all ``[sso-session]`` sections, sorted by name. Blocks. Raises CredentialsError."""
    sessions = _config().get("sso_sessions", {})
    found = (_session({"sso_session": name}, sessions) for name in sorted(sessions))
    return [session for session in found if session is not None]


def _config() -> dict[str, Any]:
    session = None
    try:
        session = plain_session()
        config = session.full_config
    except Exception as error:  # noqa: BLE001 - a broken file makes botocore raise any error
        raise CredentialsError(why_not(error, None)) from None
    return config if isinstance(config, dict) else {}


def _profile(name: str, of: dict[str, Any], sessions: dict[str, Any]) -> Profile:
    region = _text(of.get("region"))
    # The checks follow botocore's order (botocore.credentials.create_credential_resolver).
    if arn := _text(of.get("role_arn")):
        duration = _text(of.get("duration_seconds"))
        role = ProfileRole(
            arn,
            _text(of.get("source_profile")),
            _text(of.get("mfa_serial")),
            _text(of.get("external_id")),
            _text(of.get("role_session_name")),
            int(duration) if duration is not None and duration.isdigit() else None,
        )
        return Profile(name, "role", region, role=role)
    if "sso_account_id" in of or "sso_role_name" in of:
        account = f"{of.get('sso_role_name', '')} in {of.get('sso_account_id', '')}"
        return Profile(name, "sso", region, sso=_session(of, sessions), account=account)
    if access_key := _text(of.get("aws_access_key_id")):
        return Profile(name, "keys", region, access_key=access_key)
    if "login_session" in of:
        return Profile(name, "login", region)
    return Profile(name, "process" if "credential_process" in of else "none", region)


def _session(of: dict[str, Any], sessions: dict[str, Any]) -> SsoSession | None:
    name = _text(of.get("sso_session"))
    place = sessions.get(name, {}) if name is not None else of
    start_url, region = _text(place.get("sso_start_url")), _text(place.get("sso_region"))
    if start_url is None or region is None:
        return None
    if name is None:
        return SsoSession(start_url, region, None, ())
    asked = _text(place.get("sso_registration_scopes"))
    scopes = tuple(scope.strip() for scope in asked.split(",") if scope.strip()) if asked else SCOPES
    return SsoSession(start_url, region, name, scopes)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
