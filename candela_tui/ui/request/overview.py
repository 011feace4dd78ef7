"""Timing, usage, cost and identity of a request."""

from collections.abc import Iterator
from decimal import Decimal
from typing import ClassVar

from candela_tui.exchange import Exchange, Outcome
from candela_tui.ui import words
from candela_tui.ui.clock import Clock
from candela_tui.ui.dashboard.request_rows import elapsed_ms
from candela_tui.ui.ink import Line, Piece, fitted
from candela_tui.ui.lines.wrap import wrapped
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.page import Subject

_LABEL = 14


class OverviewPage:
    """Written anew on each change: it is short."""

    title: ClassVar[str] = "Overview"
    follows = False

    def __init__(self, subject: Subject, width: int) -> None:
        self.lines = WrittenLines()
        self._subject = subject
        self._width = width
        self._shown: Exchange | None = None

    async def open(self) -> Iterator[None]:
        """Nothing to wait for."""
        return self._write()

    async def more(self) -> Iterator[None] | None:
        """The time of what is live goes on."""
        exchange = self._subject.exchange
        return self._write() if exchange.live or exchange is not self._shown else None

    def _write(self) -> Iterator[None]:
        self._shown = self._subject.exchange
        self.lines.cut(0)
        self.lines.extend(overview_lines(self._subject.exchange, self._subject.agent, self._subject.clock, self._width))
        yield


def overview_lines(exchange: Exchange, agent: str, clock: Clock, width: int) -> list[Line]:
    """Everything that the record says, in lines."""
    lines: list[Line] = [()]
    lines += _outcome(exchange, width)
    lines += _timing(exchange, clock, width)
    lines += _usage(exchange, width)
    lines += _model(exchange, width)
    lines += _request(exchange, agent, clock, width)
    return lines


def _heading(text: str) -> Line:
    return ((f" {text}", "heading"),)


def _fact(name: str, value: str | None, width: int, ink: str = "text") -> list[Line]:
    if value is None:
        return []
    return [
        ((fitted("" if place else f"   {name}", _LABEL + 3), "dim"), (part, ink))
        for place, part in enumerate(wrapped(value, max(20, width - _LABEL - 4)))
    ]


def _outcome(exchange: Exchange, width: int) -> list[Line]:
    ink = {Outcome.OK: "good", Outcome.LIVE: "accent"}.get(exchange.outcome, "bad")
    said = words.OUTCOMES[exchange.outcome]
    status = f"{exchange.status}  " if exchange.status is not None else ""
    stop = f"  stopped by {exchange.stop_reason}" if exchange.stop_reason else ""
    lines: list[Line] = [((f" {words.SIGNS[exchange.outcome]} {status}{said}", ink), (stop, "text"))]
    if exchange.error is not None:
        lines += _fact("error", f"{exchange.error.type}: {exchange.error.message}", width, "bad")
    if exchange.retry:
        tries = "1 try of this call" if exchange.retry == 1 else f"{exchange.retry} tries of this call"
        lines += _fact("retry", f"the client made {tries} before", width)
    return [*lines, ()]


def _timing(exchange: Exchange, clock: Clock, width: int) -> list[Line]:
    marks = exchange.marks
    total = elapsed_ms(exchange, clock) or 0.0
    lines = [_heading("Timing")]
    bar = max(10, min(width - _LABEL - 32, 90))
    phases = (
        ("connecting", 0.0, marks.connected, "link"),
        ("waiting", marks.connected, marks.first_byte, "accent"),
        ("first token", marks.first_byte, marks.first_token, "thinking"),
        ("streaming", marks.first_token if marks.first_token is not None else marks.first_byte, marks.end, "good"),
    )
    for name, start, end, ink in phases:
        if start is None:
            continue
        open_ended = end is None
        if end is None:
            end = total
        lines.append(_bar(name, start, max(start, end), total, bar, ink, open_ended and exchange.live))
        if open_ended:
            break
    rate = exchange.tokens_per_second
    lines.append(
        (
            (fitted("   total", _LABEL + 3), "dim"),
            (
                fitted(words.exact_duration(total) if exchange.live or marks.end is not None else words.UNKNOWN, 12),
                "bright",
            ),
            (f"ttfb {words.duration(exchange.ttfb_ms)}", "text"),
            (f"   ttft {words.duration(exchange.ttft_ms)}", "text"),
            (f"   {words.rate(rate)} tok/s" if rate is not None else "", "text"),
        )
    )
    return [*lines, ()]


def _bar(name: str, start: float, end: float, total: float, width: int, ink: str, goes_on: bool) -> Line:
    scale = width / total if total else 0.0
    left = min(int(start * scale), width - 1)
    cells = max(1, min(int(end * scale), width) - left)
    block = "█" * cells if end - start > 0 else "▏"
    return (
        (fitted(f"   {name}", _LABEL + 3), "dim"),
        (fitted(words.exact_duration(end - start) + (" …" if goes_on else ""), 12), "text"),
        ("·" * left, "faint"),
        (block, ink),
        ("·" * (width - left - len(block)), "faint"),
    )


