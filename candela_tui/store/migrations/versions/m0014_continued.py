"""The digest of a conversation, by which the session is found that another one continues."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the columns; they stay NULL for earlier records."""
    op.add_column("exchanges", sa.Column("conversation", sa.Text))
    op.add_column("exchanges", sa.Column("continues", sa.Text))
    op.create_index("ix_exchanges_conversing", "exchanges", ["id"], sqlite_where=sa.text("conversation IS NOT NULL"))
    op.drop_index("ix_exchanges_stating", "exchanges")
    op.create_index(
        "ix_exchanges_stating",
        "exchanges",
        ["session_id", "id"],
        sqlite_where=sa.text(
            "session_title IS NOT NULL OR continues IS NOT NULL OR substr(clues, 1, 16) <> '[null,null,null,'"
        ),
    )
