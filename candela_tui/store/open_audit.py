"""Opens the audit log: that of the data directory, or, with ``[store] url``, the one that replicas share."""

from candela_tui.audit.entry import AuditError
from candela_tui.audit.log import AuditLog, LocalAuditLog
from candela_tui.config import Settings
from candela_tui.database_url import database_url
from candela_tui.paths import Paths


def open_audit_log(settings: Settings, paths: Paths, actor: str, via: str) -> AuditLog:
    """Return the log. ``actor`` and ``via`` say who does what is written there, and how."""
    if settings.store.url is None:
        return LocalAuditLog(paths.audit, actor, via)
    # Import it here: most users have no database server.
    from candela_tui.audit.shared_log import SharedAuditLog
    from candela_tui.store.shared_database import SharedDatabase

    url = database_url(settings.store.url)
    database = SharedDatabase(url, "the audit log can't be used", AuditError)
    return SharedAuditLog(database.transaction, actor, via)
