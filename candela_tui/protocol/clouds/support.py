"""What a table of support says: which flags and places of a request a cloud accepts, and from which source that is."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from candela_tui.protocol.clouds.model_range import EVERY_MODEL, NO_MODEL, Models
from candela_tui.protocol.model_ids import ModelName


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact comes from."""

    text: str
    """A page, or a program with its version."""
    date: str
    """When it was read, or what month it describes, such as ``2026-11``."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the body that not every cloud accepts."""

    path: str
    """Names from the top, separated by dots, as in ``json_splice.Path``."""
    flags: frozenset[str] = frozenset()
    """The flags of anthropic-beta that it belongs to."""
    unasked: bool = False
    """Whether it is left out also if the client sent none of the flags: the Claude API needs none, or alone has the
    place. Otherwise such a request is for the cloud to refuse, as the Claude API does."""


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag of anthropic-beta that a cloud knows."""

    flag: str
    source: Source
    models: Models = EVERY_MODEL
    """The models that it is sent to."""
    sent_as: str = ""
    """The cloud's name of it, if that is another."""
    beside: str = ""
    """The place without which it is not sent."""
    counts: bool = True
    """Whether it is also sent when tokens are counted."""
    why: str = ""
    """Why it is not sent to other models, if a reason is known."""


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place that some models accept on a cloud. A place may have several rows; without one it is left out."""

    path: str
    source: Source
    models: Models = EVERY_MODEL
    """The models that accept it."""
    flags: tuple[str, ...] = ()
    """The flags, by the cloud's names, one of which must be sent with it. None: it needs no flag."""
    why: str = ""
    """Why it is left out for other models, if a reason is known."""


class Cloud:
    """The table of support of one cloud."""

    def __init__(self, name: str, setting: str, flags: Iterable[FlagRow], places: Iterable[PlaceRow]) -> None:
        """``name`` is the provider's name in messages, ``setting`` the user's own table of flags in config.toml."""
        self.name = name
        self.setting = setting
        self.flags = {row.flag: row for row in flags}
        self.places: dict[str, list[PlaceRow]] = {}
        for row in places:
            self.places.setdefault(row.path, []).append(row)

    def accepts(self, place: Place, model: ModelName, flags: AbstractSet[str]) -> bool:
        """Return whether a model accepts a place together with these flags."""
        return any(
            model in row.models and (not row.flags or not flags.isdisjoint(row.flags))
            for row in self.places.get(place.path, ())
        )

    def why_not(self, place: Place, model: ModelName, asked: AbstractSet[str] = frozenset()) -> str:
        """Return why a place is not accepted; ``asked`` are the client's flags."""
        rows = self.places.get(place.path, ())
        needed = {flag for row in rows if model in row.models for flag in row.flags}
        if needed:
            named = sorted(place.flags & asked or needed)
            return f"{self.name} does not know it without the flag {' or '.join(named)}"
        if reason := next((row.why for row in rows if row.why), ""):
            return reason
        models = dict.fromkeys(str(row.models) for row in rows if row.models != NO_MODEL)
        return f"{self.name} accepts it {' and '.join(models)}" if models else f"{self.name} does not know it"
