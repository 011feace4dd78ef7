"""The summary of a comparison in a few lines."""

from collections import Counter
from collections.abc import Iterator

from candela_tui.analysis.compare import Comparison, Part, Sign
from candela_tui.analysis.comparison_rows import Rows
from candela_tui.analysis.prompt_change import prompt_change
from candela_tui.exchange import Exchange
from candela_tui.text import amounts
from candela_tui.text.cells import shortened
from candela_tui.ui.style.styled_text import Line, Piece

_LABEL = 11
_COUNTS = 34
_NUMBER = 8
_MOST_NAMED = 3
_STATES = ((Sign.SAME, "the same", "dim"), (Sign.CHANGED, "changed", "warn"), (Sign.ADDED, "new", "good"))
_GONE = (Sign.REMOVED, "gone", "bad")


def summary(comparison: Comparison, before: Exchange, now: Exchange, rows: Rows, width: int) -> Iterator[Line]:
    """Return one line per part, what it means for the cache, and what the response reports. ``rows`` has the numbers of
    added and removed lines found so far."""
    for part in comparison.parts:
        counted = rows.lines.get(part.name, Counter())
        more = "…" if part.name in rows.named_only else ""
        yield _labelled(part.name, *_part(part, counted, more, width - _LABEL - 2))
    yield _labelled("prompt", _prompt(comparison))
    yield _labelled("cache", *_cache(now))
    yield _labelled("size", *_sizes(before, now))


def _labelled(label: str, *pieces: Piece) -> Line:
    return ((f" {label:<{_LABEL}}", "dim"), *pieces)


def _part(part: Part, lines: Counter[Sign], more: str, width: int) -> Iterator[Piece]:
    if not part.entries:
        yield ("none", "dim")
        return
    if part.same:
        yield (f"all {len(part.entries):,} the same" if len(part.entries) > 1 else "the same", "dim")
        return
    used = 0
    for sign, said, style in (*_STATES, _GONE):
        number = part.count(sign)
        if not number:
            continue
        text = f"{number:,} {said}"
        if used:
            yield (", ", "dim")
            used += 2
        yield (text, style)
        used += len(text)
    yield (" " * max(1, _COUNTS - used), "text")
    for sign, shown, style in ((Sign.ADDED, "+", "good"), (Sign.REMOVED, "−", "bad")):
        number = lines[sign]
        yield (f"{shown + format(number, ',') + more if number else '':>{_NUMBER}}", style)
    if part.name in ("settings", "tools"):
        room = width - max(used + 1, _COUNTS) - 2 * _NUMBER - 3
        yield (f"   {shortened(_names(part), room)}" if room > _NUMBER else "", "text")


def _names(part: Part) -> str:
    names = [entry.item.label for entry in part.entries if entry.sign is not Sign.SAME]
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _prompt(comparison: Comparison) -> Piece:
    text, cacheable = prompt_change(comparison)
    return (text, "dim" if cacheable is None else "good" if cacheable else "warn")


def _cache(now: Exchange) -> Iterator[Piece]:
    usage = now.usage
    if usage is None or usage.prompt_tokens is None:
        yield ("not reported yet" if now.live else "not reported", "dim")
        return
    yield (f"{amounts.count(usage.cache_read_tokens)} tokens read", "text")
    yield (f" ({amounts.percent(usage.cache_hit_rate)})", "dim")
    yield (f", {amounts.count(usage.cache_write_tokens)} written, {amounts.count(usage.input_tokens)} uncached", "text")


def _sizes(before: Exchange, now: Exchange) -> Iterator[Piece]:
    yield (f"{amounts.size(before.request_bytes)} → {amounts.size(now.request_bytes)}", "text")
    tokens = [each.usage.prompt_tokens if each.usage else None for each in (before, now)]
    if tokens[0] is not None and tokens[1] is not None:
        grown = tokens[1] - tokens[0]
        sign = "+" if grown >= 0 else "−"
        yield (f"   {amounts.count(tokens[0])} → {amounts.count(tokens[1])} tokens", "text")
        yield (f" ({sign}{amounts.count(abs(grown))})", "dim")
