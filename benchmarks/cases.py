"""The cases: which load is put on which targets, and which figures are reported."""

from dataclasses import dataclass

from benchmarks import figures
from benchmarks.figures import Figure
from benchmarks.load import Shape

BUDGETED = ("straight", "bare", "serve", "budgets")
RULED = ("straight", "bare", "serve", "rules")
TRACED = ("straight", "bare", "serve", "telemetry")
MAPPED = ("straight", "bare", "serve", "vertex", "bedrock")
_EVERY = ("straight", "bare", "nginx", "mitmproxy", "claude-tap", "litellm", "serve", "dashboard", "attached")


@dataclass(frozen=True, slots=True)
class Case:
    """One load, and what is reported of it."""

    id: str
    title: str
    shape: Shape
    figures: tuple[Figure, ...]
    targets: tuple[str, ...] = _EVERY
    in_use: bool = False
    """Someone uses the dashboard meanwhile, where there is one."""


_RELAYED = (figures.ADDED_TTFB, figures.PROCESSOR)
_BUSY = (figures.ADDED_TTFB, figures.THROUGHPUT, figures.PROCESSOR)

CASES = (
    Case("one", "One request at a time", Shape("90 KB, 100 events", 60, 1), _RELAYED),
    # What is recorded of a burst is mostly read and stored after it; of a longer load, meanwhile.
    Case("burst", "32 at once, twice", Shape("90 KB, 100 events", 64, 32), _BUSY),
    Case("32", "32 at once, ten times", Shape("90 KB, 100 events", 320, 32), _BUSY),
    Case("1mb", "8 at once, 1 MB", Shape("1 MB, 100 events", 32, 8, body_kb=1024), _BUSY),
    Case(
        "paced",
        "40 streams, an event each 20 ms",
        Shape("90 KB, 150 events", 40, 40, events=150, pace_ms=20),
        (figures.DELAY_P99, figures.DELAY_P999),
        in_use=True,
    ),
    Case(
        "200",
        "200 at once",
        Shape("90 KB, 100 events, one each 20 ms", 200, 200, pace_ms=20),
        (figures.SLOWEST,),
    ),
    Case("budgets", "Ten budgets, one request at a time", Shape("90 KB, 100 events", 60, 1), _RELAYED, BUDGETED),
    Case("rules", "Ten rules of each kind, one request at a time", Shape("90 KB, 100 events", 60, 1), _RELAYED, RULED),
    Case(
        "fallback",
        "With a fallback that is not needed",
        Shape("90 KB, 100 events", 60, 1),
        _RELAYED,
        ("straight", "bare", "serve", "fallback"),
    ),
    Case("telemetry", "Telemetry on, 32 at once, ten times", Shape("90 KB, 100 events", 320, 32), _BUSY, TRACED),
    Case(
        "mapped-one",
        "Mapped, one at a time",
        Shape("90 KB, 20 events, one each ms", 60, 1, events=20, pace_ms=1),
        _RELAYED,
        MAPPED,
    ),
    Case(
        "mapped-8",
        "Mapped, 8 at once",
        Shape("90 KB, 20 events, one each ms", 96, 8, events=20, pace_ms=1),
        _RELAYED,
        MAPPED,
    ),
    Case(
        "mapped-1mb",
        "Mapped, 8 at once, 1 MB",
        Shape("1 MB, 20 events, one each ms", 32, 8, body_kb=1024, events=20, pace_ms=1),
        _RELAYED,
        MAPPED,
    ),
    # The client speaks TLS there, so this is also what TLS costs it.
    Case(
        "intercepted",
        "Intercepted, one at a time",
        Shape("90 KB, 100 events", 60, 1),
        (figures.INTERCEPTED_TTFB, figures.PROCESSOR),
        ("straight", "bare", "serve", "intercepted"),
    ),
)
