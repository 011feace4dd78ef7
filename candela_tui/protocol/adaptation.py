"""What candela changed of a request so that its provider takes it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One change. Shown on the exchange and kept with it."""

    what: Literal["beta", "field", "message", "retry"]
    """``beta``: a flag of anthropic-beta; ``field``: a field of the body; ``message``: a message put into other
    words; ``retry``: the request was sent again."""
    name: str
    """The flag, or the field's place, such as ``context_management`` or ``tools.*.defer_loading``."""
    why: str
    """In words: what was done, and why."""
