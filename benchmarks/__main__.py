"""The command ``uv run python -m benchmarks [WHAT] [OPTIONS]``; without WHAT it is the relay."""

import importlib
import sys

MEASUREMENTS = {
    "relay": "candela beside what people would use instead, round by round; writes docs/performance.md",
    "compare": "two commits of candela, round by round: what a change cost",
    "dashboard": "the processor time of the dashboard, idle and with live rows",
    "memory": "memory while much comes",
    "soak": "mixed load with faults for a long time: delays, memory, what is not given back",
    "page": "how fast a browser shows the page of a large session",
    "cache": "what it costs to say why each request missed the cache",
    "search": "what the full-text search costs: the size of its index, indexing and searching",
    "rules": "what rules cost a request and its answer",
    "replicas": "what replicas on one PostgreSQL cost beside one with SQLite, without and with a shared budget",
    "store": "the room that a long history takes, and how fast it answers",
    "growth": "cost against the size of stores, sessions, bodies and streams",
}
"""Modules of this package, each with ``main(arguments)``, and what they measure."""


def main() -> None:
    """Run the measurement that the first argument names, with the other arguments."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in ("-h", "--help"):
        listed = "\n".join(f"  {name:12}{what}" for name, what in MEASUREMENTS.items())
        print(f"usage: python -m benchmarks [WHAT] [OPTIONS]\n\n{listed}\n\nWithout WHAT: relay. Each has --help.")
        return
    if arguments and not arguments[0].startswith("-") and arguments[0] not in MEASUREMENTS:
        raise SystemExit(f"{arguments[0]} is not a measurement. Known: {', '.join(MEASUREMENTS)}")
    name = arguments.pop(0) if arguments and arguments[0] in MEASUREMENTS else "relay"
    importlib.import_module(f"benchmarks.{name}").main(arguments)


if __name__ == "__main__":
    main()
