"""Facts that the client and a gateway state besides the message, and those that candela works out itself."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = (
    "agent_type",
    "request_class",
    "prompt_id",
    "tool_durations",
    "asked",
    "left_out",
    "client",
    "inferred",
    "model_stated",
    "gateway",
    "client_cost",
    "unread",
    "answer_facts",
)


def upgrade() -> None:
    """Add the columns; they stay NULL for earlier records."""
    for name in _COLUMNS:
        op.add_column("exchanges", sa.Column(name, sa.BigInteger if name == "client_cost" else sa.Text))
