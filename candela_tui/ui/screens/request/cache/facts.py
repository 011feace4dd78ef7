"""What became of a request's cache, as lines."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from candela_tui.analysis.cache import SPANS
from candela_tui.analysis.cache_miss import disagreement, explained
from candela_tui.analysis.cached_prefixes import CachedPrefix
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import CacheState, Diagnosis
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.overview.labelled_lines import LABEL, heading, labelled
from candela_tui.ui.style.styled_text import Line

_STATES = {
    CacheState.HIT: ("✓", "good"),
    CacheState.PARTIAL: ("◐", "warn"),
    CacheState.MISS: ("✗", "bad"),
    CacheState.COLD: ("○", "link"),
    CacheState.OFF: ("–", "dim"),
}


def verdict_lines(
    diagnosis: Diagnosis, before: Exchange | None, agent: str, clock: Clock, width: int
) -> Iterator[Line]:
    """Yield the state, the cause, and what it was found by. ``agent`` is that of the earlier request."""
    sign, style = _STATES[diagnosis.state] if diagnosis.state is not None else ("?", "dim")
    cause = f"  {diagnosis.cause}" if diagnosis.cause is not None else ""
    yield ((f" {sign} {diagnosis.state or 'unknown'}", style), (cause, "bright"))
    said = explained(diagnosis)
    yield from labelled("", f"{said[0].upper()}{said[1:]}.", width)
    yield from labelled("where", diagnosis.where, width, "bright")
    if diagnosis.cause is not None and diagnosis.confidence == "likely":
        yield from labelled("sure", "no: it is what remains when all other causes are excluded", width, "dim")
    if diagnosis.provider_reason is not None:
        differs = disagreement(diagnosis)
        reason = f"{diagnosis.provider_reason}{', which is another reason' if differs else ''}"
        yield from labelled("provider's reason", reason, width, "warn" if differs else "text")
    if before is not None:
        at = times.time_of_day(before.started_at, clock)
        yield from labelled("compared with", f"the request at {at} of {agent}", width)
        yield from labelled("idle", _idle(diagnosis), width)


def _idle(diagnosis: Diagnosis) -> str | None:
    if diagnosis.idle is None or diagnosis.ttl is None:
        return None
    left = SPANS[diagnosis.ttl] - diagnosis.idle
    ended = f"ended {_span(-left)} before" if left < timedelta(0) else f"{_span(left)} were left"
    return f"{_span(diagnosis.idle)} of a lifetime of {diagnosis.ttl}: {ended}"


def _span(span: timedelta) -> str:
    return times.duration(span.total_seconds() * 1000)


def token_lines(exchange: Exchange, diagnosis: Diagnosis, again: Decimal | None) -> Iterator[Line]:
    """Yield the tokens in the cache, read and written, with their cost. ``again`` is what the tokens that were written
    again cost more than a read."""
    cost = exchange.cost
    yield heading("Tokens")
    yield ((" " * LABEL, "dim"), (f"{'tokens':>10}  {'USD':>14}", "dim"))
    if diagnosis.expected_read_tokens is not None:
        yield _tokens("in the cache", diagnosis.expected_read_tokens, None)
    yield _tokens("read", diagnosis.read_tokens, cost.cache_read if cost else None)
    written = diagnosis.write_5m_tokens, diagnosis.write_1h_tokens
    paid = cost.cache_write if cost else None
    both = all(written)
    for ttl, tokens in zip(("5m", "1h"), written, strict=True):
        yield _tokens(f"written, {ttl}", tokens, paid if tokens and not both else None)
    if both:
        yield _tokens("written", sum(tokens or 0 for tokens in written), paid)
    if diagnosis.rewritten_tokens:
        note = "more than reading them" if again is not None else ""
        yield _tokens("written again", diagnosis.rewritten_tokens, again, note)


def _tokens(name: str, tokens: int | None, usd: Decimal | None, note: str = "") -> Line:
    amount = amounts.UNKNOWN if tokens is None else f"{tokens:,}"
    return (
        (fitted(f"   {name}", LABEL), "dim"),
        (f"{amount:>10}", "text" if tokens else "faint"),
        (f"  {amounts.exact_money(usd) if usd is not None else '':>14}", "text"),
        (f"  {note}" if note else "", "dim"),
    )


def prefix_lines(prefixes: Sequence[CachedPrefix], width: int, *, compared: bool) -> Iterator[Line]:
    """Yield a line for each mark: where it is, its lifetime, the tokens before it, and whether they are the same.
    ``compared`` is False for a request's own marks."""
    yield heading("Marks", "of the earlier request: what each left in the cache" if compared else "")
    if not prefixes:
        yield from labelled("", "none", width, "dim")
    room = max(12, min(40, width - 50))
    for number, prefix in enumerate(prefixes, 1):
        about = "" if number == len(prefixes) else "~"
        said, style = ("", "dim")
        if compared:
            said, style = ("the same", "good") if prefix.same else ("changed before its end", "bad")
            if prefix.same and not prefix.in_reach:
                said, style = "the same, out of reach of any mark", "warn"
        yield (
            (f"   {fitted(prefix.path, room)} ", "text"),
            (f"{prefix.ttl:>3} ", "dim"),
            (f"{f'{about}{prefix.tokens:,}':>10} tokens  ", "text"),
            (said, style),
        )