def _usage(exchange: Exchange, width: int) -> list[Line]:
    lines = [_heading("Usage and cost")]
    usage, cost = exchange.usage, exchange.cost
    if usage is None:
        reason = "none reported yet" if exchange.live else "none reported"
        return [*lines, *_fact("tokens", reason, width, "dim"), ()]
    prompt = usage.prompt_tokens or 0
    lines.append((((" " * (_LABEL + 3)), "dim"), (f"{'tokens':>10}  {'of prompt':>9}  {'USD':>14}", "dim")))
    written = (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens)
    all_written = None if written == (None, None) else sum(tokens or 0 for tokens in written)
    lives = [f"{tokens:,} for {life}" for tokens, life in zip(written, ("5m", "1h"), strict=True) if tokens]
    lines += [
        _part("input", usage.input_tokens, prompt, cost.input if cost else None),
        _part("cache read", usage.cache_read_tokens, prompt, cost.cache_read if cost else None),
        (
            *_part("cache write", all_written, prompt, cost.cache_write if cost else None),
            (f"  {', '.join(lives)}", "dim"),
        ),
    ]
    output = usage.output_tokens
    lines.append(_part("output", output, None, cost.output if cost else None))
    if exchange.live and exchange.output_characters:
        lines[-1] = _part("output", words.estimated_tokens(exchange), None, None, about=True)
    if usage.web_searches:
        lines.append(_part("web searches", usage.web_searches, None, cost.web_searches if cost else None))
    if cost is not None:
        name = "API value" if exchange.subscription else "total"
        total = f"{'≥ ' if cost.at_least else ''}{_exact(cost.total)}"
        lines.append(((fitted(f"   {name}", _LABEL + 3), "dim"), (f"{'':>23}{total:>14}", "bright")))
    if exchange.subscription:
        lines += _fact("", "Paid by subscription: the figures are what the API would charge, not a bill.", width, "dim")
    if exchange.unpriced_model is not None:
        lines += _unpriced(exchange.unpriced_model, width)
    return [*lines, ()]


def _part(name: str, tokens: int | None, prompt: int | None, usd: Decimal | None, *, about: bool = False) -> Line:
    amount = words.UNKNOWN if tokens is None else f"{'~' if about else ''}{tokens:,}"
    share = words.percent(tokens / prompt) if prompt and tokens else ""
    return (
        (fitted(f"   {name}", _LABEL + 3), "dim"),
        (f"{amount:>10}", "accent" if about else "text" if tokens else "faint"),
        (f"  {share:>9}", "dim"),
        (f"  {_exact(usd) if usd else '':>14}", "text"),
    )


def _exact(usd: Decimal) -> str:
    text = f"{usd:f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0")
    return f"${whole}.{decimals:0<2}"


def _unpriced(model: str, width: int) -> list[Line]:
    name = model.replace("\\", "\\\\").replace('"', '\\"')
    lines = _fact(
        "no price", f"No price is known for {model}. Add one to config.toml, in USD per million tokens:", width
    )
    for text in (f'[pricing.models."{name}"]', "input = 3", "output = 15"):
        lines.append((((" " * (_LABEL + 5)), "text"), (text, "accent")))
    return lines


def _model(exchange: Exchange, width: int) -> list[Line]:
    if exchange.model is None and exchange.model_used is None:
        return []
    lines = [_heading("Model")]
    lines += _fact("asked", exchange.model, width)
    lines += _fact("answered", exchange.model_used or words.UNKNOWN, width)
    usage = exchange.usage
    if usage is not None:
        lines += _fact("service tier", usage.service_tier, width)
        lines += _fact("speed", usage.speed, width)
        lines += _fact("geography", usage.inference_geo, width)
    for difference in exchange.differences:
        what = difference.what.replace("_", " ")
        lines += _fact("≠ " + what, f"asked {difference.asked}, served {difference.served}", width, "warn")
    return [*lines, ()]


def _request(exchange: Exchange, agent: str, clock: Clock, width: int) -> list[Line]:
    lines = [_heading("Request")]
    facts: list[tuple[str, str | None]] = [
        ("at", words.exact_time(exchange.started_at, clock)),
        ("what", f"{exchange.method} {exchange.path}"),
        ("route", f"{exchange.route} → {exchange.url}" if exchange.url else exchange.route),
        ("sent", f"{words.size(exchange.request_bytes)} ({exchange.request_bytes:,} bytes)"),
        ("received", f"{words.size(exchange.response_bytes)} ({exchange.response_bytes:,} bytes)"),
        ("streamed", "yes" if exchange.streamed else "no"),
        ("request id", exchange.request_id),
        ("session", exchange.session_id),
        ("agent", f"{agent} ({exchange.agent_id})" if exchange.agent_id else agent),
        ("parent agent", exchange.parent_agent_id),
        ("exchange", exchange.id),
    ]
    for name, value in facts:
        lines += _fact(name, value, width)
    if exchange.rate_limits:
        lines += [(), _heading("Rate limits")]
        for name, value in exchange.rate_limits:
            pieces: tuple[Piece, ...] = (
                (fitted(f"   {name.removeprefix('anthropic-ratelimit-')}", 36), "dim"),
                (value, "text"),
            )
            lines.append(pieces)
    return lines
