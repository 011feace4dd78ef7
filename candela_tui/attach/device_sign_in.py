"""Signs in to a server in the terminal, and out: the device authorization of RFC 8628, on the paths that candela has.

A server's ``/.well-known`` document is not read, so that tokens go to no other host.
"""

import http.client
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import msgspec

from candela_tui.api_root import DASHBOARD_SURFACE
from candela_tui.attach.errors import NotSignedIn, Unavailable, Unreachable, why
from candela_tui.attach.team_server import Address
from candela_tui.text.terminal_safe import terminal_safe

_DEVICE: Final = "/oauth/device_authorization"
_TOKEN: Final = "/oauth/token"  # noqa: S105 - a path
_REVOKE: Final = "/oauth/revoke"
_DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_S: Final = 5.0
"""By how much RFC 8628 slows a client down that asks too often."""
_MOST_BYTES: Final = 64 * 1024
_MOST_WORDS: Final = 300
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}

_Kind = TypeVar("_Kind")
_LONGEST_S: Final = 366 * 86_400
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_S)]


class DeviceCode(msgspec.Struct, frozen=True):
    """A sign-in that was begun."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str = ""
    expires_in: _Seconds = 600
    interval: _Seconds = 5

    @property
    def page(self) -> str:
        """The page to sign in on, with the code if the server says how."""
        return self.verification_uri_complete or self.verification_uri

    def __repr__(self) -> str:
        return "DeviceCode(…)"


class Tokens(msgspec.Struct, frozen=True):
    """What a person who signed in has."""

    access: str
    refresh: str
    until: datetime
    """When the access token expires."""
    email: str

    def __repr__(self) -> str:
        return f"Tokens({self.email})"


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: _Seconds
    refresh_token: str
    email: str


class _Fault(msgspec.Struct):
    error: Any = ""
    error_description: str = ""


class DeviceSignIn:
    """Asks one server for tokens. Every method blocks, and raises Unavailable."""

    def __init__(
        self,
        address: Address,
        context: Callable[[], ssl.SSLContext],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``context`` returns the certificates that are trusted."""
        self._address = address
        self._context = context
        self._now = now
        self._sleep = sleep

    def begin(self) -> DeviceCode:
        """Begin a sign-in."""
        status, body = self._post(_DEVICE, surface=DASHBOARD_SURFACE)
        if status != http.client.OK:
            raise self._refused(status, body)
        begun = self._understood(body, DeviceCode)
        if not begun.page.startswith(("https://", "http://")):
            raise Unavailable(f"{self._address.origin} does not answer as a candela does.")
        return begun

    def wait(self, begun: DeviceCode) -> Tokens:
        """Wait until the person has signed in. Raises NotSignedIn if that was denied or took too long.

        A server that does not answer is asked again, less often: the person may be in the middle of it."""
        until, interval = self._now() + timedelta(seconds=begun.expires_in), begun.interval
        asked = {"grant_type": _DEVICE_GRANT, "device_code": begun.device_code}
        lost: Unreachable | None = None
        while self._now() < until:
            self._sleep(interval)
            try:
                status, body = self._post(_TOKEN, **asked)
            except Unreachable as error:
                lost, interval = error, interval + _SLOWER_S
                continue
            lost = None
            if status == http.client.OK:
                return self._tokens(body)
            match _fault(body).error:
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval += _SLOWER_S
                case "access_denied":
                    raise NotSignedIn(f"{self._address.origin} did not let you in.")
                case "expired_token":
                    break
                case _:
                    raise self._refused(status, body)
        raise lost or NotSignedIn("Nobody entered the code in time. Begin again.")

    def refresh(self, tokens: Tokens) -> Tokens:
        """Return other tokens of the same sign-in. Raises NotSignedIn if that has ended."""
        status, body = self._post(_TOKEN, grant_type="refresh_token", refresh_token=tokens.refresh)
        if status == http.client.OK:
            return self._tokens(body)
        if _fault(body).error == "invalid_grant":
            there = self._address.origin
            raise NotSignedIn(f"The sign-in to {there} has ended: `candela login {there}` begins another.")
        raise self._refused(status, body)

    def end(self, tokens: Tokens) -> None:
        """End the sign-in at the server."""
        status, body = self._post(_REVOKE, token=tokens.refresh, token_type_hint="refresh_token")  # noqa: S106 - a name
        if status != http.client.OK:
            raise self._refused(status, body)

    def _post(self, path: str, **form: str) -> tuple[int, bytes]:
        connection = self._address.connection(self._context)
        try:
            connection.request("POST", path, urlencode(form), _FORM)
            with connection.getresponse() as response:
                return response.status, response.read(_MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._address.origin} does not answer ({why(error)}).") from error
        finally:
            connection.close()

    def _tokens(self, body: bytes) -> Tokens:
        granted = self._understood(body, _Granted)
        until = self._now() + timedelta(seconds=granted.expires_in)
        return Tokens(granted.access_token, granted.refresh_token, until, granted.email)

    def _understood(self, body: bytes, kind: type[_Kind]) -> _Kind:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Unavailable(f"{self._address.origin} does not answer as a candela does.") from None

    def _refused(self, status: int, body: bytes) -> Unavailable:
        there = self._address.origin
        if status in (http.client.UNAUTHORIZED, http.client.NOT_FOUND):
            return Unavailable(f"Nobody can sign in at {there}: its [team] settings do not say how.")
        said = terminal_safe(_fault(body).error_description)[:_MOST_WORDS]
        return Unavailable(f"{there} answered with HTTP {status}{f': {said}' if said else '.'}")


def _fault(body: bytes) -> _Fault:
    try:
        return msgspec.json.decode(body, type=_Fault)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _Fault()
