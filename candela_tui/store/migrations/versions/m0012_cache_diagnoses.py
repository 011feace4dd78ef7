"""What became of each request's cache, and why."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table. A running candela fills it for the requests that are there."""
    op.create_table(
        "cache_diagnoses",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text),
        sa.Column("cause", sa.Text),
        sa.Column("confidence", sa.Text, nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("previous_id", sa.Text),
        sa.Column("idle_us", sa.BigInteger),
        sa.Column("ttl", sa.Text),
        sa.Column("expected_read_tokens", sa.BigInteger),
        sa.Column("rewritten_tokens", sa.BigInteger),
        sa.Column("rewritten_cost", sa.BigInteger),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_cache_diagnoses"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_cache_diagnoses_exchange_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
