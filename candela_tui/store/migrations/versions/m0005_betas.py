"""The beta features of a request, which a list needs to know the size of a context window."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; it stays NULL for earlier records."""
    op.add_column("exchanges", sa.Column("betas", sa.Text))
