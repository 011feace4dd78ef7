"""When the user held a request, and let it go."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns; they stay NULL for requests that were not held."""
    op.add_column("exchanges", sa.Column("held_at_ms", sa.Double))
    op.add_column("exchanges", sa.Column("released_at_ms", sa.Double))
