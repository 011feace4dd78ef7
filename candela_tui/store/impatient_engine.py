"""Connections to PostgreSQL that fail early, because requests wait for them."""

from functools import cache

from sqlalchemy import Engine

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.postgres import own_engine
from candela_tui.store.shared_schema import make_shared_tables

_ANSWER_S = 5.0


def impatient_engine(url: DatabaseUrl) -> Engine:
    """Return an engine whose connections are new and give up after some seconds. The first time, this makes the tables
    that replicas share. Blocks; raises NoDriver, SQLAlchemyError and OSError."""
    engine = _engine(url)
    _make_tables(url)
    return engine


@cache
def _make_tables(url: DatabaseUrl) -> None:
    with _engine(url).begin() as connection:
        make_shared_tables(connection)


@cache
def _engine(url: DatabaseUrl) -> Engine:
    return own_engine(url, answer_s=_ANSWER_S)
