"""The tables of the store.

Units: ``*_us`` are microseconds since 1970 UTC, ``*_ms`` milliseconds since the request was received, ``cost_*`` and
``saved`` picodollars (1e-12 USD), sizes bytes. Text that came over the wire may not be valid Unicode; ``codecs``
then writes it as bytes.

A new field of ``Exchange`` gets a column of the same name here automatically. Like any change of a table, it needs a
migration in ``migrations/versions``, and that migration's revision at the end of ``REVISIONS``. From 0022 on, they also
run on PostgreSQL, whose first stores have the schema of 0021. Text is ``dialects.StoredText``, in migrations, too.
"""

from collections.abc import Iterator
from typing import Any, Final, get_type_hints

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
    func,
    text,
)

from candela_tui.exchange import Exchange
from candela_tui.store.codecs import codec_of
from candela_tui.store.dialects import StoredText

REVISIONS: Final = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0009",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
    "0018",
    "0019",
    "0020",
    "0021",
    "0022",
    "0023",
    "0024",
)
"""Every revision that this version knows, oldest first. Listed here so that reading a store does not need Alembic."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_RELEASED: tuple[Column[Any], ...] = (
    Column("id", StoredText, primary_key=True),
    Column("started_at_us", BigInteger, nullable=False),
    Column("method", StoredText, nullable=False),
    Column("path", StoredText, nullable=False),
    Column("route", StoredText, nullable=False),
    Column("dialect", StoredText, nullable=False),
    Column("kind", StoredText, nullable=False),
    Column("url", StoredText, nullable=False),
    Column("session_id", StoredText),
    Column("agent_id", StoredText),
    Column("parent_agent_id", StoredText),
    Column("model", StoredText),
    Column("model_used", StoredText),
    Column("streamed", Boolean, nullable=False),
    Column("status", Integer),
    Column("outcome", StoredText, nullable=False),
    Column("stop_reason", StoredText),
    Column("error_type", StoredText),
    Column("error_message", StoredText),
    # NULL: no usage was reported.
    Column("usage_iterations", BigInteger),
    Column("input_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_5m_tokens", BigInteger),
    Column("cache_write_1h_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("web_searches", BigInteger),
    Column("service_tier", StoredText),
    Column("speed", StoredText),
    Column("inference_geo", StoredText),
    # NULL: not priced.
    Column("cost_at_least", Boolean),
    Column("cost_input", BigInteger),
    Column("cost_cache_read", BigInteger),
    Column("cost_cache_write", BigInteger),
    Column("cost_output", BigInteger),
    Column("cost_web_searches", BigInteger),
    Column("unpriced_model", StoredText),
    Column("connected_ms", Double),
    Column("first_byte_ms", Double),
    Column("first_token_ms", Double),
    Column("end_ms", Double),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("output_characters", BigInteger, nullable=False),
    Column("request_id", StoredText),
    Column("rate_limits", StoredText),
    Column("retry", BigInteger, nullable=False),
    Column("differences", StoredText),
    Column("clues", StoredText),
    Column("session_title", StoredText),
    Column("subscription", Boolean, nullable=False),
    Column("pid", BigInteger),
    # Distinguishes processes that had this pid (see processes.py).
    Column("process", StoredText),
    # The response came faster than it could be stored and is incomplete, so none of it is shown.
    Column("response_dropped", Boolean, nullable=False),
    # JSON, if there are any; NULL: none.
    Column("usage_beyond", StoredText),
    Column("cost_notes", StoredText),
    Column("saved", BigInteger),
    Column("cache_ttls", StoredText),
    Column("tools_called", StoredText),
    Column("delegations", StoredText),
    Column("task", StoredText),
    # NULL: anthropic, the only provider of the first two schemas.
    Column("provider", StoredText),
    Column("region", StoredText),
    Column("model_sent", StoredText),
    # JSON, if there are any; NULL: none.
    Column("adaptations", StoredText),
    Column("provider_status", Integer),
    Column("provider_metrics", StoredText),
    Column("agent_type", StoredText),
    Column("request_class", StoredText),
    Column("prompt_id", StoredText),
    # JSON, if there are any; NULL: none.
    Column("tool_durations", StoredText),
    Column("asked", StoredText),
    Column("left_out", StoredText),
    Column("client", StoredText),
    Column("inferred", StoredText),
    Column("model_stated", StoredText),
    Column("gateway", StoredText),
    Column("client_cost", BigInteger),
    Column("unread", StoredText),
    Column("answer_facts", StoredText),
    Column("betas", StoredText),
)
"""The columns of the released schemas, in the order in which the migrations create them."""
_SPREAD = frozenset({"started_at", "error", "usage", "cost", "marks", "cache", "context"})
"""Fields of an exchange that are stored in columns of other names, or in a table of their own."""
IN_HEADERS = frozenset({"request_headers", "response_headers", "provider_request_headers", "provider_response_headers"})


STATING: Final = "session_title IS NOT NULL OR continues IS NOT NULL OR substr(clues, 1, 16) <> '[null,null,null,'"
"""Exchanges that state facts about their session. Clues of most requests only name the model."""
BODILESS: Final = "kept <> 'full'"
"""Exchanges whose bodies are not stored. It has an index, and is not true where ``kept`` is NULL, which stands for
full."""
SUMMED: Final = (
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
"""The sums that are stored; ``sums.py`` says what each is over."""


def _later_columns() -> Iterator[Column[Any]]:
    """Yield a column for each field of an exchange that no released schema has, by the field's type.

    NULL stands for the field's default, which earlier records have.
    """
    released = {column.name for column in _RELEASED}
    for name, hint in get_type_hints(Exchange).items():
        if name not in _SPREAD | IN_HEADERS | released:
            yield Column(name, codec_of(hint).column_type)


def _partial_index(name: str, *columns: str, where: str) -> Index:
    # ``migrate`` gives it the same condition in PostgreSQL. To know that one here, SQLAlchemy would load that dialect,
    # for a tenth of a second.
    return Index(name, *columns, sqlite_where=text(where))


exchanges = Table(
    "exchanges",
    metadata,
    *_RELEASED,
    *_later_columns(),
    Index(None, "session_id", "id"),
    Index(None, "started_at_us"),
    _partial_index("ix_exchanges_live", "pid", where="outcome = 'live'"),
    _partial_index("ix_exchanges_conversing", "id", where="conversation IS NOT NULL"),
    _partial_index("ix_exchanges_stating", "session_id", "id", where=STATING),
    _partial_index("ix_exchanges_key", "key", "id", where="key IS NOT NULL"),
    _partial_index("ix_exchanges_bodiless", "outcome", where=BODILESS),
)

HAS_BODIES: Final = func.coalesce(exchanges.c.kept, "full") == "full"
"""Exchanges whose bodies are stored."""

sums = Table(
    "sums",
    metadata,
    # The exchanges that it is over; NULL: those without. A quarter is one of an hour, counted since 1970 UTC.
    Column("session_id", StoredText),
    Column("agent_id", StoredText),
    Column("model", StoredText),
    Column("quarter", BigInteger, nullable=False),
    Column("first_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    # The latest exchange that states a client.
    Column("named", StoredText),
    *(Column(name, BigInteger, nullable=False) for name in SUMMED),
    Index("ix_sums_group", "session_id", "agent_id", "model", "quarter"),
)

headers = Table(
    "headers",
    metadata,
    # A separate table, so that listing exchanges reads a third of the pages.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # The client's request and response, and the provider's, which have none where they are the client's own; see
    # ``rows.pack_headers``.
    Column("fields", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

request_bodies = Table(
    "request_bodies",
    metadata,
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # The body that this one is a patch against; NULL: stored alone.
    Column("base_id", ForeignKey("request_bodies.exchange_id"), index=True),
    # Position in its lane (see lanes.py); NULL: in none.
    Column("position", Integer),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)


def _parts(name: str) -> Table:
    return Table(
        name,
        metadata,
        # A live response grows by parts; at its end they are merged into one.
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
    # Only if the body sent to the provider, or the one received from it, differs from the client's.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # Whether the body is a patch against that of the same exchange in request_bodies; otherwise it is stored alone.
    Column("patched", Boolean, nullable=False),
    # The response passed to the client unchanged: it is in response_parts, and provider_parts has nothing.
    Column("untouched", Boolean, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

provider_parts = _parts("provider_parts")

cache_diagnoses = Table(
    "cache_diagnoses",
    metadata,
    # What became of the request's cache, and why (``exchange.cache_diagnosis``), worked out after it ended. What the
    # exchange itself states, such as the tokens that were read, is not repeated.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # Of the analysis; the result of another one is not used, and worked out again.
    Column("version", Integer, nullable=False),
    Column("state", StoredText),
    Column("cause", StoredText),
    Column("confidence", StoredText, nullable=False),
    Column("place", StoredText),
    Column("previous_id", StoredText),
    Column("idle_us", BigInteger),
    Column("ttl", StoredText),
    Column("expected_read_tokens", BigInteger),
    Column("rewritten_tokens", BigInteger),
    # Picodollars.
    Column("rewritten_cost", BigInteger),
    sqlite_with_rowid=False,
)

context_sums = Table(
    "context_sums",
    metadata,
    # What fills the context window at a request, in tokens by source (``exchange.context_sums``), worked out after it
    # ended. NULL: its body is not kept.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    # Of the analysis; the result of another one is not used, and worked out again.
    Column("version", Integer, nullable=False),
    Column("system_tokens", BigInteger),
    Column("tools_tokens", BigInteger),
    Column("messages_tokens", BigInteger),
    sqlite_with_rowid=False,
)

context_parts = Table(
    "context_parts",
    metadata,
    # The parts of those sums. A separate table, since lists don't read them.
    Column("exchange_id", ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, nullable=False),
    # Source, kind, name, tokens and bytes of each part (see contexts.py).
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

removals = Table(
    "removals",
    metadata,
    # Exchanges that were removed, and whose headers and bodies still take space (see removal.py). Numbers are not used
    # again, so that each process can tell which of them it has not seen.
    Column("number", Integer, primary_key=True),
    Column("exchange_id", StoredText, nullable=False, index=True),
    # Bytes of the headers and bodies.
    Column("size", BigInteger, nullable=False),
    Column("removed_at_us", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

for _table in metadata.tables.values():
    for _references in _table.foreign_key_constraints:
        # Removed exchanges leave their bodies until these are deleted (see removal.py). SQLite can do without the
        # references for a while, PostgreSQL can't.
        _references.ddl_if(dialect="sqlite")
