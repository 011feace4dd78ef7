"""The line below the lists: what the chosen session (or sub-agent) used."""

from candela_tui.analysis.sessions import Totals
from candela_tui.ui import words
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import Line, Piece, cells_of


def totals_line(totals: Totals, *, subscription: bool, width: int) -> Line:
    """The sums in one line, the longest form that fits."""
    longest: Line = ()
    for wide in (True, False):
        longest = _totals(totals, subscription=subscription, wide=wide)
        if cells_of(longest) <= width:
            break
    return longest


def _totals(totals: Totals, *, subscription: bool, wide: bool) -> Line:
    written = totals.cache_write_5m_tokens, totals.cache_write_1h_tokens
    split = " + ".join(
        f"{words.count(tokens)} {life}" for tokens, life in zip(written, ("5m", "1h"), strict=True) if tokens
    )
    gap = "   " if wide else "  "
    cache = "cache " if wide else ""
    parts: list[list[Piece]] = [
        [("input ", "dim"), (words.count(totals.input_tokens), "text")],
        [(f"{cache}read ", "dim"), (words.count(totals.cache_read_tokens), "text")],
        [(f"{cache}write ", "dim"), (split or "0", "text")],
        [("output ", "dim"), (words.count(totals.output_tokens), "text")],
        [("API value " if subscription else "cost ", "dim"), (total_cost(totals), "bright")],
    ]
    if totals.cache_hit_rate is not None:
        parts[1].append((f" ({words.percent(totals.cache_hit_rate)} hit)", "dim"))
    if totals.unpriced:
        parts[-1].append((f" ({totals.unpriced} without a price)", "warn"))
    pieces: list[Piece] = []
    for part in parts:
        pieces += [(gap if pieces else "", "text"), *part]
    return tuple(pieces)
