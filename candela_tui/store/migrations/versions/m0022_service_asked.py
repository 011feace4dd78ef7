"""What a request asked for beside its model."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column; it stays NULL for requests that are there."""
    op.add_column("exchanges", sa.Column("service_asked", sa.Text))
