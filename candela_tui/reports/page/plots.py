"""Cost and cache, request by request, as inline SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.reports.page.markup import attribute, escaped
from candela_tui.text import amounts

_WIDTH, _HEIGHT, _TOP = 420, 120, 18
"""The size of a plot in its own units, and the room above its bars for the label of the axis."""
_MOST_BARS = 240
_GAP = 0.18
"""The share of a bar's room that is left empty."""


@dataclass(frozen=True, slots=True)
class Column:
    """A request in a plot."""

    exchange: Exchange
    target: str
    """The id of the element that a click leads to."""


@dataclass(frozen=True, slots=True)
class _Layer:
    name: str
    style: str
    value: Callable[[Exchange], Decimal | int]


_COST = (
    _Layer("cache read", "read", lambda of: of.cost.cache_read if of.cost else 0),
    _Layer("cache write", "write", lambda of: of.cost.cache_write if of.cost else 0),
    _Layer("input", "input", lambda of: of.cost.input if of.cost else 0),
    _Layer("output", "output", lambda of: of.cost.output + of.cost.web_searches if of.cost else 0),
)
_CACHE = (
    _Layer("read from the cache", "read", lambda of: (of.usage and of.usage.cache_read_tokens) or 0),
    _Layer("written to the cache", "write", lambda of: (of.usage and of.usage.cache_write_tokens) or 0),
    _Layer("neither", "input", lambda of: (of.usage and of.usage.input_tokens) or 0),
)


def plots(columns: Sequence[Column]) -> str:
    """Return both plots; nothing if no request has a usage."""
    if not any(column.exchange.usage for column in columns):
        return ""
    return (
        '<div class="plots">'
        + _plot("Cost by request", columns, _COST, lambda value: amounts.money(Decimal(value)))
        + _plot("Prompt tokens by request", columns, _CACHE, lambda value: amounts.count(int(value)))
        + "</div>\n"
    )


def _plot(title: str, columns: Sequence[Column], layers: Sequence[_Layer], said: Callable[[Decimal | int], str]) -> str:
    size = -(-len(columns) // _MOST_BARS)
    groups = [columns[start : start + size] for start in range(0, len(columns), size)]
    heights = [[sum(layer.value(each.exchange) for each in group) for layer in layers] for group in groups]
    most = max((sum(parts) for parts in heights), default=0)
    room = _WIDTH / len(groups)
    bars = "".join(
        _bar(group, parts, layers, most, place * room, room, said)
        for place, (group, parts) in enumerate(zip(groups, heights, strict=True))
    )
    each = f", {size} requests a bar" if size > 1 else ""
    legend = "".join(f'<span class="key {layer.style}">{layer.name}</span>' for layer in layers)
    total = said(sum(sum(parts) for parts in heights))
    first, last = columns[0].exchange.started_at, columns[-1].exchange.started_at
    form = "%H:%M" if first.date() == last.date() else "%b %d, %H:%M"
    return (
        f'<figure class="plot"><figcaption><b>{title}</b> <span class="note">{total} in all{each}</span></figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 22}" role="img" '
        f'aria-label="{title}: {total} in all, {said(most)} at most{each}">'
        f'<line class="axis" x1="0" y1="{_TOP}" x2="{_WIDTH}" y2="{_TOP}"/>'
        f'<text x="0" y="{_TOP - 6}">{said(most)}</text>{bars}'
        f'<line class="base" x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}"/>'
        f'<text x="0" y="{_HEIGHT + 16}">{first:{form}}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" class="end">{last:{form}}</text></svg>'
        f'<p class="legend">{legend}</p></figure>'
    )


def _bar(
    group: Sequence[Column],
    parts: Sequence[Decimal | int],
    layers: Sequence[_Layer],
    most: Decimal | int,
    left: float,
    room: float,
    said: Callable[[Decimal | int], str],
) -> str:
    width = max(room * (1 - _GAP), 0.8)
    # A few requests would make bars as wide as a wall.
    width = min(width, 18)
    x = left + (room - width) / 2
    y = float(_HEIGHT)
    rects: list[str] = []
    for layer, value in zip(layers, parts, strict=True):
        height = float(value / most) * (_HEIGHT - _TOP) if most else 0.0
        if height:
            y -= height
            rects.append(
                f'<rect class="{layer.style}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"/>'
            )
    shown = ", ".join(f"{layer.name} {said(value)}" for layer, value in zip(layers, parts, strict=True) if value)
    at = f"{group[0].exchange.started_at:%H:%M:%S}"
    title = escaped(f"{at} · {said(sum(parts))}{f' · {shown}' if shown else ''}")
    # The room above a low bar can be clicked, too.
    rects.append(f'<rect class="room" x="{left:.2f}" y="{_TOP}" width="{room:.2f}" height="{_HEIGHT - _TOP}"/>')
    return f'<a href="#{attribute(group[0].target)}" tabindex="-1"><title>{title}</title>{"".join(rects)}</a>'
