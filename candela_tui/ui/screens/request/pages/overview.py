"""The Overview tab: outcome, timing, cost, provider and facts of a request."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import ClassVar

from candela_tui.analysis import labels
from candela_tui.analysis.advice import advice
from candela_tui.analysis.block_times import BlockTime, BlockTimes
from candela_tui.analysis.buffering import held_back_ms
from candela_tui.analysis.served_changes import change_words
from candela_tui.analysis.trust import Bodies, Trust, trust_of
from candela_tui.exchange import Difference, Exchange
from candela_tui.protocol.answer_decoder import AnswerDecoder
from candela_tui.text import amounts, times
from candela_tui.text.cells import fitted
from candela_tui.text.times import Clock
from candela_tui.ui.screens.request.overview.costs import cost_lines
from candela_tui.ui.screens.request.overview.labelled_lines import LABEL, heading, labelled
from candela_tui.ui.screens.request.overview.provider import (
    adaptation_lines,
    attempt_lines,
    provider_lines,
    rule_lines,
)
from candela_tui.ui.screens.request.overview.rate_limits import limit_lines
from candela_tui.ui.screens.request.overview.receipt import KIND as RECEIPT
from candela_tui.ui.screens.request.overview.receipt import receipt_fold
from candela_tui.ui.screens.request.overview.trust import KIND as TRUST
from candela_tui.ui.screens.request.overview.trust import trust_fold
from candela_tui.ui.screens.request.overview.waterfall import waterfall_lines
from candela_tui.ui.screens.request.pages.answer_page import AnswerPage, TimedChunks
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.style import outcomes
from candela_tui.ui.style.styled_text import Line, cells_of
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.detail_levels import DetailLevels
from candela_tui.ui.widgets.text_view.folding.folded_lines import FoldedLines
from candela_tui.ui.widgets.text_view.folding.folds import DetailLevel, Fold


class OverviewPage(AnswerPage):
    """The Overview tab. Short, so it is written again on each change. Block times come from the response's chunks."""

    title: ClassVar[str] = "Overview"
    key: ClassVar[str] = "1"
    levels: ClassVar[Mapping[str, DetailLevel]] = {RECEIPT: DetailLevel.ONE, TRUST: DetailLevel.ONE}
    """The sections that fold."""

    def __init__(self, request: ShownRequest, width: int) -> None:
        super().__init__(request, width)
        self._folded = FoldedLines(
            width, DetailLevels(request.preferences, self.levels), kept=request.folds.setdefault(self.title, {})
        )
        self.lines = self._folded
        self.follows = False
        self._shown: Exchange | None = None
        self._answer: AnswerDecoder | None = None
        self._times = BlockTimes()
        self._first_chunk_ms: float | None = None
        self._trust: Trust | None = None

    async def open(self) -> Iterator[None]:
        """Write what has arrived, and what is known of both sides."""
        steps = await super().open()
        if self._incoming.ended:
            self._trust = await self._compared()
        return steps

    async def _compared(self) -> Trust:
        request, bodies = self._request, self._request.bodies
        sides = [await bodies.request(), await bodies.request("provider")]
        answers = [await bodies.answer_after(0, side) for side in ("client", "provider")]
        whole, of_provider = (b"".join(chunks) or None for chunks, _ in answers)
        if whole is None and not request.exchange.response_bytes:
            whole = b""
        crossed = Bodies(sides[0], whole, sides[1], of_provider)
        return await asyncio.to_thread(trust_of, request.exchange, crossed)

    async def more(self) -> Iterator[None] | None:
        """Write again while the request is live, or if it changed."""
        if not self._incoming.ended:
            steps = self._write(await self._incoming.take())
            if self._incoming.ended:
                self._trust = await self._compared()
            return steps
        return self._write([]) if self._request.exchange is not self._shown else None

    def _write(self, arrived: TimedChunks) -> Iterator[None]:
        # The record is shown at once; the blocks of a long response take a moment.
        if self._shown is None:
            self._lines()
            yield
        if arrived:
            if self._first_chunk_ms is None:
                self._first_chunk_ms = arrived[0][1]
            if self._answer is None:
                self._answer = self._incoming.answer_decoder()
            for chunk, at_ms in arrived:
                self._answer.feed(self._incoming.readable(chunk))
                self._times.note(self._answer.fold, at_ms)
                yield
        self._lines()
        yield

    def _lines(self) -> None:
        self._shown = self._request.exchange
        folds = overview_folds(self._request, self._times.blocks, self._width, self._first_chunk_ms, self._trust)
        for _ in chain(self._folded.clear(), self._folded.add(folds)):
            pass


