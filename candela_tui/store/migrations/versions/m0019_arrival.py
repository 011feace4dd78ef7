"""How a request came in: by a base URL, intercepted or redirected by the system."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the column; it stays NULL for what was recorded before, which came in by a base URL."""
    op.add_column("exchanges", sa.Column("arrival", sa.Text))
