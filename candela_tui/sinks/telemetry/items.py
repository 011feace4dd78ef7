"""What the sink's thread gets."""

from dataclasses import dataclass

from candela_tui.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Ended:
    """An exchange that ended, with its bodies as far as they are needed."""

    exchange: Exchange
    request: bytes | None = None
    chunks: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """An exchange with what was worked out of it after its end."""

    exchange: Exchange


Item = Ended | Completed