def overview_folds(
    request: ShownRequest,
    blocks: Sequence[BlockTime],
    width: int,
    first_chunk_ms: float | None = None,
    trust: Trust | None = None,
) -> Iterator[Fold]:
    """Yield the sections of the overview.

    ``first_chunk_ms``: when the body started to arrive, if known. ``trust``: what candela did, once that is known."""
    exchange, clock = request.exchange, request.clock
    elapsed = exchange.elapsed_ms(clock.now())
    sections: tuple[list[Line] | Fold | None, ...] = (
        [*_outcome(exchange, width), *_served_changes(request, width)],
        [_time_heading(exchange, elapsed, width), *waterfall_lines(exchange, blocks, elapsed, width)],
        _held_back(exchange, first_chunk_ms, width),
        cost_lines(exchange, width),
        receipt_fold(exchange, request.pricer, width),
        _tries(request, width),
        _model(exchange, width),
        provider_lines(exchange, width),
        adaptation_lines(exchange, width),
        rule_lines(exchange, width),
        attempt_lines(exchange, width),
        trust_fold(trust, width),
        _calls(exchange, width),
        _stated(exchange, width),
        limit_lines(exchange, clock, width),
        _request(exchange, request.agent, clock, width),
    )
    for section in sections:
        if isinstance(section, Fold):
            yield section
        elif section:
            yield Fold("", LinesContent((), *section), indent=0, gap=0, stops=False)


def _outcome(exchange: Exchange, width: int) -> list[Line]:
    status = f"{exchange.status}  " if exchange.status is not None else ""
    stop = f"  stop reason {exchange.stop_reason}" if exchange.stop_reason else ""
    said = f" {outcomes.SIGNS[exchange.outcome]} {status}{outcomes.NAMES[exchange.outcome]}"
    lines: list[Line] = [((said, outcomes.STYLES[exchange.outcome]), (stop, "text"))]
    if exchange.error is not None:
        lines += labelled("error", f"{exchange.error.type}: {exchange.error.message}", width, "bad")
    lines += labelled("what to do", advice(exchange), width)
    for difference in exchange.differences:
        lines += labelled(f"≠ {difference.what.replace('_', ' ')}", difference_words(difference), width, "warn")
    return lines


def _served_changes(request: ShownRequest, width: int) -> list[Line]:
    lines: list[Line] = []
    for change in request.served_changes:
        lines += labelled("≠ from here on", change_words(change, request.clock), width, "warn")
    return lines


_MEANING = {
    "model": "another model answered, with its own price and abilities",
    "speed": "the price depends on the speed",
    "service_tier": "price and priority depend on the tier",
    "inference_geo": "the request ran in another geography",
    "cache_ttl": "the prompt cache does not live as long as requested",
}


def difference_words(difference: Difference) -> str:
    """Return what was requested, what was served, and what follows from it."""
    meaning = _MEANING.get(difference.what)
    return f"requested {difference.asked}, served {difference.served}" + (f": {meaning}" if meaning else "")


def _time_heading(exchange: Exchange, elapsed: float | None, width: int) -> Line:
    """Return as many of the times as fit, each of them whole."""
    rate = exchange.tokens_per_second
    parts = [
        times.exact_duration(elapsed if exchange.live or exchange.marks.end is not None else None),
        f"ttfb {times.duration(exchange.ttfb_ms)}",
        f"ttft {times.duration(exchange.ttft_ms)}",
    ]
    if rate is not None:
        parts.append(f"{amounts.rate(rate)} tok/s")
    while len(parts) > 1 and cells_of(heading("Timing", "   ".join(parts))) > width:
        parts.pop()
    return heading("Timing", "   ".join(parts))


def _held_back(exchange: Exchange, first_chunk_ms: float | None, width: int) -> list[Line]:
    waited = held_back_ms(exchange, first_chunk_ms) if first_chunk_ms is not None else None
    if waited is None:
        return []
    said = (
        f"the response arrived all at once after {times.duration(waited)}: something between candela and the model "
        "(a gateway or an HTTP proxy) buffers streams"
    )
    return labelled("not streamed", said, width, "warn")


