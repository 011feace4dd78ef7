"""The name of the key of candela's that a client had."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column; it stays NULL for what was recorded before."""
    op.add_column("exchanges", sa.Column("key", sa.Text))
