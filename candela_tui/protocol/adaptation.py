"""Changes to a request on its way through candela: those that its provider needs, and those that the user makes."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One change, recorded and shown with the exchange."""

    what: Literal["beta", "field", "message", "retry", "edit", "added"]
    """``beta``: a flag of anthropic-beta; ``field``: a field of the body; ``message``: a message that was
    rewritten; ``retry``: the request was sent again; ``edit``: the user changed a part while the request was held;
    ``added``: candela asks for something that the user switched on."""
    name: str
    """The flag, or the field's place, such as ``context_management`` or ``tools.*.defer_loading``."""
    why: str
    """The change and its reason, as a sentence."""
