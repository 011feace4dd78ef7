"""Makes the budgets of a process: those of this machine, or, with ``[store] url``, those that replicas share."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from candela_tui.config import Settings
from candela_tui.database_url import database_url
from candela_tui.ledger.running import Spending
from candela_tui.paths import Paths
from candela_tui.pricing import Pricer
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.overrides import Overrides, OverridesFile
from candela_tui.store.errors import StoreError

if TYPE_CHECKING:
    # It imports SQLAlchemy.
    from candela_tui.audit.log import AuditLog

_UNUSABLE = "the overrides of budgets can't be read or changed"


def open_budgets(
    settings: Settings,
    paths: Paths | None,
    pricer: Pricer,
    spending: Spending,
    notify: Callable[[str], None] = lambda _: None,
    audit: "AuditLog | None" = None,
) -> Budgets:
    """Return budgets without any rule yet. Without a data directory none can be overridden. ``audit`` gets an entry for
    each override."""
    if settings.store.url is None:
        overrides = OverridesFile(paths.overrides, audit) if paths is not None else None
        return Budgets(pricer, spending, overrides, notify)
    # Import it here: most users have no database server.
    from candela_tui.rules.budgets.shared.books import SharedBooks
    from candela_tui.rules.budgets.shared.overrides import SharedOverrides
    from candela_tui.rules.budgets.shared.replica import Replica
    from candela_tui.store.impatient_engine import impatient_engine
    from candela_tui.store.shared_database import SharedDatabase

    url = database_url(settings.store.url)
    shared = SharedOverrides(SharedDatabase(url, _UNUSABLE, StoreError).transaction, audit)
    books = SharedBooks(Replica(lambda: impatient_engine(url)), shared)
    budgets = Budgets(pricer, spending, shared, notify, books=books)
    books.listen(budgets)
    return budgets


def open_overrides(settings: Settings, paths: Paths, audit: "AuditLog") -> Overrides:
    """Return the overrides of the budgets. ``audit`` gets an entry for each change."""
    if settings.store.url is None:
        return OverridesFile(paths.overrides, audit)
    from candela_tui.rules.budgets.shared.overrides import SharedOverrides
    from candela_tui.store.shared_database import SharedDatabase

    url = database_url(settings.store.url)
    return SharedOverrides(SharedDatabase(url, _UNUSABLE, StoreError).transaction, audit)
