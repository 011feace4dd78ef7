"""What the stand-ins for services of AWS share: keys, a profile that gives them, and signatures that are checked.

Signatures are recomputed with botocore over what arrived. Words of refusals are the real ones:
https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html and public reports.
"""

import hashlib
import json
import re
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.standin.answers import Answer, json_answer
from tests.standin.provider import Provider, ReceivedRequest

ACCOUNT = "111122223333"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
)
_MUST_BE_SIGNED = frozenset({"host", "x-amz-date", "x-amz-security-token"})
_FIVE_MINUTES = timedelta(minutes=5)


@dataclass(slots=True)
class _Key:
    secret: str
    token: str | None
    expired: bool = False


class AwsProvider(Provider):
    """A provider that knows keys and checks signatures. A subclass answers what passes, in ``_checked``."""

    services: tuple[str, ...] = ()
    """The names of the service that a signature may be for. Refusals name the last."""

    def __init__(self) -> None:
        super().__init__()
        self.respond = self._respond
        self.region = "us-east-1"
        self.clock_ahead = timedelta(0)
        """How far Amazon's clock is ahead of this machine's."""
        self.bearer_keys: set[str] = set()
        """The API keys that it takes."""
        self._keys: dict[str, _Key] = {}
        self._folder: Path | None = None
        self._numbers = iter(range(1, 10**6))

    def issue(self) -> tuple[str, str, str]:
        """New keys that it takes: access key, secret key, session token."""
        number = next(self._numbers)
        access_key = f"ASIASTANDIN{number:09d}"
        key = _Key(f"secret/of+{number:030d}", f"session-token-{number}")
        self._keys[access_key] = key
        assert key.token is not None
        return access_key, key.secret, key.token

    def expire_keys(self) -> None:
        """Every key that was issued so far has expired."""
        for key in self._keys.values():
            key.expired = True

    def forget_keys(self) -> None:
        """Nothing that was issued so far is known any more."""
        self._keys.clear()

    def environment(self, folder: Path) -> dict[str, str]:
        """Variables of a user whose default profile gets its keys from a command (``put_keys`` says which)."""
        self._folder = folder
        command = folder / "keys.sh"
        command.write_text(f"echo asked >> {folder / 'asked'}\ncat {folder / 'keys.json'}\n")
        (folder / "aws-config").write_text(f"[default]\ncredential_process = sh {shlex.quote(str(command))}\n")
        self.put_keys()
        return {
            "AWS_CONFIG_FILE": str(folder / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "no-credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": self.region,
        }

    def put_keys(self) -> None:
        """The user's command gives new keys from now on, such as after a login."""
        assert self._folder is not None, "environment() comes first"
        access_key, secret_key, token = self.issue()
        ends = datetime.now(UTC) + timedelta(hours=6)
        document = {
            "Version": 1,
            "AccessKeyId": access_key,
            "SecretAccessKey": secret_key,
            "SessionToken": token,
            "Expiration": ends.isoformat(),
        }
        (self._folder / "keys.json").write_text(json.dumps(document))

    @property
    def times_asked_for_keys(self) -> int:
        """How often the user's command ran."""
        assert self._folder is not None, "environment() comes first"
        asked = self._folder / "asked"
        return len(asked.read_text().splitlines()) if asked.exists() else 0

    def aws_error(self, status: int, kind: str, words: str) -> Answer:
        """An error in Amazon's form, such as ``aws_error(429, "ThrottlingException", "Too many requests, …")``."""
        document = {"message": words} if words else {}
        return json_answer(document, status, [("x-amzn-ErrorType", f"{kind}:http://internal.amazon.com/coral/{kind}/")])

    def _checked(self, request: ReceivedRequest) -> Answer:
        raise NotImplementedError

    def _respond(self, request: ReceivedRequest) -> Answer:
        answer = self._checked(request)
        headers = [
            ("Date", format_datetime(self._now(), usegmt=True)),
            ("x-amzn-RequestId", f"b6b1c1f2-0000-4000-8000-{next(self._numbers):012d}"),
        ]
        others = [(name, value) for name, value in answer.headers if name.lower() != "request-id"]
        return answer.but(headers=(*headers, *others))

    def _api_key(self, request: ReceivedRequest) -> str | None:
        """The API key of a request, None if it has none."""
        authorization = request.header("authorization") or ""
        return authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else None

    def _refused_key(self) -> Answer:
        words = "Authentication failed: Please make sure your API Key is valid."
        return self.aws_error(403, "AccessDeniedException", words)

    def _unauthenticated(self, request: ReceivedRequest) -> Answer | None:
        authorization = request.header("authorization") or ""
        key = self._api_key(request)
        if key is not None:
            return None if key in self.bearer_keys else self._refused_key()
        if not authorization:
            return self.aws_error(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        parts = _AUTHORIZATION.fullmatch(authorization)
        if parts is None:
            words = f"Authorization header requires 'Credential' parameter. Authorization={authorization[:16]}"
            return self.aws_error(403, "IncompleteSignatureException", words)
        access_key, _day, region, service, names, signature = parts.groups()
        known = self._keys.get(access_key)
        if known is None or request.header("x-amz-security-token") != known.token:
            words = "The security token included in the request is invalid."
            return self.aws_error(403, "UnrecognizedClientException", words)
        if region != self.region:
            words = "Credential should be scoped to a valid region. "
            return self.aws_error(403, "InvalidSignatureException", words)
        services = self._services(request)
        if service not in services:
            words = f"Credential should be scoped to correct service: '{services[-1]}'. "
            return self.aws_error(403, "InvalidSignatureException", words)
        wrong_time = self._wrong_time(request.header("x-amz-date") or "")
        if wrong_time is not None:
            return self.aws_error(403, "InvalidSignatureException", wrong_time)
        if signature != _signature(request, known, access_key, region, service, names.split(";")):
            words = (
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
                " Access Key and signing method. Consult the service documentation for details."
            )
            return self.aws_error(403, "InvalidSignatureException", words)
        if known.expired:
            words = "The security token included in the request is expired"
            return self.aws_error(403, "ExpiredTokenException", words)
        return None

    def _services(self, request: ReceivedRequest) -> tuple[str, ...]:
        """For which services the signature of a request may be."""
        return self.services

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.clock_ahead

    def _wrong_time(self, signed_at: str) -> str | None:
        now = self._now()
        then = datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        first, last = (f"{moment:%Y%m%dT%H%M%SZ}" for moment in (now - _FIVE_MINUTES, now + _FIVE_MINUTES))
        if then < now - _FIVE_MINUTES:
            return f"Signature expired: {signed_at} is now earlier than {first} ({now:%Y%m%dT%H%M%SZ} - 5 min.)"
        if then > now + _FIVE_MINUTES:
            return f"Signature not yet current: {signed_at} is still later than {last} ({now:%Y%m%dT%H%M%SZ} + 5 min.)"
        return None


def _signature(
    request: ReceivedRequest, key: _Key, access_key: str, region: str, service: str, names: list[str]
) -> str:
    """What the signature should be. A field that must be signed and is not makes another one, as at AWS."""
    fields = {name: value for name, value in request.headers if name.lower() in names}
    host = next(value for name, value in request.headers if name.lower() == "host")
    missing = {name for name in _MUST_BE_SIGNED if request.header(name) is not None} - set(names)
    digest = request.header("x-amz-content-sha256")
    if missing or (digest is not None and digest != hashlib.sha256(request.body).hexdigest()):
        return "0" * 64
    signed = AWSRequest(request.method, f"http://{host}{request.target}", fields, request.body)
    signed.context["timestamp"] = request.header("x-amz-date")
    signer = SigV4Auth(Credentials(access_key, key.secret, key.token), service, region)
    return str(signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed))
