"""How a request went: where its time went, what it cost, who served it, what became of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from candela_tui.analysis.block_times import BlockTime, BlockTimes
from candela_tui.analysis.buffering import held_back_ms
from candela_tui.exchange import Difference, Exchange
from candela_tui.protocol.messages import AnswerDecoder
from candela_tui.ui import outcomes, words
from candela_tui.ui.clock import Clock
from candela_tui.ui.ink import Line, cells_of, fitted
from candela_tui.ui.lines.written import WrittenLines
from candela_tui.ui.request.arriving import AnswerPage, Arrived
from candela_tui.ui.request.costs import cost_lines
from candela_tui.ui.request.facts import LABEL, fact, heading
from candela_tui.ui.request.limits import limit_lines
from candela_tui.ui.request.page import Subject
from candela_tui.ui.request.provider import adaptation_lines, provider_lines
from candela_tui.ui.request.remedy import remedy
from candela_tui.ui.request.waterfall import waterfall_lines


class OverviewPage(AnswerPage):
    """Written anew on each change: it is short. The times of the blocks come from the answer's chunks."""

    title: ClassVar[str] = "Overview"

    def __init__(self, subject: Subject, width: int) -> None:
        super().__init__(subject, width)
        self.follows = False
        self._shown: Exchange | None = None
        self._answer: AnswerDecoder | None = None
        self._times = BlockTimes()
        self._first_chunk_ms: float | None = None

    async def more(self) -> Iterator[None] | None:
        """The time of what is live goes on."""
        if not self._arriving.ended:
            return self._write(await self._arriving.take())
        return self._write([]) if self._subject.exchange is not self._shown else None

    def _write(self, arrived: Arrived) -> Iterator[None]:
        # What the record tells is there at once; the blocks of a long answer take a moment.
        if self._shown is None:
            self._lines()
            yield
        if arrived:
            if self._first_chunk_ms is None:
                self._first_chunk_ms = arrived[0][1]
            if self._answer is None:
                self._answer = self._arriving.answer_decoder()
            for chunk, at_ms in arrived:
                self._answer.feed(self._arriving.readable(chunk))
                self._times.note(self._answer.fold, at_ms)
                yield
        self._lines()
        yield

    def _lines(self) -> None:
        self._shown = self._subject.exchange
        assert isinstance(self.lines, WrittenLines)
        self.lines.cut(0)
        self.lines.extend(overview_lines(self._subject, self._times.blocks, self._width, self._first_chunk_ms))


def overview_lines(
    subject: Subject, blocks: Sequence[BlockTime], width: int, first_chunk_ms: float | None = None
) -> list[Line]:
    """Everything that the record says, in lines. ``first_chunk_ms``: when the body began to come, if that is known."""
    exchange, clock = subject.exchange, subject.clock
    elapsed = exchange.elapsed_ms(clock.now())
    sections = (
        _outcome(exchange, width),
        [_time_heading(exchange, elapsed, width), *waterfall_lines(exchange, blocks, elapsed, width)],
        _held_back(exchange, first_chunk_ms, width),
        cost_lines(exchange, width),
        _tries(subject, width),
        _model(exchange, width),
        provider_lines(exchange, width),
        adaptation_lines(exchange, width),
        _calls(exchange, width),
        _stated(exchange, width),
        limit_lines(exchange, clock, width),
        _request(exchange, subject.agent, clock, width),
    )
    return [line for section in sections if section for line in ((), *section)]


def _outcome(exchange: Exchange, width: int) -> list[Line]:
    status = f"{exchange.status}  " if exchange.status is not None else ""
    stop = f"  stopped by {exchange.stop_reason}" if exchange.stop_reason else ""
    said = f" {outcomes.SIGNS[exchange.outcome]} {status}{outcomes.NAMES[exchange.outcome]}"
    lines: list[Line] = [((said, outcomes.INKS[exchange.outcome]), (stop, "text"))]
    if exchange.error is not None:
        lines += fact("error", f"{exchange.error.type}: {exchange.error.message}", width, "bad")
    lines += fact("what to do", remedy(exchange), width)
    for difference in exchange.differences:
        lines += fact(f"≠ {difference.what.replace('_', ' ')}", difference_words(difference), width, "warn")
    return lines


_MEANING = {
    "model": "another model answered: its price and its abilities hold",
    "speed": "the speed decides on the price",
    "service_tier": "the tier decides on price and precedence",
    "inference_geo": "the answer was made elsewhere",
    "cache_ttl": "the prompt cache lives shorter or longer than asked",
}


def difference_words(difference: Difference) -> str:
    """What was asked, what was served, and what follows from it."""
    meaning = _MEANING.get(difference.what)
    return f"asked {difference.asked}, served {difference.served}" + (f": {meaning}" if meaning else "")


def _time_heading(exchange: Exchange, elapsed: float | None, width: int) -> Line:
    """Return the times that have room, each whole."""
    rate = exchange.tokens_per_second
    parts = [
        words.exact_duration(elapsed if exchange.live or exchange.marks.end is not None else None),
        f"ttfb {words.duration(exchange.ttfb_ms)}",
        f"ttft {words.duration(exchange.ttft_ms)}",
    ]
    if rate is not None:
        parts.append(f"{words.rate(rate)} tok/s")
    while len(parts) > 1 and cells_of(heading("Timing", "   ".join(parts))) > width:
        parts.pop()
    return heading("Timing", "   ".join(parts))


