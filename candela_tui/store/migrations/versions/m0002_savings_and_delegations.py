"""More facts of an exchange: the parts of its cost, its cache breakpoints, and the agents that it started."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; they stay NULL for earlier records."""
    for name in ("usage_beyond", "cost_notes", "saved", "cache_ttls", "tools_called", "delegations", "task"):
        op.add_column("exchanges", sa.Column(name, sa.BigInteger if name == "saved" else sa.Text))
