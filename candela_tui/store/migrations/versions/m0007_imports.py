"""What an exchange was imported from, and the message id by which it is not imported again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_COLUMNS = ("message_id", "imported", "rebuilt")


def upgrade() -> None:
    """Add the columns; they stay NULL for earlier records."""
    for name in _COLUMNS:
        op.add_column("exchanges", sa.Column(name, sa.Text))
