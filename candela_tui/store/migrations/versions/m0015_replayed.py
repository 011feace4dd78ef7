"""The request that the user sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; it stays NULL for requests of clients."""
    op.add_column("exchanges", sa.Column("replayed", sa.Text))
