"""A database with the tables that replicas share."""

import pytest
from sqlalchemy import Engine

from candela_tui.database_url import DatabaseUrl
from candela_tui.store.impatient_engine import impatient_engine


@pytest.fixture
def database(postgres_url: DatabaseUrl) -> Engine:
    """An engine for a new database."""
    return impatient_engine(postgres_url)
