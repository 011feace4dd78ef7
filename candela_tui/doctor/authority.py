"""Whether candela's certificate authority can be used, and is trusted where Claude Code is to be intercepted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.client_settings import ClientEnvironment, client_environment
from candela_tui.doctor.context import DoctorContext
from candela_tui.doctor.destination import asks_through_candela
from candela_tui.proxy.tls_interception.files import AuthorityError, key_path

if TYPE_CHECKING:
    from candela_tui.proxy.tls_interception.authority import Authority

TOPIC = Topic("machine.authority", "Certificate authority")
_RENEW = "Run `candela ca renew`, and restart each Claude Code that was started with --intercept."
_NOT_TRUSTED = "Claude Code can't connect"
_EXTRA = "NODE_EXTRA_CA_CERTS"


def check_authority(context: DoctorContext) -> Sequence[CheckResult]:
    """Look at the authority, and at what Claude Code trusts if candela is its HTTPS proxy. Blocks."""
    client = client_environment(context)
    intercepted = asks_through_candela(client, context.settings.proxy.port)
    directory = context.paths.authority
    if not key_path(directory).exists():
        words = "none, so candela opens no connection"
        if intercepted:
            return [
                TOPIC.warn(f"{words}, although it is Claude Code's HTTPS proxy", "Run `candela claude --intercept`.")
            ]
        return [TOPIC.ok(words)]
    # Import it here: most users have no authority, and cryptography is slow to import.
    from candela_tui.proxy.tls_interception.authority import SOON, existing_authority

    try:
        authority = existing_authority(directory)
    except AuthorityError as error:
        return [TOPIC.bad(str(error), _RENEW, _NOT_TRUSTED if intercepted else "")]
    if authority is None:
        return [TOPIC.ok("none, so candela opens no connection")]
    if intercepted and (untrusted := _untrusted(client, authority)) is not None:
        return [untrusted]
    until = f"{authority.expires.astimezone():%Y-%m-%d}"
    left = authority.expires - datetime.now(UTC)
    if left.total_seconds() <= 0:
        return [TOPIC.bad(f"expired on {until}", _RENEW, _NOT_TRUSTED if intercepted else "")]
    if left < SOON:
        return [TOPIC.warn(f"valid until {until} only", _RENEW)]
    return [TOPIC.ok(f"valid until {until}, for names below {', '.join(authority.domains)}")]


def _untrusted(client: ClientEnvironment, authority: "Authority") -> CheckResult | None:
    """Return what is wrong if Claude Code does not trust the authority."""
    extra = client.get(_EXTRA)
    pem = authority.certificate_path.read_bytes() if authority.certificate_path.exists() else b""
    fix = "Start it with `candela claude --intercept`, or set what `candela env --intercept` prints."
    if extra is None:
        return TOPIC.bad(f"candela is Claude Code's HTTPS proxy, and {_EXTRA} is not set", fix, _NOT_TRUSTED)
    try:
        trusted = Path(extra.value).read_bytes()
    except OSError:
        return None  # The check of the certificates says so.
    if pem and pem.strip() in trusted:
        return None
    return TOPIC.bad(f"{_EXTRA} in {extra.where} does not have candela's certificate", fix, _NOT_TRUSTED)
