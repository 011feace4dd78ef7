"""The provider's side of an exchange, where candela converts a request into its provider's form."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and tables; earlier records went to Anthropic unchanged."""
    for name in ("provider", "region", "model_sent", "adaptations", "provider_status", "provider_metrics"):
        op.add_column("exchanges", sa.Column(name, sa.Integer if name == "provider_status" else sa.Text))
    for name in ("provider_request", "provider_response"):
        op.add_column("headers", sa.Column(name, sa.Text))
    op.create_table(
        "provider_requests",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("patched", sa.Boolean, nullable=False),
        sa.Column("untouched", sa.Boolean, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_provider_requests"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_provider_requests_exchange_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "provider_parts",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("chunks", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", "number", name="pk_provider_parts"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_provider_parts_exchange_id", ondelete="CASCADE"
        ),
    )
