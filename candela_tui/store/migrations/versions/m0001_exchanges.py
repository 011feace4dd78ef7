"""The first schema: exchanges, their headers and their bodies."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of the first schema."""
    op.create_table(
        "exchanges",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("started_at_us", sa.BigInteger, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("session_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("parent_agent_id", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("model_used", sa.Text),
        sa.Column("streamed", sa.Boolean, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("stop_reason", sa.Text),
        sa.Column("error_type", sa.Text),
        sa.Column("error_message", sa.Text),
        sa.Column("usage_iterations", sa.BigInteger),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("cache_read_tokens", sa.BigInteger),
        sa.Column("cache_write_5m_tokens", sa.BigInteger),
        sa.Column("cache_write_1h_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("web_searches", sa.BigInteger),
        sa.Column("service_tier", sa.Text),
        sa.Column("speed", sa.Text),
        sa.Column("inference_geo", sa.Text),
        sa.Column("cost_at_least", sa.Boolean),
        sa.Column("cost_input", sa.BigInteger),
        sa.Column("cost_cache_read", sa.BigInteger),
        sa.Column("cost_cache_write", sa.BigInteger),
        sa.Column("cost_output", sa.BigInteger),
        sa.Column("cost_web_searches", sa.BigInteger),
        sa.Column("unpriced_model", sa.Text),
        sa.Column("connected_ms", sa.Double),
        sa.Column("first_byte_ms", sa.Double),
        sa.Column("first_token_ms", sa.Double),
        sa.Column("end_ms", sa.Double),
        sa.Column("request_bytes", sa.BigInteger, nullable=False),
        sa.Column("response_bytes", sa.BigInteger, nullable=False),
        sa.Column("output_characters", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.Text),
        sa.Column("rate_limits", sa.Text),
        sa.Column("retry", sa.BigInteger, nullable=False),
        sa.Column("differences", sa.Text),
        sa.Column("clues", sa.Text),
        sa.Column("session_title", sa.Text),
        sa.Column("subscription", sa.Boolean, nullable=False),
        sa.Column("pid", sa.BigInteger),
        sa.Column("process", sa.Text),
        sa.Column("response_dropped", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_exchanges"),
    )
    op.create_index("ix_exchanges_session_id", "exchanges", ["session_id", "id"])
    op.create_index("ix_exchanges_started_at_us", "exchanges", ["started_at_us"])
    op.create_index(
        "ix_exchanges_live",
        "exchanges",
        ["pid"],
        sqlite_where=sa.text("outcome = 'live'"),
        postgresql_where=sa.text("outcome = 'live'"),
    )
    op.create_table(
        "headers",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("response", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_headers"),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name="fk_headers_exchange_id", ondelete="CASCADE"),
    )
    op.create_table(
        "request_bodies",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("base_id", sa.Text),
        sa.Column("position", sa.Integer),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_request_bodies"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_request_bodies_exchange_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["base_id"], ["request_bodies.exchange_id"], name="fk_request_bodies_base_id"),
    )
    op.create_index("ix_request_bodies_base_id", "request_bodies", ["base_id"])
    op.create_table(
        "response_parts",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("chunks", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", "number", name="pk_response_parts"),
        sa.ForeignKeyConstraint(
            ["exchange_id"], ["exchanges.id"], name="fk_response_parts_exchange_id", ondelete="CASCADE"
        ),
    )
