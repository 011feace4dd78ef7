"""Choose which of the client's beta flags a cloud gets, by its table of support."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.clouds.model_range import EVERY_MODEL
from candela_tui.protocol.clouds.refusals import ALL_BETAS, RefusedParts
from candela_tui.protocol.clouds.support import Cloud, Place
from candela_tui.protocol.clouds.support_table import PLACES
from candela_tui.protocol.model_ids import ModelName

OwnBetas = Mapping[str, bool | str]
"""The user's own table: true sends a flag, false drops it, a name is sent in its place."""

_PLACES = {place.path: place for place in PLACES}


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides about the flags of one request."""

    model: ModelName
    own: OwnBetas
    without: RefusedParts
    has: AbstractSet[str] = frozenset()
    """The names at the top of the body."""
    counting: bool = False


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one request that decide about its places."""

    asked: frozenset[str]
    """The client's flags."""
    open: frozenset[str]
    """The flags that are sent, by the cloud's name; those beside a place also by the client's name."""
    own: frozenset[str]
    """The flags of ``open`` that are sent because the user says so."""


@dataclass(frozen=True, slots=True)
class ChosenBetas:
    """The decision about the flags of one request."""

    sent: tuple[str, ...]
    """The flags to send, as the cloud spells them, in the client's order."""
    flags: Flags
    adaptations: tuple[Adaptation, ...]


def choose(flags: Iterable[str], cloud: Cloud, request: Asked) -> ChosenBetas:
    """Choose which of the client's flags to send."""
    asked = list(dict.fromkeys(flag for flag in flags if flag))
    spelled = {flag: spelled_on(cloud, flag, request) for flag in asked}
    sent: list[str] = []
    opened: set[str] = set()
    own: set[str] = set()
    adaptations: list[Adaptation] = []
    for flag in asked:
        name, why = spelled[flag]
        if name is not None and (alone := _alone(flag, cloud, request, spelled)):
            name, why = None, alone
        if why:
            adaptations.append(Adaptation("beta", flag, why))
        if name is None:
            continue
        # A flag that is sent under another name enables what that name does. A place that it is beside stays its own,
        # also under a name that only the user knows.
        opens = {name, flag} if _beside(cloud, flag) else {name}
        opened |= opens
        if request.own.get(flag):
            own |= opens
        if name not in sent:
            sent.append(name)
    return ChosenBetas(tuple(sent), Flags(frozenset(asked), frozenset(opened), frozenset(own)), tuple(adaptations))


def spelled_on(cloud: Cloud, flag: str, request: Asked) -> tuple[str | None, str]:
    """Return the name to send a flag as (None: do not send it), and the reason for a change."""
    rule = request.own.get(flag)
    if rule is False:
        return None, "not sent: your settings say so"
    row = cloud.flags.get(flag)
    name = rule if isinstance(rule, str) and rule else flag
    if not rule:
        if row is None:
            return None, f"not sent: {cloud.name} does not know this flag"
        if request.model not in row.models:
            return None, f"not sent: {row.why or f'{cloud.name} takes this flag {row.models}'}"
        if request.counting and not row.counts:
            return None, f"not sent: {cloud.name} does not take this flag where tokens are counted"
        name = row.sent_as or flag
    if request.without.all_betas:
        return None, f"not sent: {cloud.name} takes no flags for this model{request.without.and_until(ALL_BETAS)}"
    if not request.without.betas.isdisjoint((name, flag)):
        until = request.without.and_until(name, flag)
        return None, f"not sent: {cloud.name} refused this flag for this model{until}"
    if name in request.without.suspects:
        why = f"not sent: {cloud.name} refused a flag of this model without naming it, and this may be the one"
        return None, f"{why}{request.without.and_until(name)}"
    return name, "" if name == flag else f"sent as {name}, {cloud.name}'s name of it"


def risky_flags(cloud: Cloud, own: OwnBetas) -> frozenset[str]:
    """Return the flags, as they are sent, that a model is most likely to refuse: those that not every model accepts,
    and those that only the user's settings know."""
    users = (spelled if isinstance(spelled, str) else flag for flag, spelled in own.items() if spelled)
    some = (row.sent_as or row.flag for row in cloud.flags.values() if row.models != EVERY_MODEL)
    return frozenset(users) | frozenset(some)


@lru_cache(maxsize=256)
def closed_places(cloud: Cloud, model: ModelName, flags: Flags) -> tuple[tuple[str, str], ...]:
    """Return the paths of PLACES that must be left out, each with the reason. Requests of a session have the same."""
    return tuple(
        (place.path, cloud.why_not(place, model, flags.asked)) for place in PLACES if closed(place, cloud, model, flags)
    )


def closed(place: Place, cloud: Cloud, model: ModelName, flags: Flags) -> bool:
    """Return whether this place of the body must be left out."""
    if not flags.own.isdisjoint(place.flags) or cloud.accepts(place, model, flags.open):
        return False
    return place.unasked or not flags.asked.isdisjoint(place.flags)


def _beside(cloud: Cloud, flag: str) -> Place | None:
    row = cloud.flags.get(flag)
    return _PLACES[row.beside] if row is not None and row.beside else None


def _alone(flag: str, cloud: Cloud, request: Asked, spelled: Mapping[str, tuple[str | None, str]]) -> str:
    """Return why a flag has no effect in this request, or an empty string.

    A place and the flags beside it (the safeguards of auto mode, and two flags) only work together: all are sent, or
    none.
    """
    place = _beside(cloud, flag)
    if place is None:
        return ""
    if place.path not in request.has or place.path in request.without.fields or place.flags.isdisjoint(spelled):
        return f"not sent: it has no effect without {place.path} and their flag"
    missing = [other for other, (name, _) in spelled.items() if name is None and _beside(cloud, other) == place]
    return f"not sent: it has no effect without {missing[-1]}" if missing else ""
