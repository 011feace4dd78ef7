"""The command ``uv run python -m benchmarks [WHAT] [OPTIONS]``; without WHAT it is the relay."""

import importlib
import importlib.util
import sys

_MEASUREMENTS = {
    "relay": "candela beside what people would use instead: each case a pair in one run, round by round",
    "dashboard": "the processor time of the dashboard, idle and with live rows",
    "memory": "memory while much comes",
    "soak": "the delay of chunks and memory over a long time of mixed use",
    "growth": "cost against the size of stores, sessions, bodies and streams",
}
"""Modules of this package, each with ``main(arguments)``, and what they measure."""


def _known() -> dict[str, str]:
    return {name: what for name, what in _MEASUREMENTS.items() if importlib.util.find_spec(f"benchmarks.{name}")}


def main(arguments: list[str]) -> None:
    """Run the measurement that is named first, with the other arguments."""
    known = _known()
    if arguments[:1] in (["-h"], ["--help"]):
        listed = "\n".join(f"  {name:12}{what}" for name, what in known.items())
        print(f"usage: python -m benchmarks [WHAT] [OPTIONS]\n\n{listed}\n\nWithout WHAT: relay. Each has --help.")
        return
    name, rest = (arguments[0], arguments[1:]) if arguments[:1] and arguments[0] in known else ("relay", arguments)
    importlib.import_module(f"benchmarks.{name}").main(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
