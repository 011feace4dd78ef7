"""What a request asked for beside its model."""

import sqlalchemy as sa
from alembic import op

from candela_tui.store.dialects import StoredText

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the column; it stays NULL for requests that are there."""
    op.add_column("exchanges", sa.Column("service_asked", StoredText))
