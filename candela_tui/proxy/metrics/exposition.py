"""Write the numbers in the formats that Prometheus reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from candela_tui import __version__
from candela_tui.proxy.metrics.counts import Counted, Labels, Spread
from candela_tui.proxy.metrics.moment import Moment
from candela_tui.rules.budgets.state import BudgetStanding, BudgetState

_MODEL: Final = ("provider", "model")


def exposition(moment: Moment, accept: str) -> tuple[bytes, str]:
    """Return the numbers and their media type, for the Accept field of a scraper. Blocks: it reads /proc."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Families(moment))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Families(Collector):
    def __init__(self, moment: Moment) -> None:
        self._moment = moment

    def collect(self) -> Iterator[Metric]:
        """prometheus-client's hook: return every family of samples."""
        yield from _traffic(self._moment.counted)
        yield from _state(self._moment)
        yield from _queues(self._moment)
        yield from _budgets(self._moment.budgets)


def _traffic(counted: Counted) -> Iterator[Metric]:
    yield _counter(
        "requests",
        "Requests that ended, by what they were for and how they ended.",
        (*_MODEL, "kind", "outcome"),
        counted.requests,
    )
    yield _counter(
        "errors", "Requests that failed, were cut off or were refused, by type.", (*_MODEL, "type"), counted.errors
    )
    yield _counter("tokens", "Tokens that answers stated.", (*_MODEL, "type"), counted.tokens)
    cost = {of: float(usd) for of, usd in counted.cost.items()}
    yield _counter(
        "cost_usd",
        "Cost in USD. With billing=subscription: what the API would have charged, not what is billed.",
        (*_MODEL, "billing"),
        cost,
    )
    yield _counter("cost_unknown", "Requests whose cost is not known, or not all of it.", _MODEL, counted.cost_unknown)
    saved = GaugeMetricFamily(
        "candela_cache_saved_usd",
        "USD that the prompt cache saved. It falls where writing the cache cost more than reading it saved.",
        labels=_MODEL,
    )
    for of, usd in counted.saved.items():
        saved.add_metric(of, float(usd))
    yield saved
    yield _histogram(
        "time_to_first_token_seconds",
        "From the connection to the provider to the first token.",
        counted.first_token,
    )
    yield _histogram("request_duration_seconds", "From the request to the end of its answer.", counted.duration)
    yield _counter(
        "cache_results",
        "Requests by what became of their prompt cache, and why. Known a moment after the end.",
        ("state", "cause"),
        counted.cache,
    )


def _state(moment: Moment) -> Iterator[Metric]:
    yield GaugeMetricFamily("candela_requests_live", "Requests in flight.", moment.live)
    yield GaugeMetricFamily("candela_start_time_seconds", "When this candela started, since 1970.", moment.started_at)
    build = GaugeMetricFamily("candela_build_info", "The version of candela.", labels=("version",))
    build.add_metric((__version__,), 1)
    yield build


def _queues(moment: Moment) -> Iterator[Metric]:
    """Yield what waits to be stored or sent, and what never will be."""
    queues = [("store", moment.storing.trouble, moment.storing.waiting, moment.storing.lost)]
    queues += [(state.name, state.trouble, state.waiting, state.dropped) for state in moment.telemetry]
    waiting = GaugeMetricFamily(
        "candela_queue_waiting", "What waits to be stored (while it can't be) or sent.", labels=("queue",)
    )
    dropped = CounterMetricFamily(
        "candela_queue_dropped", "What will not be stored or sent any more.", labels=("queue",)
    )
    failing = GaugeMetricFamily("candela_queue_failing", "1 while nothing can be stored or sent.", labels=("queue",))
    for name, trouble, now, lost in queues:
        waiting.add_metric((name,), now)
        dropped.add_metric((name,), lost)
        failing.add_metric((name,), int(trouble is not None))
    yield from (waiting, dropped, failing)


def _budgets(states: Iterable[BudgetState]) -> Iterator[Metric]:
    """Yield how budgets stand. Of a budget with many targets, such as one for each session, the fullest counts."""
    used = GaugeMetricFamily(
        "candela_budget_used_ratio", "How much of a budget is spent or reserved: 1 is all of it.", labels=("budget",)
    )
    blocked = GaugeMetricFamily(
        "candela_budget_blocked_targets",
        "For how many targets, such as sessions, a budget refuses requests.",
        labels=("budget",),
    )
    limit = GaugeMetricFamily("candela_budget_limit_usd", "The limit of a budget in USD.", labels=("budget",))
    fullest: dict[str, float] = {}
    refusing: dict[str, int] = {}
    limits: dict[str, float] = {}
    for state in states:
        fullest[state.name] = max(fullest.get(state.name, 0.0), state.full)
        refusing[state.name] = refusing.get(state.name, 0) + (state.state is BudgetStanding.BLOCKED)
        if state.limit_usd is not None:
            limits[state.name] = float(state.limit_usd)
    for family, values in ((used, fullest), (blocked, refusing), (limit, limits)):
        for name, value in values.items():
            family.add_metric((name,), value)
        yield family


def _counter(name: str, words: str, labels: Sequence[str], values: Mapping[Labels, float]) -> CounterMetricFamily:
    family = CounterMetricFamily(f"candela_{name}", words, labels=labels)
    for of, value in values.items():
        family.add_metric(of, value)
    return family


def _histogram(name: str, words: str, spreads: Mapping[Labels, Spread]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(f"candela_{name}", words, labels=_MODEL)
    for of, spread in spreads.items():
        bounds = [*map(str, spread.bounds), "+Inf"]
        family.add_metric(of, list(zip(bounds, accumulate(spread.counts), strict=True)), spread.total)
    return family
