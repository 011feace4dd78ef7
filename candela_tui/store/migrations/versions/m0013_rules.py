"""What rules did about a request and its answer."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column, which is JSON. NULL: nothing."""
    op.add_column("exchanges", sa.Column("rules", sa.Text))
