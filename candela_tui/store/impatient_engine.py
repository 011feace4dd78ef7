"""Connections to PostgreSQL that fail soon rather than wait, because requests wait for them."""

import logging
from functools import cache

from sqlalchemy import Engine, NullPool, create_engine

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.postgres import connect, require_driver

_ANSWER_S = 5.0
_NAME = "impatient"


@cache
def impatient_engine(url: DatabaseUrl) -> Engine:
    """Return an engine whose connections are new and give up after some seconds. Raises NoDriver."""
    require_driver()
    # Its pool would log each connection that PostgreSQL broke with a traceback. What uses the connection says so.
    logging.getLogger(f"sqlalchemy.pool.impl.NullPool.{_NAME}").setLevel(logging.CRITICAL + 1)
    return create_engine(
        "postgresql+pg8000://",
        creator=lambda: connect(url, answer_s=_ANSWER_S),
        poolclass=NullPool,
        pool_logging_name=_NAME,
    )