def _held_back(exchange: Exchange, first_chunk_ms: float | None, width: int) -> list[Line]:
    waited = held_back_ms(exchange, first_chunk_ms) if first_chunk_ms is not None else None
    if waited is None:
        return []
    said = (
        f"the whole answer came at once after {words.duration(waited)}: something between candela and the model (a "
        "gateway, an HTTP proxy) holds streams back"
    )
    return fact("not streamed", said, width, "warn")


def _tries(subject: Subject, width: int) -> list[Line]:
    exchange = subject.exchange
    if not exchange.retry and len(subject.tries) < 2:
        return []
    tries = "1 try of this call" if exchange.retry == 1 else f"{exchange.retry} tries of this call"
    said = f"the client made {tries} before" if exchange.retry else "the client tried this call again"
    lines: list[Line] = [heading("Tries", said)]
    for number, one in enumerate(subject.tries, 1):
        became = outcomes.shortfall(replace(one, retry=0)) or " ".join(
            filter(None, [str(one.status or ""), outcomes.NAMES[one.outcome]])
        )
        without = f"  without {', '.join(one.left_out)}" if one.left_out else ""
        here = " ← this" if one.id == exchange.id else ""
        lines.append(
            (
                (fitted(f"   try {number}", LABEL), "dim"),
                (words.exact_time(one.started_at, subject.clock), "text"),
                (f"  {words.duration(one.elapsed_ms(subject.clock.now())):>6}", "dim"),
                (f"  {outcomes.SIGNS[one.outcome]} {became}", outcomes.INKS[one.outcome]),
                (without, "dim"),
                (here, "accent"),
            )
        )
    return lines


def _model(exchange: Exchange, width: int) -> list[Line]:
    if exchange.model is None and exchange.model_used is None:
        return []
    lines = [heading("Model")]
    lines += fact("asked", exchange.model, width)
    if exchange.model_sent not in (None, exchange.model):
        lines += fact("sent", exchange.model_sent, width)
    lines += fact("answered", words.served(exchange), width)
    lines += fact("named", exchange.model_stated and f"{exchange.model_stated}, in the answer itself", width)
    usage = exchange.usage
    if usage is not None:
        lines += fact("service tier", usage.service_tier, width)
        lines += fact("speed", usage.speed, width)
        lines += fact("geography", usage.inference_geo, width)
    lines += fact("cache marks", ", ".join(f"for {ttl}" for ttl in exchange.cache_ttls) or None, width)
    return lines


def _calls(exchange: Exchange, width: int) -> list[Line]:
    if not exchange.tools_called and not exchange.delegations:
        return []
    lines = [heading("Tools called")]
    lines += fact("tools", ", ".join(exchange.tools_called) or None, width)
    for delegation in exchange.delegations:
        name = delegation.agent_type or "sub-agent"
        lines += fact(f"→ {name}", delegation.description or delegation.task, width)
    return lines


def _stated(exchange: Exchange, width: int) -> list[Line]:
    """What else the answer states: verdicts of safeguards, why the cache missed, and the like."""
    if not exchange.answer_facts:
        return []
    lines = [heading("Stated in the answer")]
    label = max(LABEL, 4 + max(len(name) for name, _ in exchange.answer_facts))
    for name, value in exchange.answer_facts:
        lines += fact(name.replace("_", " "), value, width, label=min(label, width // 2))
    return lines


def _request(exchange: Exchange, agent: str, clock: Clock, width: int) -> list[Line]:
    lines = [heading("Request")]
    facts: tuple[tuple[str, str | None], ...] = (
        ("at", words.exact_time(exchange.started_at, clock)),
        ("what", f"{exchange.method} {exchange.path}"),
        ("route", f"{exchange.route} → {exchange.url}" if exchange.url else exchange.route),
        ("sent", f"{words.size(exchange.request_bytes)} ({exchange.request_bytes:,} bytes)"),
        ("received", f"{words.size(exchange.response_bytes)} ({exchange.response_bytes:,} bytes)"),
        ("streamed", "yes" if exchange.streamed else "no"),
        ("request id", exchange.request_id),
        ("for", _purpose(exchange)),
        ("session", exchange.session_id),
        ("agent", _agent(exchange, agent)),
        ("parent agent", exchange.parent_agent_id),
        ("agent type", exchange.agent_type),
        ("class", exchange.request_class),
        ("prompt", exchange.prompt_id),
        ("tools before", words.tool_durations(exchange.tool_durations) or None),
        ("exchange", exchange.id),
    )
    for name, value in facts:
        lines += fact(name, value, width)
    return lines


def _purpose(exchange: Exchange) -> str:
    by_form = " (inferred from the request's form)" if "kind" in exchange.inferred else ""
    return f"{words.KINDS[exchange.kind]}{by_form}"


def _agent(exchange: Exchange, agent: str) -> str:
    if exchange.agent_id is None:
        return agent
    if "agent_id" in exchange.inferred:
        return f"{agent} (inferred: the client named none)"
    return f"{agent} ({exchange.agent_id})"
