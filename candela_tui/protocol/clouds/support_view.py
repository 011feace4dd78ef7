"""The table of support as a reader sees it: what becomes of each flag and place in requests for one model."""

from collections.abc import Iterator
from dataclasses import dataclass

from candela_tui.protocol.clouds.betas import Asked, OwnBetas, spelled_on
from candela_tui.protocol.clouds.refusals import RefusedParts
from candela_tui.protocol.clouds.support import Cloud, Place, PlaceRow, Source
from candela_tui.protocol.clouds.support_table import CACHE_SCOPE, CACHE_TTL, PLACES, SYSTEM_MESSAGES
from candela_tui.protocol.model_ids import ModelName

EVERY_PLACE = (*PLACES, CACHE_TTL, CACHE_SCOPE, SYSTEM_MESSAGES)

_NOTHING_REFUSED = RefusedParts()
_SETTINGS = Source("config.toml", "")
_NO_SOURCE = Source("no source lists it", "")


@dataclass(frozen=True, slots=True)
class Support:
    """What becomes of one flag or place."""

    name: str
    """The flag, or the place's path."""
    is_flag: bool
    sent: bool
    """Whether it reaches the cloud."""
    effect: str
    """What becomes of it: ``sent``, ``sent with a flag``, ``renamed``, ``left out`` and the like."""
    why: str
    """Why, or how, if it is not sent as it is in every request."""
    source: Source
    """Where that is from."""


def support_of(cloud: Cloud, model: ModelName, own: OwnBetas) -> tuple[Support, ...]:
    """Return what becomes of every flag and place that the table or the user's own settings name."""
    request = Asked(model, own, _NOTHING_REFUSED)
    flags = [_flag(cloud, flag, request) for flag in dict.fromkeys((*cloud.flags, *own))]
    return (*flags, *(_place(cloud, place, request) for place in EVERY_PLACE))


def _flag(cloud: Cloud, flag: str, request: Asked) -> Support:
    row = cloud.flags.get(flag)
    name, why = spelled_on(cloud, flag, request)
    source = _SETTINGS if flag in request.own or row is None else row.source
    if name is None:
        return Support(flag, True, False, "left out", why.removeprefix("not sent: "), source)
    effect = "sent" if name == flag else "renamed"
    how = [f"sent as {name}"] if name != flag else []
    how += [f"only together with {row.beside}"] if row is not None and row.beside else []
    how += ["your settings say so"] if flag in request.own else []
    return Support(flag, True, True, effect, ", ".join(how), source)


def _place(cloud: Cloud, place: Place, request: Asked) -> Support:
    rows = cloud.places.get(place.path, [])
    fitting = [row for row in rows if request.model in row.models]
    source = next((row.source for row in (*fitting, *rows)), _NO_SOURCE)
    if place == SYSTEM_MESSAGES and any(request.own.get(flag) is False for flag in place.flags):
        return Support(place.path, False, False, _left_out(place), "your settings say so", _SETTINGS)
    if cloud.accepts(place, request.model, frozenset()):
        return Support(place.path, False, True, "sent", "", source)
    by_user = sorted(flag for flag in place.flags if request.own.get(flag))
    if by_user:
        return Support(place.path, False, True, "sent with a flag", f"{by_user[0]}, your settings say so", _SETTINGS)
    openers = tuple(dict.fromkeys(_openers(cloud, place, fitting, request)))
    if openers:
        return Support(place.path, False, True, "sent with a flag", " or ".join(openers), source)
    return Support(place.path, False, False, _left_out(place), cloud.why_not(place, request.model), source)


def _openers(cloud: Cloud, place: Place, rows: list[PlaceRow], request: Asked) -> Iterator[str]:
    """Yield the flags that the cloud gets and that open a place, by the cloud's names."""
    for row in rows:
        for flag in row.flags:
            if any(spelled_on(cloud, asked, request)[0] == flag for asked in {*place.flags, flag}):
                yield flag


def _left_out(place: Place) -> str:
    return "moved into the user's turn" if place == SYSTEM_MESSAGES else "left out"
