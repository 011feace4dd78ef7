"""What requests would have cost with another model, without the prompt cache, or with another lifetime of it.

Only requests that have a cost are compared. The recorded cost stays as it is: the other one is beside it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from candela_tui.analysis.costs import billing_provider
from candela_tui.exchange import Cost, Exchange
from candela_tui.ledger.totals import Totals
from candela_tui.pricing import Pricer
from candela_tui.protocol.usage import Usage

_FIVE_MINUTES, _HOUR = timedelta(minutes=5), timedelta(hours=1)
_NO_CACHE = "no-cache"
_CLAUDE = "claude-"
_FORMS = "model=NAME, no-cache, ttl=1h or ttl=5m"


class Change(StrEnum):
    """What would be different."""

    MODEL = "model"
    NO_CACHE = _NO_CACHE
    TTL = "ttl"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """One change to calculate the cost with."""

    change: Change
    value: str = ""
    """The model, or the lifetime: ``5m`` or ``1h``."""

    @classmethod
    def parse(cls, text: str) -> "WhatIf":
        """Read ``model=NAME``, ``no-cache``, ``ttl=1h`` or ``ttl=5m``. Raises ValueError."""
        name, _, value = text.partition("=")
        if text == _NO_CACHE:
            return cls(Change.NO_CACHE)
        if name == Change.MODEL and value.strip():
            return cls(Change.MODEL, value.strip())
        if name == Change.TTL and value in ("5m", "1h"):
            return cls(Change.TTL, value)
        raise ValueError(f"expected {_FORMS}")

    def __str__(self) -> str:
        return f"{self.change}={self.value}" if self.value else self.change


@dataclass(slots=True)
class Compared:
    """Requests as they were, and as they would have been."""

    requests: int = 0
    """How many requests are compared."""
    before: Totals = field(default_factory=Totals)
    """Tokens and cost by part."""
    after: Totals = field(default_factory=Totals)
    at_least: bool = False
    """Whether the cost that they would have had is a lower bound."""
    unpriced: Counter[str] = field(default_factory=Counter)
    """The requests that are not compared, by the model that has no price."""
    shifted_requests: int = 0
    shifted_tokens: int = 0
    """With another lifetime: tokens that would have been read instead of written, or the other way round."""

    @property
    def difference(self) -> Decimal:
        """USD by which they would have been more expensive."""
        return self.after.cost_usd - self.before.cost_usd

    def include(self, other: "Compared") -> None:
        """Add other requests."""
        self.requests += other.requests
        self.before.include(other.before)
        self.after.include(other.after)
        self.at_least = self.at_least or other.at_least
        self.unpriced.update(other.unpriced)
        self.shifted_requests += other.shifted_requests
        self.shifted_tokens += other.shifted_tokens


class _Cached(NamedTuple):
    """The state of an agent's cache after a request."""

    exchange: Exchange
    tokens: int
    for_an_hour: bool


