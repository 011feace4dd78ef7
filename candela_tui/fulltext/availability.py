"""Whether what was said can be searched."""

from candela_tui.config import Settings


def unavailable(settings: Settings) -> str | None:
    """Return why there is no index of the words, and what to do about it; None if there is one."""
    if settings.store.url is not None:
        return (
            "Words can't be searched where the history is in PostgreSQL: the index is made of a SQLite store. "
            "The filter of the dashboard finds requests by their facts."
        )
    if not settings.history.search:
        return "The search is off. Turn it on with `candela config set history.search true`."
    return None
