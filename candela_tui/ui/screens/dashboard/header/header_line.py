"""The parts of the header, as many as fit, the most important first."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from candela_tui.analysis import labels
from candela_tui.analysis.limits import Limits, Window
from candela_tui.credentials.state import Standing
from candela_tui.providers.identity import RouteName
from candela_tui.rules.budgets.figures import used
from candela_tui.rules.budgets.state import BudgetState
from candela_tui.text import amounts, times
from candela_tui.text.cells import shortened
from candela_tui.text.terminal_safe import terminal_safe
from candela_tui.ui.style.budgets import standing_style
from candela_tui.ui.style.credentials import standing_piece
from candela_tui.ui.style.gauges import gauge, limit_style, sparkline
from candela_tui.ui.style.styled_text import Line, Piece, cells_of

_GAUGE_CELLS = 6
_LONGEST_NAME = 16
_USUAL_WINDOWS = ("5h", "7d")
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """The facts in the header."""

    address: str
    route: RouteName
    now: datetime
    today: str = "$0"
    """The cost of today's requests, formatted."""
    by_hour: Sequence[float] = ()
    """The cost of the last hours, the current one last."""
    hit_rate: float | None = None
    limits: Limits | None = None
    live: int = 0
    warnings: int = 0
    answers: bool = True
    """False if the candela whose traffic this is can't be reached."""
    budget: BudgetState | None = None
    """The budget that the user has to know of first."""
    credentials: Standing | None = None
    """The state of the default route's credentials; None if nobody checked."""
    until: str = ""
    """Their expiry, as text."""


class HeaderForm(NamedTuple):
    """One form of a part."""

    rank: float
    """Forms of a lower rank get their room first."""
    pieces: Line


class HeaderPart(NamedTuple):
    """A part of the header, in forms that get longer."""

    name: str
    forms: tuple[HeaderForm, ...]


@dataclass(frozen=True, slots=True)
class HeaderLine:
    """The header drawn for a width, and the position of its parts."""

    pieces: Line
    places: dict[str, range] = field(default_factory=dict)
    """The cells of each part by its name."""


def header_line(facts: HeaderFacts, width: int) -> HeaderLine:
    """Draw name and address on the left, the rest on the right."""
    left, right = tuple(_left(facts)), tuple(_right(facts))
    gap = 3 if width >= 150 else 2
    chosen = _choose((*left, *right), width, gap)
    shown_left = [part for part in left if part.name in chosen]
    shown_right = [part for part in right if part.name in chosen]
    middle = width - sum(cells_of(pieces) for pieces in chosen.values())
    middle -= gap * max(0, len(shown_right) - 1) + 2 * max(0, len(shown_left) - 1)
    pieces: list[Piece] = []
    places: dict[str, range] = {}
    at = 0
    for parts, between in ((shown_left, 2), (shown_right, gap)):
        for number, part in enumerate(parts):
            space = between if number else middle if parts is shown_right else 0
            cells = cells_of(chosen[part.name])
            pieces += [(" " * space, "text"), *chosen[part.name]]
            places[part.name] = range(at + space, at + space + cells)
            at += space + cells
    return HeaderLine(tuple(pieces), places)


def _choose(parts: Sequence[HeaderPart], width: int, gap: int) -> dict[str, Line]:
    """Return the longest forms that fit, by rank."""
    chosen: dict[str, Line] = {}
    room = width
    stuck: set[str] = set()
    wanted = sorted(((form.rank, part.name, form.pieces) for part in parts for form in part.forms), key=lambda w: w[0])
    for _, name, pieces in wanted:
        before = chosen.get(name)
        more = cells_of(pieces) - cells_of(before) if before is not None else cells_of(pieces) + (gap if chosen else 0)
        if more > room:
            stuck.add(name)
        elif name not in stuck:
            chosen[name] = pieces
            room -= more
    return chosen


def _left(facts: HeaderFacts) -> Iterator[HeaderPart]:
    yield HeaderPart("name", (HeaderForm(-1, (("candela", "heading"),)),))
    sign = ("● ", "good") if facts.answers else ("○ ", "warn")
    address: Line = (sign, (facts.address, "bright"))
    route: Line = ((" → ", "dim"), (facts.route.removeprefix("anthropic-"), "text"))
    yield HeaderPart("address", (HeaderForm(2.5, address), HeaderForm(4.5, (*address, *route))))
    if facts.credentials is not None:
        yield _credentials(facts.credentials, facts.until)


