"""What the client's own telemetry says of an exchange and of the tool calls in its answer."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns; they stay NULL where the client says nothing."""
    op.add_column("exchanges", sa.Column("reported_cost", sa.BigInteger))
    op.add_column("exchanges", sa.Column("tool_runs", sa.Text))
