"""The windows of a subscription as text: a summary, a plot and a table of shares for each."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from candela_tui.analysis.labels import limit_window
from candela_tui.analysis.limit_history import WindowPace, WindowPeriod, WindowShare, pace_of, sum_of_shares
from candela_tui.reports.limits.plot import plot_lines
from candela_tui.reports.limits.reading import LimitsReport
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.text.tables import table_lines
from candela_tui.text.times import duration

PLOT_HEIGHT: Final = 6
_WIDTH: Final = 80
"""Cells of a plot that goes to a file or a pipe."""
_WIDEST_PLOT: Final = 100
_MOST_SHARES: Final = 20
_MOST_ENDED: Final = 20
_LEAST_RISE: Final = 0.0005
HEADS: Final = ("SESSION", "AGENT", "REQUESTS", "COST", "RISE", "SHARE")


class ShareRow(NamedTuple):
    """What one agent used of a window, or what can't be said to be anyone's."""

    session: str
    agent: str
    requests: str
    cost: str
    rise: str
    share: str


def limit_lines(report: LimitsReport, width: int | None) -> Iterator[str]:
    """Yield the report as text."""
    for period in report.current():
        pace = pace_of(period, report.now)
        yield f"{limit_window(period.name)}: {summary(report, period, pace)}"
        for line in plot_lines(report, period, pace, min(width or _WIDTH, _WIDEST_PLOT), PLOT_HEIGHT):
            yield f"{line.label}{line.used}{line.ahead}".rstrip()
        yield ""
        yield from table_lines(HEADS, share_rows(report, period), flexible=0, right=(2, 3, 4, 5), width=width)
        yield ""
    ended = report.ended()
    if ended:
        yield "Ended"
        names = max(len(limit_window(period.name)) for period in ended)
        for period in ended[:_MOST_ENDED]:
            yield f"  {fitted(limit_window(period.name), names)}  {ended_words(report, period)}"
        yield ""
    yield NOTE


NOTE: Final = (
    "RISE and SHARE are inferred: each rise between two answers is shared out by cost among the requests between them "
    "(by weighted tokens where one has no price)."
)


def summary(report: LimitsReport, period: WindowPeriod, pace: WindowPace | None) -> str:
    """Return how much of a window is used, when it resets, how fast it fills, and where that leads."""
    left = duration((period.ends_at - report.now).total_seconds() * 1000)
    said = [f"{amounts.percent(period.utilization)} used", f"resets in {left} ({report.time(period.ends_at)})"]
    if pace is not None:
        over = duration(pace.over.total_seconds() * 1000)
        said.append(f"{_points(pace.per_hour)} an hour over the last {over}")
        if pace.full_at is not None:
            early = duration((period.ends_at - pace.full_at).total_seconds() * 1000)
            wall = duration((pace.full_at - report.now).total_seconds() * 1000)
            said.append(f"full in {wall} at this pace, {early} before the reset")
        else:
            said.append(f"{amounts.percent(min(1.0, pace.at_reset))} at the reset at this pace")
    return " · ".join(said)


def share_rows(report: LimitsReport, period: WindowPeriod) -> Iterator[ShareRow]:
    """Yield the shares, the largest first, and then what no recorded request explains."""
    shares = period.largest_first()
    for (session_id, agent_id), share in shares[:_MOST_SHARES]:
        yield _row(period, report.title(session_id), report.agent(session_id, agent_id), share)
    if len(shares) > _MOST_SHARES:
        others = sum_of_shares(share for _, share in shares[_MOST_SHARES:])
        yield _row(period, f"{len(shares) - _MOST_SHARES:,} more", "", others)
    if period.earlier:
        yield _row(period, "before the first recorded answer", "", WindowShare(rise=period.earlier))
    if period.elsewhere:
        yield _row(period, "not by recorded requests", "", WindowShare(rise=period.elsewhere))


def ended_words(report: LimitsReport, period: WindowPeriod) -> str:
    """Return the time span of a window that has ended, and how full it was at last."""
    span = f"{report.time(period.starts_at)} to {report.time(period.ends_at)}"
    return f"{span}   {amounts.percent(period.utilization)} used"


def _row(period: WindowPeriod, session: str, agent: str, share: WindowShare) -> ShareRow:
    requests, cost = (f"{share.requests:,}", amounts.money(share.usd)) if share.requests else ("", "")
    if not share.rise:
        # No answer has stated a higher level since.
        return ShareRow(session, agent, requests, cost, amounts.UNKNOWN, amounts.UNKNOWN)
    part = amounts.percent(share.rise / period.utilization)
    return ShareRow(session, agent, requests, cost, _points(share.rise), part)


def _points(rise: float) -> str:
    """Return a rise in hundredths of the window: ``+9.4%``, and ``<0.1%`` for what is hardly any."""
    return "<0.1%" if 0 < rise < _LEAST_RISE else f"+{rise * 100:.1f}%"
