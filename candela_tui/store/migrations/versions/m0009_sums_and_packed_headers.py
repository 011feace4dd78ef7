"""The sums over exchanges, an index of the exchanges that state facts about their session, and packed headers."""

import json

import sqlalchemy as sa
from alembic import op

from candela_tui.store.rows import pack_headers

revision = "0009"
down_revision = "0008"

_SUMMED = (
    "requests",
    "errors",
    "free",
    "counted",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "cost_input",
    "cost_cache_read",
    "cost_cache_write",
    "cost_output",
    "cost_web_searches",
    "priced",
    "unpriced",
    "lower_bounds",
    "unread",
    "imported",
    "side_requests",
    "side_cost",
    "saved",
    "counted_otherwise",
    "client_difference",
)


def upgrade() -> None:
    """Create the tables and the index. ``keep_sums`` fills the sums after the last migration."""
    op.create_table(
        "sums",
        sa.Column("session_id", sa.Text),
        sa.Column("agent_id", sa.Text),
        sa.Column("model", sa.Text),
        sa.Column("quarter", sa.BigInteger, nullable=False),
        sa.Column("first_us", sa.BigInteger, nullable=False),
        sa.Column("last_us", sa.BigInteger, nullable=False),
        sa.Column("named", sa.Text),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in _SUMMED),
    )
    op.create_index("ix_sums_group", "sums", ["session_id", "agent_id", "model", "quarter"])
    op.create_index(
        "ix_exchanges_stating",
        "exchanges",
        ["session_id", "id"],
        sqlite_where=sa.text("session_title IS NOT NULL OR substr(clues, 1, 16) <> '[null,null,null,'"),
    )
    _pack_headers()


_AT_ONCE = 500


def _pack_headers() -> None:
    op.rename_table("headers", "plain_headers")
    packed = op.create_table(
        "headers",
        sa.Column("exchange_id", sa.Text, nullable=False),
        sa.Column("fields", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("exchange_id", name="pk_headers"),
        sa.ForeignKeyConstraint(["exchange_id"], ["exchanges.id"], name="fk_headers_exchange_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    names = ("request", "response", "provider_request", "provider_response")
    plain = sa.table("plain_headers", sa.column("exchange_id"), *map(sa.column, names))
    connection = op.get_bind()
    exchanges = sa.table("exchanges", sa.column("id"))
    # Those of removed exchanges wait to be deleted.
    kept = sa.select(plain).join(exchanges, exchanges.c.id == plain.c.exchange_id)
    last = ""
    while True:
        some = kept.where(plain.c.exchange_id > last).order_by(plain.c.exchange_id).limit(_AT_ONCE)
        rows = connection.execute(some).all()
        if not rows:
            break
        last = rows[-1].exchange_id
        connection.execute(packed.insert(), [_packed(row.exchange_id, *row[1:]) for row in rows])
    op.drop_table("plain_headers")


def _packed(exchange_id: str, *stored: str | None) -> dict[str, object]:
    try:
        lists = [json.loads(fields) if fields else [] for fields in stored]
    except (ValueError, TypeError):
        # Damaged already. Keep it unreadable, so that its exchange says so.
        return {"exchange_id": exchange_id, "fields": b""}
    return {"exchange_id": exchange_id, "fields": pack_headers(*lists)}
