"""The line below the lists: what the chosen session (or sub-agent) used."""

from candela_tui.analysis.sessions import Totals
from candela_tui.ui import words
from candela_tui.ui.dashboard.session_rows import total_cost
from candela_tui.ui.ink import Line, Piece, cells_of

_WORDINESS = 3


def totals_line(totals: Totals, *, subscription: bool, width: int) -> Line:
    """The sums in one line, the longest form that fits."""
    forms = (_totals(totals, subscription=subscription, wordy=wordy) for wordy in range(_WORDINESS, 0, -1))
    return next(
        (form for form in forms if cells_of(form) <= width), _totals(totals, subscription=subscription, wordy=0)
    )


def _totals(totals: Totals, *, subscription: bool, wordy: int) -> Line:
    written = zip((totals.cache_write_5m_tokens, totals.cache_write_1h_tokens), ("5m", "1h"), strict=True)
    if wordy:
        split = " + ".join(f"{words.count(tokens)} {life}" for tokens, life in written if tokens) or "0"
    else:
        split = words.count(sum(tokens for tokens, _ in written))
    cache = "cache " if wordy > 1 else ""
    hit = words.percent(totals.cache_hit_rate)
    parts: list[list[Piece]] = [
        [("input " if wordy else "in ", "dim"), (words.count(totals.input_tokens), "text")],
        [(f"{cache}read ", "dim"), (words.count(totals.cache_read_tokens), "text")],
        [(f"{cache}write ", "dim"), (split, "text")],
        [("output " if wordy else "out ", "dim"), (words.count(totals.output_tokens), "text")],
        [("API value " if subscription else "cost ", "dim"), (total_cost(totals), "bright")],
    ]
    if totals.cache_hit_rate is not None:
        parts[1].append((f" ({hit} hit)" if wordy > 1 else f" {hit}", "dim"))
    if totals.unpriced and wordy > 2:
        parts[-1].append((f" ({totals.unpriced} without a price)", "warn"))
    pieces: list[Piece] = []
    for part in parts:
        pieces += [("   " if wordy > 1 else "  ", "text"), *part] if pieces else part
    return tuple(pieces)
