"""Connections to PostgreSQL that fail early, because requests wait for them."""

from functools import cache

from sqlalchemy import Engine

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.postgres import shared_engine
from candela_tui.store.shared_schema import make_shared_tables

_ANSWER_S = 5.0


def impatient_engine(url: DatabaseUrl) -> Engine:
    """Return the engine that all of this process share, whose connections give up after some seconds. The first time,
    this makes the tables that replicas share. Any thread may connect. Blocks; raises NoDriver, SQLAlchemyError and
    OSError."""
    engine = shared_engine(url, answer_s=_ANSWER_S)
    _make_tables(url)
    return engine


@cache
def _make_tables(url: DatabaseUrl) -> None:
    with shared_engine(url, answer_s=_ANSWER_S).begin() as connection:
        make_shared_tables(connection)
