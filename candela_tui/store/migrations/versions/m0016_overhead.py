"""The time that candela itself added to an exchange."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column; it stays NULL for what was recorded before."""
    op.add_column("exchanges", sa.Column("overhead", sa.Text))
