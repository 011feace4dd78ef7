"""What a client asks of the soak's provider, in one header of the request."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urlencode

HEADER = "x-soak"


class Behaviour(StrEnum):
    """What the provider does with a request."""

    STREAM = "stream"
    """Answers in full."""
    OVERLOADED = "overloaded"
    """Refuses with 529."""
    GARBAGE = "garbage"
    """Answers 200 with bytes that are no message."""
    RESET_BEFORE = "reset-before"
    """Resets the connection before it answers."""
    RESET_WITHIN = "reset-within"
    """Resets the connection within the answer."""
    SHORT = "short"
    """Closes the connection before the length that it stated."""
    HALF_EVENT = "half-event"
    """Ends the answer properly, but within an event."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One request: its id in all logs, and the answer that it asks for."""

    id: str
    behaviour: Behaviour = Behaviour.STREAM
    events: int = 20
    pace_ms: int = 0
    delta_kb: int = 0

    def header(self) -> str:
        """Return it as the value of the header."""
        return urlencode(asdict(self))


def read_instruction(value: str) -> Instruction:
    """Return the instruction of a header's value. Raises KeyError and ValueError."""
    fields = {name: values[0] for name, values in parse_qs(value).items()}
    return Instruction(
        fields["id"],
        Behaviour(fields["behaviour"]),
        int(fields["events"]),
        int(fields["pace_ms"]),
        int(fields["delta_kb"]),
    )
