"""Draws medians and ranges on logarithmic axes as an SVG that reads well on light and dark pages."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.figures import Spread

_WIDTH, _LABELS, _VALUES, _ROW = 760, 210, 90, 22
_TITLE, _AXIS, _GAP = 34, 26, 14

_STYLE = """
text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328 }
.title { font-weight: 600 } .axis { font-size: 11px; fill: #59636e }
.grid { stroke: #d1d9e0 } .other { fill: #818b98; stroke: #818b98 } .own { fill: #8250df; stroke: #8250df }
line.other, line.own { stroke-width: 2 } text.own { stroke: none; font-weight: 600 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .axis { fill: #9198a1 } .grid { stroke: #3d444d }
  .other { fill: #9198a1; stroke: #9198a1 } .own { fill: #ab7df8; stroke: #ab7df8 }
}
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One row of a panel."""

    label: str
    value: Spread
    shown: str
    """The value in words."""
    own: bool
    """It is candela's, and drawn in its colour."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of several targets."""

    title: str
    marks: Sequence[Mark]


def svg(panels: Sequence[Panel], description: str) -> str:
    """Return the panels below each other. The description is for those who can't see them."""
    parts, top = [], 0
    for panel in panels:
        parts.append(_panel(panel, top))
        top += _height(panel) + _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}" '
        f'role="img"><title>{escape(description)}</title><style>{_STYLE}</style>\n{"".join(parts)}</svg>\n'
    )


def _height(panel: Panel) -> int:
    return _TITLE + len(panel.marks) * _ROW + _AXIS


def decades(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten between which all values above 0 are."""
    above = [value for value in values if value > 0] or [1.0]
    low, high = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
    return low, max(high, low + 1)


def _panel(panel: Panel, top: int) -> str:
    low, high = decades([bound for mark in panel.marks for bound in (mark.value.low, mark.value.high)])
    right = _WIDTH - _VALUES

    def x(value: float) -> float:
        # What is 0 or less has no logarithm: it stands at the left end.
        share = (math.log10(value) - low) / (high - low) if value > 0 else 0.0
        return _LABELS + max(0.0, share) * (right - _LABELS)

    bottom = top + _TITLE + len(panel.marks) * _ROW
    parts = [f'<text class="title" x="0" y="{top + 18}">{escape(panel.title)}</text>\n']
    for power in range(low, high + 1):
        at = x(10.0**power)
        parts.append(f'<line class="grid" x1="{at:.1f}" y1="{top + _TITLE - 4}" x2="{at:.1f}" y2="{bottom}"/>')
        parts.append(
            f'<text class="axis" x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{10.0**power:,g}</text>\n'
        )
    for index, mark in enumerate(panel.marks):
        y = top + _TITLE + index * _ROW + _ROW / 2
        style, words = ("own", ' class="own"') if mark.own else ("other", "")
        parts.append(f'<text{words} x="{_LABELS - 10}" y="{y + 4}" text-anchor="end">{escape(mark.label)}</text>')
        parts.append(
            f'<line class="{style}" x1="{x(mark.value.low):.1f}" y1="{y}" x2="{x(mark.value.high):.1f}" y2="{y}"/>'
        )
        parts.append(f'<circle class="{style}" cx="{x(mark.value.median):.1f}" cy="{y}" r="4.5"/>')
        parts.append(f'<text{words} x="{right + 12}" y="{y + 4}">{escape(mark.shown)}</text>\n')
    return "".join(parts)
