"""The types of the records that the local API answers with. Those of requests are made of the tables of facts."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from candela_tui.exchange.facts import DETAILS, FACTS, Detail, Fact, Unit

Time = Annotated[datetime, Meta(tz=True)]
_OF_UNITS: dict[Unit, Any] = {
    Unit.TEXT: str,
    Unit.TIME: Time,
    Unit.FLAG: bool,
    Unit.NUMBER: int,
    Unit.TOKENS: int,
    Unit.BYTES: int,
}
"""All others are numbers."""
_OF_JSON: dict[str, Any] = {"object": dict[str, Any], "array": list[Any], "string": str}


def _of_fact(fact: Fact) -> tuple[str, Any]:
    words = f"{fact.label[0].upper()}{fact.label[1:]}. {fact.doc}".strip()
    return fact.name, Annotated[_OF_UNITS.get(fact.unit, float) | None, Meta(description=words)]


def _of_detail(detail: Detail) -> tuple[str, Any]:
    return detail.name, Annotated[_OF_JSON[detail.json_type] | None, Meta(description=detail.doc)]


_REQUEST_FIELDS = [_of_fact(fact) for fact in FACTS]
_DETAIL_FIELDS = [_of_detail(detail) for detail in DETAILS]

RequestRecord = msgspec.defstruct(
    "RequestRecord", _REQUEST_FIELDS, namespace={"__doc__": "The facts of one request. What is not known is null."}
)
RequestDetails = msgspec.defstruct(
    "RequestDetails",
    [*(field for field in _REQUEST_FIELDS if field[0] not in dict(_DETAIL_FIELDS)), *_DETAIL_FIELDS],
    namespace={"__doc__": "The facts of one request, with its header fields and what else does not fit in a table."},
)


class SessionRecord(msgspec.Struct):
    """A session with the totals of its requests. The tokens are null if no response stated its usage."""

    session_id: Annotated[str | None, Meta(description="Null for the requests without a session.")]
    title: str
    client: str | None
    cwd: str | None
    branch: str | None
    started_at: Time | None
    last_at: Time | None
    agents: Annotated[int, Meta(description="The number of its sub-agents.")]
    continues: Annotated[str | None, Meta(description="The session that it continues.")]
    continues_request: Annotated[str | None, Meta(description="The request that it continues.")]
    requests: int
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_5m_tokens: int | None
    cache_write_1h_tokens: int | None
    output_tokens: int | None
    cache_hit_rate: Annotated[float | None, Meta(description="The cache's share of the prompts, from 0 to 1.")]
    cost_usd: Annotated[float | None, Meta(description="The sum over the requests with a price.")]
    side_requests: int
    side_cost_usd: float | None
    saved_usd: Annotated[float | None, Meta(description="What the cache saved.")]
    cost_at_least: Annotated[bool, Meta(description="Whether the session may cost more.")]
    unpriced: Annotated[int, Meta(description="The number of requests without a price.")]
    unread: Annotated[int, Meta(description="The number of answers that were not read in full.")]
    client_difference_usd: Annotated[
        float | None, Meta(description="How much more the client calculates than the provider bills.")
    ]
    imported: Annotated[int, Meta(description="The number of requests that did not cross candela.")]
