"""The tables of the store.

Units: ``*_us`` are microseconds since 1970 UTC, ``*_ms`` milliseconds since the request was received, ``cost_*`` and
``saved`` picodollars (1e-12 USD), sizes bytes. Text that came over the wire may hold what is not valid Unicode;
``rows`` writes such a value as bytes.

A change of a table needs a migration of its own in ``migrations/versions`` and its revision at the end of
``REVISIONS``.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

REVISIONS: Final = ("0001", "0002", "0003", "0004")
"""Every revision that this candela knows, oldest first. Kept here so that a look at a store needs no Alembic."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at_us", BigInteger, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("session_id", Text),
    Column("agent_id", Text),
    Column("parent_agent_id", Text),
    Column("model", Text),
    Column("model_used", Text),
    Column("streamed", Boolean, nullable=False),
    Column("status", Integer),
    Column("outcome", Text, nullable=False),
    Column("stop_reason", Text),
    Column("error_type", Text),
    Column("error_message", Text),
    # No iterations (NULL): no usage was reported.
    Column("usage_iterations", BigInteger),
    Column("input_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_5m_tokens", BigInteger),
    Column("cache_write_1h_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("web_searches", BigInteger),
    Column("service_tier", Text),
    Column("speed", Text),
    Column("inference_geo", Text),
    # No mark (NULL): not priced.
    Column("cost_at_least", Boolean),
    Column("cost_input", BigInteger),
    Column("cost_cache_read", BigInteger),
    Column("cost_cache_write", BigInteger),
    Column("cost_output", BigInteger),
    Column("cost_web_searches", BigInteger),
    Column("unpriced_model", Text),
    Column("connected_ms", Double),
    Column("first_byte_ms", Double),
    Column("first_token_ms", Double),
    Column("end_ms", Double),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("output_characters", BigInteger, nullable=False),
    Column("request_id", Text),
    Column("rate_limits", Text),
    Column("retry", BigInteger, nullable=False),
    Column("differences", Text),
    Column("clues", Text),
    Column("session_title", Text),
    Column("subscription", Boolean, nullable=False),
    Column("pid", BigInteger),
    # Which of the processes that have had this pid (see processes.py).
    Column("process", Text),
    # Not all of the response is here: it came faster than it could be stored, so none of it is shown.
    Column("response_dropped", Boolean, nullable=False),
    # JSON where there are several; NULL: none.
    Column("usage_beyond", Text),
    Column("cost_notes", Text),
    Column("saved", BigInteger),
    Column("cache_ttls", Text),
    Column("tools_called", Text),
    Column("delegations", Text),
    Column("task", Text),
    # NULL: anthropic, which all of the first two schemas' are.
    Column("provider", Text),
    Column("region", Text),
    Column("model_sent", Text),
    # JSON where there are several; NULL: none.
    Column("adaptations", Text),
    Column("provider_status", Integer),
    Column("provider_metrics", Text),
    Column("agent_type", Text),
    Column("request_class", Text),
    Column("prompt_id", Text),
    # JSON where there are several; NULL: none.
    Column("tool_durations", Text),
    Column("asked", Text),
    Column("left_out", Text),
    Column("client", Text),
    Column("inferred", Text),
    Column("model_stated", Text),
    Column("gateway", Text),
    Column("client_cost", BigInteger),
    Column("unread", Text),
    Column("answer_facts", Text),
    Index(None, "session_id", "id"),
    Index(None, "started_at_us"),
    Index("ix_exchanges_live", "pid", sqlite_where=text("outcome = 'live'"), postgresql_where=text("outcome = 'live'")),
)

headers = Table(
    "headers",
    metadata,
    # Apart from exchanges, so that a list of them reads a third of the pages.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("request", Text, nullable=False),
    Column("response", Text, nullable=False),
    # Towards the provider; NULL: none that are not the client's own.
    Column("provider_request", Text),
    Column("provider_response", Text),
)

request_bodies = Table(
    "request_bodies",
    metadata,
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # The body that this one is a patch against; NULL: stands alone.
    Column("base_id", ForeignKey("request_bodies.exchange_id"), index=True),
    # Place in its lane (see lanes.py); NULL: in none.
    Column("position", Integer),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)


def _parts(name: str) -> Table:
    return Table(
        name,
        metadata,
        # While an exchange is live its response grows by parts; at its end one part has it all.
        Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("size", BigInteger, nullable=False),
        Column("digest", LargeBinary, nullable=False),
        Column("data", LargeBinary, nullable=False),
        # Sizes and times of the chunks (see bodies.py).
        Column("chunks", LargeBinary, nullable=False),
    )


response_parts = _parts("response_parts")

provider_requests = Table(
    "provider_requests",
    metadata,
    # Only where the body that went to the provider, or the one that came from it, is not the client's own.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # Whether the body is a patch against that of the same exchange in request_bodies; else it stands alone.
    Column("patched", Boolean, nullable=False),
    # The answer passed to the client as it came: it is in response_parts, and nothing is in provider_parts.
    Column("untouched", Boolean, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

provider_parts = _parts("provider_parts")