class Recount:
    """Prices requests again, one by one, in the order of their ids within each session."""

    def __init__(self, what_if: WhatIf, pricer: Pricer) -> None:
        self._what_if = what_if
        self._pricer = pricer
        self._latest: dict[tuple[str | None, str | None], _Cached] = {}

    def of(self, exchange: Exchange) -> Compared:
        """Return one request as it was, and as it would have been."""
        shifted = self._shifted(exchange) if self._what_if.change is Change.TTL else 0
        usage, cost = exchange.usage, exchange.cost
        if exchange.unpriced_model is not None and cost is None:
            return Compared(unpriced=Counter({exchange.unpriced_model: 1}))
        if usage is None or cost is None:
            return Compared()
        before = _parts(usage, cost)
        if not cost.total:
            # What was not billed would not have been billed either.
            return Compared(1, before, replace(before), cost.at_least)
        if self._what_if.change is Change.NO_CACHE:
            return _without_cache(exchange, before, cost)
        after_usage = self._other_usage(usage, shifted)
        priced = self._price(exchange, after_usage, cost.at_least)
        if isinstance(priced, str):
            return Compared(unpriced=Counter({priced: 1}))
        if self._what_if.change is Change.TTL:
            now = self._price(exchange, usage, cost.at_least)
            if isinstance(now, str):
                return Compared(unpriced=Counter({now: 1}))
            # Only the difference is calculated: prices may have changed since the request was recorded.
            priced = _moved(cost, now, priced)
        return Compared(
            1, before, _parts(after_usage, priced), priced.at_least, Counter(), int(shifted != 0), abs(shifted)
        )

    def _price(self, exchange: Exchange, usage: Usage, at_least: bool) -> Cost | str:
        """Return the cost of a usage, or the model that has no price."""
        if self._what_if.change is not Change.MODEL:
            return self._priced(exchange, usage, exchange.model, exchange.model_used, exchange.model_sent, at_least)
        name = self._what_if.value
        # Lists and reports show models without the beginning of their names.
        for full in (name, f"{_CLAUDE}{name}"):
            cost = self._priced(exchange, usage, full, full, _sent_as(exchange, full), at_least)
            if isinstance(cost, Cost):
                return cost
        return name

    def _priced(
        self,
        exchange: Exchange,
        usage: Usage,
        asked: str | None,
        used: str | None,
        sent: str | None,
        at_least: bool,
    ) -> Cost | str:
        priced = self._pricer.price(
            usage,
            provider=billing_provider(exchange),
            region=exchange.region,
            model_asked=asked,
            model_used=used,
            model_sent=sent,
            at=exchange.started_at,
            final=not at_least,
            cloud_tier=exchange.price_basis.cloud_tier if exchange.price_basis is not None else None,
        )
        return priced.cost if priced.cost is not None else priced.unpriced_model or used or asked or ""

    def _other_usage(self, usage: Usage, shifted: int) -> Usage:
        if self._what_if.change is Change.MODEL:
            return usage
        written = (usage.cache_write_tokens or 0) - shifted
        read = (usage.cache_read_tokens or 0) + shifted
        for_an_hour = self._what_if.value == "1h"
        return replace(
            usage,
            cache_read_tokens=read,
            cache_write_5m_tokens=0 if for_an_hour else written,
            cache_write_1h_tokens=written if for_an_hour else 0,
        )

    def _shifted(self, exchange: Exchange) -> int:
        """Return the tokens that would have been read instead of written; negative: written instead of read.

        The cache holds what the agent's previous request read and wrote, and each request renews its lifetime.
        """
        usage = exchange.usage
        if usage is None or not usage.prompt_tokens:
            return 0
        agent = (exchange.session_id, exchange.agent_id)
        previous = self._latest.get(agent)
        read, written = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        if read or written:
            for_an_hour = "1h" in exchange.cache_ttls or bool(usage.cache_write_1h_tokens)
            self._latest[agent] = _Cached(exchange, read + written, for_an_hour)
        if previous is None or _model(previous.exchange) != _model(exchange):
            return 0
        if not _FIVE_MINUTES < exchange.started_at - previous.exchange.started_at <= _HOUR:
            return 0
        if self._what_if.value == "1h":
            return 0 if previous.for_an_hour else min(written, max(0, previous.tokens - read))
        return -min(read, previous.tokens) if previous.for_an_hour else 0


def _without_cache(exchange: Exchange, before: Totals, cost: Cost) -> Compared:
    """Return a request whose whole prompt is input: that costs what it did cost, and what the cache saved."""
    if exchange.saved is None:
        return Compared(unpriced=Counter({_model(exchange) or "": 1}))
    after = replace(
        before,
        input_tokens=before.input_tokens + before.cache_read_tokens + before.cache_write_tokens,
        cache_read_tokens=0,
        cache_write_5m_tokens=0,
        cache_write_1h_tokens=0,
        input_usd=before.input_usd + before.cache_read_usd + before.cache_write_usd + exchange.saved,
        cache_read_usd=Decimal(0),
        cache_write_usd=Decimal(0),
    )
    return Compared(1, before, after, cost.at_least)


def _parts(usage: Usage, cost: Cost) -> Totals:
    """Return the tokens and the cost of one request by part."""
    return Totals(
        input_tokens=usage.input_tokens or 0,
        cache_read_tokens=usage.cache_read_tokens or 0,
        cache_write_5m_tokens=usage.cache_write_5m_tokens or 0,
        cache_write_1h_tokens=usage.cache_write_1h_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        input_usd=cost.input,
        cache_read_usd=cost.cache_read,
        cache_write_usd=cost.cache_write,
        output_usd=cost.output,
        web_searches_usd=cost.web_searches,
    )


def _sent_as(exchange: Exchange, name: str) -> str | None:
    """Return another model's name with what stands before the name that was sent, such as where the model may run."""
    before, found, _ = (exchange.model_sent or exchange.model or "").rpartition("/")[2].partition(_CLAUDE)
    return f"{before}{name}" if before and found and name.startswith(_CLAUDE) else None


def _model(exchange: Exchange) -> str | None:
    return exchange.model_used or exchange.model


def _moved(cost: Cost, one: Cost, other: Cost) -> Cost:
    """Return a cost changed by the difference between two others."""

    def moved(part: Callable[[Cost], Decimal]) -> Decimal:
        return part(cost) + part(other) - part(one)

    return Cost(
        moved(lambda of: of.input),
        moved(lambda of: of.cache_read),
        moved(lambda of: of.cache_write),
        moved(lambda of: of.output),
        moved(lambda of: of.web_searches),
        cost.at_least or other.at_least,
    )
