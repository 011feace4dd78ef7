"""The providers that were asked in turn because one failed."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; it stays NULL for what was recorded before."""
    op.add_column("exchanges", sa.Column("attempts", sa.Text))
