"""What a cost was calculated from: the version of the price data, and what else is needed to calculate it again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; it stays NULL for earlier records."""
    op.add_column("exchanges", sa.Column("price_basis", sa.Text))