def _credentials(standing: Standing, until: str) -> HeaderPart:
    sign, style = standing_piece(standing)
    # A problem comes before the figures; good news comes after them, where there is room.
    wrong = standing in (Standing.LOCKED, Standing.REFUSED, Standing.EXPIRES_SOON)
    short: Line = ((sign, style), (f" {standing.value}", style if wrong else "dim"))
    forms = [HeaderForm(0.2 if wrong else 6, short)]
    if until:
        forms.append(HeaderForm(5 if wrong else 8, (*short, (until, "dim"))))
    return HeaderPart("credentials", tuple(forms))


def _right(facts: HeaderFacts) -> Iterator[HeaderPart]:
    yield _today(facts)
    if facts.hit_rate is not None:
        yield HeaderPart("hit", (HeaderForm(4, (("hit ", "dim"), (amounts.percent(facts.hit_rate), "text"))),))
    yield from _limits(facts)
    if facts.budget is not None:
        yield _budget(facts.budget)
    live: Line = ((f"{facts.live} live", "accent" if facts.live else "dim"),)
    yield HeaderPart("live", (HeaderForm(1, live),))
    if facts.warnings:
        yield HeaderPart("warnings", (HeaderForm(0, ((f"⚠ {facts.warnings}", "warn"),)),))


def _today(facts: HeaderFacts) -> HeaderPart:
    cost: Line = (("today ", "dim"), (facts.today, "bright"))
    forms = [HeaderForm(2, cost)]
    if any(facts.by_hour):
        forms.append(HeaderForm(6.5, (*cost, (f" {sparkline(facts.by_hour)}", "accent"))))
    return HeaderPart("today", tuple(forms))


def _budget(state: BudgetState) -> HeaderPart:
    name, style = shortened(terminal_safe(state.name), _LONGEST_NAME), standing_style(state)
    word = used(state) if state.state == "warned" else str(state.state)
    short: Line = (("budget ", "dim"), (word, style))
    whole: Line = (("budget ", "dim"), (f"{name} ", "text"), (word, style))
    return HeaderPart("budget", (HeaderForm(0.3, short), HeaderForm(2.2, whole)))


def _limits(facts: HeaderFacts) -> Iterator[HeaderPart]:
    limits = facts.limits
    if limits is None:
        return
    refusing = limits.refusing
    known = [window for window in limits.windows if window.utilization is not None and not window.over(facts.now)]
    # Windows of one model are shown where they matter.
    shown = [window for window in known if window.name in _USUAL_WINDOWS or _matters(window, refusing)]
    for rank, window in enumerate(shown):
        yield _window(window, window.name in refusing, facts.now, rank)
    if limits.extra_usage is not None and limits.extra_usage.in_use:
        yield HeaderPart(
            "extra usage", (HeaderForm(0.4, ((labels.extra_usage(limits.extra_usage.utilization), "warn"),)),)
        )
    for allowance in limits.allowances:
        over = allowance.resets_at is not None and allowance.resets_at <= facts.now
        style = limit_style(allowance.utilization)
        if style != "text" and not over:
            left = amounts.percent(1 - allowance.utilization) if allowance.remaining else "0%"
            name = allowance.name.replace("-", " ")
            yield HeaderPart(allowance.name, (HeaderForm(3, ((f"{name} ", "dim"), (f"{left} left", style))),))


def _matters(window: Window, refusing: Container[str]) -> bool:
    return window.name in refusing or limit_style(window.utilization or 0.0) != "text"


def _window(window: Window, rejected: bool, now: datetime, place: int) -> HeaderPart:
    name, used = labels.limit_window(window.name, short=True), window.utilization or 0.0
    style = "bad" if rejected else limit_style(used)
    share = (amounts.percent(used), style)
    word: Line = ((" rejected", style),) if rejected else ()
    bar = (f"{gauge(used, _GAUGE_CELLS)} ", "dim" if style == "text" else style)
    forms = [
        HeaderForm((0.5 if style != "text" else 3) + 2 * place, ((f"{name} ", "dim"), share, *word)),
        HeaderForm(6 + 3 * place, ((f"{name} ", "dim"), bar, share, *word)),
    ]
    if window.resets_at is not None:
        resets: Piece = (f" resets {_until(window.resets_at, now)}", "dim")
        forms.append(HeaderForm(7 + 3 * place, ((f"{name} ", "dim"), bar, share, *word, resets)))
    return HeaderPart(name, tuple(forms))


def _until(moment: datetime, now: datetime) -> str:
    """Format the time until a moment: ``12m00``, ``1h58``, ``3d``."""
    seconds = max(0.0, (moment - now).total_seconds())
    if seconds >= 2 * _DAY_S:
        return f"{seconds // _DAY_S:.0f}d"
    return times.duration(seconds * 1000) if seconds >= 60 else "<1m"
