"""The exchanges that were removed and whose headers and bodies still take space."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table; nothing was removed before."""
    op.create_table(
        "removals",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("removed_at_us", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_removals"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_removals_exchange_id", "removals", ["exchange_id"])
