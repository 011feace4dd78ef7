"""What a sink is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from candela_tui.config import Settings
from candela_tui.paths import Paths


@dataclass(frozen=True, slots=True)
class SinkContext:
    """What a sink is made from."""

    settings: Settings
    notify: Callable[[str], None]
    """Gives the user a notice. May be called from any thread."""
    port: int
    """The port that this candela listens on."""
    paths: Paths | None = None
    """Where the records are; None: nowhere."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """The variables of the environment that count."""
