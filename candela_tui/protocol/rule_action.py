"""What a rule did about a request or its answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Action = Literal["refuse", "strip", "mark", "end", "answer", "warn", "route", "fallback", "model", "cache"]


@dataclass(frozen=True, slots=True)
class RuleAction:
    """One deed of a rule, recorded and shown with the exchange."""

    rule: str
    """The rule's name, such as ``rules.models``, or the one that config.toml gives it."""
    action: Action
    """``refuse``: the request got an error; ``strip``: a tool was left out of the request; ``mark``: a call of a tool
    was noted; ``end``: words took its place; ``answer``: a call that fails took its place; ``warn``: the request passed
    although a budget was reached; ``route``: another provider than that of the route got the request; ``fallback``: a
    provider failed, and the next one was asked; ``model``: it was sent for another model;
    ``cache``: it was answered from the store."""
    dry_run: bool
    """Whether it would have been done, and was not."""
    words: str
    """What it was about, as a sentence."""
    call: str | None = None
    """The id of the call of a tool that it was about; None if it was about the request."""

    @property
    def held_back(self) -> bool:
        """Whether the client did not get the call that it was about."""
        return self.call is not None and self.action in ("end", "answer") and not self.dry_run


def by_call(rules: Iterable[RuleAction]) -> dict[str, RuleAction]:
    """Return what rules did about calls of tools, by the id of the call."""
    return {each.call: each for each in rules if each.call is not None}


def chose_model(rules: Iterable[RuleAction]) -> bool:
    """Return whether rules sent a request for another model than it asks for."""
    return any(each.action == "model" and not each.dry_run for each in rules)
