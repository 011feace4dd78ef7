"""An index for the requests whose bodies are not stored, so that the full-text index can count the others."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the index."""
    bodiless = sa.text("kept <> 'full'")
    op.create_index("ix_exchanges_bodiless", "exchanges", ["outcome"], sqlite_where=bodiless, postgresql_where=bodiless)
