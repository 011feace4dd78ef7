"""AWS STS: the identity behind a set of keys, and roles assumed with an MFA code. Everything here blocks."""

import re
from dataclasses import dataclass
from typing import Any

from candela_tui.credentials.errors import CredentialsError, quotable
from candela_tui.providers.bedrock.credentials.client import client
from candela_tui.providers.bedrock.credentials.keys import SigningKeys
from candela_tui.providers.bedrock.credentials.messages import described

_WRONG_CODE = re.compile(r"MultiFactorAuthentication failed|invalid MFA|one time pass", re.IGNORECASE)
_TOO_LONG = re.compile(r"DurationSeconds", re.IGNORECASE)


class WrongCode(CredentialsError):
    """The MFA code is wrong or was used before."""


class KeysRefused(CredentialsError):
    """AWS does not take the keys, so that only others help."""


class Unreachable(CredentialsError):
    """AWS STS can't be reached."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity that a set of AWS keys belongs to."""

    account: str
    arn: str


@dataclass(frozen=True, slots=True)
class RoleSession:
    """The session of an assumed role."""

    keys: SigningKeys
    ends: float
    """When the session expires, in seconds since the epoch."""
    arn: str
    """The ARN of the session."""


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """The parameters of AssumeRole."""

    arn: str
    duration_s: int
    session_name: str | None = None
    external_id: str | None = None
    mfa_serial: str | None = None
    mfa_code: str | None = None


def identity(keys: SigningKeys, region: str) -> Identity:
    """Return the identity that the keys belong to. Raises Unreachable, or CredentialsError if AWS refuses them."""
    answer = _call(region, keys, "get_caller_identity")
    return Identity(answer["Account"], answer["Arn"])


def assume(asked: RoleAsked, keys: SigningKeys, region: str) -> RoleSession:
    """Assume a role with these keys. Raises WrongCode, Unreachable, CredentialsError."""
    parameters: dict[str, Any] = {
        "RoleArn": asked.arn,
        "RoleSessionName": asked.session_name or "candela",
        "DurationSeconds": asked.duration_s,
    }
    if asked.external_id is not None:
        parameters["ExternalId"] = asked.external_id
    if asked.mfa_serial is not None:
        parameters |= {"SerialNumber": asked.mfa_serial, "TokenCode": asked.mfa_code}
    answer = _call(region, keys, "assume_role", **parameters)
    given = answer["Credentials"]
    session = SigningKeys(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return RoleSession(session, given["Expiration"].timestamp(), answer["AssumedRoleUser"]["Arn"])


def _call(region: str, keys: SigningKeys, operation: str, **parameters: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        return getattr(client("sts", region, keys), operation)(**parameters)
    except ClientError as error:
        raise _refusal(error.response.get("Error", {})) from None
    except ParamValidationError as error:
        raise CredentialsError(f"AWS does not take that: {quotable(str(error))}") from None
    except BotoCoreError as error:
        raise Unreachable(f"AWS STS in {region} can't be asked: {described(error)}") from None


def _refusal(error: dict[str, Any]) -> CredentialsError:
    code, said = str(error.get("Code", "")), quotable(str(error.get("Message", ""))).rstrip(".")
    if _WRONG_CODE.search(said):
        return WrongCode(f"AWS did not take the code: {said}. A code works once; wait for the next one")
    if code in ("InvalidClientTokenId", "UnrecognizedClientException"):
        return KeysRefused(
            "AWS does not know this access key: it was deleted or deactivated, or belongs to another partition"
        )
    if code == "SignatureDoesNotMatch" and "expired" not in said and "not yet current" not in said:
        return KeysRefused("the secret access key does not belong to the access key: copy both again")
    if code in ("SignatureDoesNotMatch", "RequestExpired"):
        return CredentialsError(f"AWS refused the signature: {said}. Set this machine's clock")
    if code in ("ExpiredToken", "ExpiredTokenException"):
        return KeysRefused("the session of these keys has ended: get new ones")
    if code == "ValidationError" and _TOO_LONG.search(said):
        return CredentialsError(f"AWS did not assume the role for so long: {said}. Choose a shorter time")
    if code in ("AccessDenied", "AccessDeniedException"):
        return CredentialsError(f"AWS did not assume the role: {said}. The role's trust policy must allow it")
    return CredentialsError(f"AWS refused: {said or code}")
