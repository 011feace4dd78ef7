"""The entry that says who read what others asked, over the local API or with a command."""

from candela_tui.audit.actor import own_user
from candela_tui.audit.log import AuditLog


def is_of_other_user(user: str | None) -> bool:
    """Return whether what the keys of a user asked is not that of the user of this process. What has no key, or one of
    nobody's, was asked on this machine."""
    return user not in (None, own_user())


def record_body_read(
    log: AuditLog,
    exchange_id: str,
    *,
    key: str | None,
    user: str | None,
    session_id: str | None,
    reader: str | None = None,
) -> None:
    """Record that a body of a request is about to be read. ``key`` asked it, which is that of ``user``. ``reader`` is
    who reads; None for whom the log is opened for. Blocks; raises AuditError."""
    with log.writing(reader) as write:
        write("body.read", exchange_id, None, {"key": key, "user": user, "session_id": session_id})
