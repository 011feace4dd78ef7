"""The variables with which Claude Code sends its own telemetry through candela, while ``[telemetry]`` is on.

Measured with 2.1.197 and 2.1.332: the client sends a ``traceparent`` to an address other than Anthropic's only if it
traces itself (``CLAUDE_CODE_ENHANCED_TELEMETRY_BETA``) and ``CLAUDE_CODE_PROPAGATE_TRACEPARENT`` is set.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from candela_tui.api_root import OTLP_ROOT
from candela_tui.cli.claude.environment import Changes

ENABLE: Final = "CLAUDE_CODE_ENABLE_TELEMETRY"
PROPAGATE: Final = "CLAUDE_CODE_PROPAGATE_TRACEPARENT"
_TRACE: Final = "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA"
_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_SIGNALS: Final = ("TRACES", "METRICS", "LOGS")


def with_tracing(made: Changes, port: int, seen: Mapping[str, str], in_files: Iterable[str]) -> Changes:
    """Return the changes with those that send the client's telemetry to candela.

    ``seen`` holds the variables as the client sees them, ``in_files`` the names of those in its settings files.
    A client that has a collector of its own keeps it.
    """
    wanted = {} if PROPAGATE in seen else {PROPAGATE: "1"}
    # What a settings file says wins over the environment, so part of it would go elsewhere.
    if ENABLE in seen or any(name.startswith(("OTEL_", _TRACE)) for name in in_files):
        return replace(made, wanted=made.wanted | wanted)
    wanted |= {ENABLE: "1", _TRACE: "1", f"{_OTLP}ENDPOINT": f"http://127.0.0.1:{port}{OTLP_ROOT}"}
    # JSON needs no package that candela may lack.
    wanted[f"{_OTLP}PROTOCOL"] = "http/json"
    wanted |= {f"OTEL_{signal}_EXPORTER": "otlp" for signal in _SIGNALS}
    # The shell's are for the collector, and so is its key.
    others = (f"{_OTLP}{signal}_{what}" for signal in _SIGNALS for what in ("ENDPOINT", "PROTOCOL", "HEADERS"))
    unwanted = [name for name in (*others, f"{_OTLP}HEADERS") if name in seen]
    return replace(made, wanted=made.wanted | wanted, unwanted=(*made.unwanted, *unwanted))
