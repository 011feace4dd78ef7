"""What fills the context window at each request."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Create the tables. A running candela fills them for the requests that are there."""
    for name, columns in (
        (
            "context_sums",
            (
                sa.Column("system_tokens", sa.BigInteger),
                sa.Column("tools_tokens", sa.BigInteger),
                sa.Column("messages_tokens", sa.BigInteger),
            ),
        ),
        ("context_parts", (sa.Column("data", sa.LargeBinary, nullable=False),)),
    ):
        op.create_table(
            name,
            sa.Column("exchange_id", sa.Text, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            *columns,
            sa.PrimaryKeyConstraint("exchange_id", name=f"pk_{name}"),
            sa.ForeignKeyConstraint(
                ["exchange_id"], ["exchanges.id"], name=f"fk_{name}_exchange_id", ondelete="CASCADE"
            ),
            sqlite_with_rowid=False,
        )