def _tries(request: ShownRequest, width: int) -> list[Line]:
    exchange = request.exchange
    if not exchange.retry and len(request.tries) < 2:
        return []
    tries = "1 earlier try" if exchange.retry == 1 else f"{exchange.retry} earlier tries"
    said = f"after {tries}" if exchange.retry else "the client retried this call"
    lines: list[Line] = [heading("Tries", said)]
    for number, one in enumerate(request.tries, 1):
        became = outcomes.shortfall(replace(one, retry=0)) or " ".join(
            filter(None, [str(one.status or ""), outcomes.NAMES[one.outcome]])
        )
        without = f"  without {', '.join(one.left_out)}" if one.left_out else ""
        here = " ← this one" if one.id == exchange.id else ""
        lines.append(
            (
                (fitted(f"   try {number}", LABEL), "dim"),
                (times.exact_time(one.started_at, request.clock), "text"),
                (f"  {times.duration(one.elapsed_ms(request.clock.now())):>6}", "dim"),
                (f"  {outcomes.SIGNS[one.outcome]} {became}", outcomes.STYLES[one.outcome]),
                (without, "dim"),
                (here, "accent"),
            )
        )
    return lines


def _model(exchange: Exchange, width: int) -> list[Line]:
    if exchange.model is None and exchange.model_used is None:
        return []
    lines = [heading("Model")]
    lines += labelled("requested", exchange.model, width)
    if exchange.model_sent not in (None, exchange.model):
        lines += labelled("sent", exchange.model_sent, width)
    lines += labelled("served", labels.served(exchange), width)
    lines += labelled("stated", exchange.model_stated and f"{exchange.model_stated}, in the response body", width)
    usage = exchange.usage
    if usage is not None:
        lines += labelled("service tier", usage.service_tier, width)
        lines += labelled("speed", usage.speed, width)
        lines += labelled("geography", usage.inference_geo, width)
    lines += labelled("cache breakpoints", ", ".join(exchange.cache_ttls) or None, width)
    return lines


def _calls(exchange: Exchange, width: int) -> list[Line]:
    if not exchange.tools_called and not exchange.delegations:
        return []
    lines = [heading("Tools called")]
    lines += labelled("tools", ", ".join(exchange.tools_called) or None, width)
    for delegation in exchange.delegations:
        name = delegation.agent_type or "sub-agent"
        lines += labelled(f"→ {name}", delegation.description or delegation.task, width)
    return lines


def _stated(exchange: Exchange, width: int) -> list[Line]:
    """Return what else the response states: safeguard verdicts, why the cache missed, and the like."""
    if not exchange.answer_facts:
        return []
    lines = [heading("Stated in the response")]
    label = max(LABEL, 4 + max(len(name) for name, _ in exchange.answer_facts))
    for name, value in exchange.answer_facts:
        lines += labelled(name.replace("_", " "), value, width, label=min(label, width // 2))
    return lines


def _request(exchange: Exchange, agent: str, clock: Clock, width: int) -> list[Line]:
    lines = [heading("Request")]
    facts: tuple[tuple[str, str | None], ...] = (
        ("at", times.exact_time(exchange.started_at, clock)),
        ("imported", labels.imported(exchange)),
        *_crossed(exchange),
        ("request id", exchange.request_id),
        ("for", _purpose(exchange)),
        ("session", exchange.session_id),
        ("continues", _continues(exchange)),
        ("agent", _agent(exchange, agent)),
        ("parent agent", exchange.parent_agent_id),
        ("agent type", exchange.agent_type),
        ("class", exchange.request_class),
        ("prompt", exchange.prompt_id),
        ("tools before", labels.tool_durations(exchange.tool_durations) or None),
        ("exchange", exchange.id),
    )
    for name, value in facts:
        lines += labelled(name, value, width)
    return lines


def _continues(exchange: Exchange) -> str | None:
    where = exchange.continues
    return f"session {where.session_id}, after its request {where.exchange_id}" if where is not None else None


def _crossed(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Yield how the exchange crossed the proxy or, if it was imported, as much as is known of that."""
    if exchange.path:
        yield "what", f"{exchange.method} {exchange.path}"
    if exchange.imported is None:
        yield "route", f"{exchange.route} → {exchange.url}" if exchange.url else exchange.route
    elif exchange.url:
        yield "to", exchange.url
    for name, size in (("sent", exchange.request_bytes), ("received", exchange.response_bytes)):
        if size or exchange.imported is None:
            yield name, f"{amounts.size(size)} ({size:,} bytes)"
    if exchange.path:
        yield "streamed", "yes" if exchange.streamed else "no"


def _purpose(exchange: Exchange) -> str:
    by_form = " (inferred from the request's shape)" if "kind" in exchange.inferred else ""
    return f"{labels.KINDS[exchange.kind]}{by_form}"


def _agent(exchange: Exchange, agent: str) -> str:
    if exchange.agent_id is None:
        return agent
    if "agent_id" in exchange.inferred:
        return f"{agent} (inferred: the client names no agent)"
    return f"{agent} ({exchange.agent_id})"
