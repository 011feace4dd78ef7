"""An index for the requests of some of candela's keys: members of a team read only those."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the index."""
    has_key = sa.text("key IS NOT NULL")
    op.create_index("ix_exchanges_key", "exchanges", ["key", "id"], sqlite_where=has_key, postgresql_where=has_key)
