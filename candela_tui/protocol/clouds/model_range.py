"""Sets of Claude models, by generation and by name."""

from dataclasses import dataclass

from candela_tui.protocol.model_ids import ModelName

Version = tuple[int, int]
"""The generation of a Claude model, such as (4, 8)."""

_OLDEST: Version = (0, 0)
_NEWEST: Version = (1000, 0)


@dataclass(frozen=True, slots=True)
class Models:
    """The models of some generations, and single ones. A model of an unknown generation counts as a new one."""

    since: Version = _OLDEST
    """The first generation."""
    before: Version = _NEWEST
    """The first generation that is no longer part of the set."""
    also: tuple[str, ...] = ()
    """Models of other generations, such as ``claude-opus-5``."""
    but: tuple[str, ...] = ()
    """Models of these generations that are not part of the set."""

    def __contains__(self, model: ModelName) -> bool:
        """Return whether a model is part of the set."""
        if model.base in self.also:
            return True
        version = model.version
        inside = self.since <= version < self.before if version else self.before == _NEWEST
        return inside and model.base not in self.but

    def __str__(self) -> str:
        """Describe the set, to follow a verb: ``from Claude 4.8 on, but not for claude-sonnet-5``."""
        if self == NO_MODEL:
            return "for no model"
        bounds = [f"from Claude {_dotted(self.since)} on"] if self.since > _OLDEST else []
        bounds += [f"before Claude {_dotted(self.before)}"] if self.before < _NEWEST else []
        words = ", ".join(bounds) or "for every model"
        if self.also:
            words = f"for {', '.join(self.also)} and {words}"
        return f"{words}, but not for {', '.join(self.but)}" if self.but else words


EVERY_MODEL = Models()
NO_MODEL = Models(before=_OLDEST)


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
