"""What more is known of an exchange: how its cost came about, what it asked of the cache, whom it set to work."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; of what was recorded before, nothing is known for them."""
    for name in ("usage_beyond", "cost_notes", "saved", "cache_ttls", "tools_called", "delegations", "task"):
        op.add_column("exchanges", sa.Column(name, sa.BigInteger if name == "saved" else sa.Text))
