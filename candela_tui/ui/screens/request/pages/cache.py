"""The Cache tab: what of the prompt was read from the cache, and why not more."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from candela_tui.analysis.cache_baselines import cached_tokens, closest
from candela_tui.analysis.cache_changes import Asked, changed_items
from candela_tui.analysis.cache_miss import diagnose, measured_of, rewrite_usd
from candela_tui.analysis.cached_prefixes import cached_prefixes
from candela_tui.analysis.comparison_rows import Rows
from candela_tui.analysis.items import Items, read_items
from candela_tui.analysis.labels import missing_body
from candela_tui.analysis.prompt_blocks import ReadPrompt, read_prompt
from candela_tui.analysis.traffic_side import request_side
from candela_tui.config import ConfigError
from candela_tui.exchange import Exchange
from candela_tui.exchange.cache_diagnosis import Diagnosis
from candela_tui.pricing import Pricer
from candela_tui.ui.screens.compare.lines import write
from candela_tui.ui.screens.request.cache.facts import prefix_lines, token_lines, verdict_lines
from candela_tui.ui.screens.request.cache.prompt_picture import PictureFacts, picture_lines
from candela_tui.ui.screens.request.overview.labelled_lines import heading, labelled
from candela_tui.ui.screens.request.pages.page import ShownRequest
from candela_tui.ui.widgets.text_view.written_lines import WrittenLines


@dataclass(frozen=True, slots=True)
class _Bodies:
    """The bodies of the request and of those it is compared with, as they were read."""

    own: bytes | None
    others: Sequence[tuple[Exchange, bytes | None]]


class CachePage:
    """The Cache tab. Bodies are read in steps; the facts are written again when the answer states its usage."""

    title: ClassVar[str] = "Cache"
    key: ClassVar[str] = "x"
    follows = False

    def __init__(self, request: ShownRequest, width: int) -> None:
        self._request = request
        self._width = width
        self.lines = WrittenLines()
        self._shown: Exchange | None = None
        self._now: Asked | None = None
        self._before: Asked | None = None
        self._pricer: Pricer | None = None

    async def open(self) -> Iterator[None]:
        """Load the bodies; they are compared in steps."""
        request, exchange = self._request, self._request.exchange
        body = await request.request_body(request_side(exchange)) or await request.request_body()
        others: list[tuple[Exchange, bytes | None]] = []
        if request.earlier is not None:
            others = [(other, await request.earlier.body(other)) for other in await request.earlier.readable(exchange)]
            try:
                self._pricer = await request.earlier.pricer()
            except ConfigError:
                # The settings screen says what is wrong with it; without it there is no price.
                self._pricer = None
        return self._write(_Bodies(body, others))

    async def more(self) -> Iterator[None] | None:
        """Write again if the exchange changed."""
        return self._lines() if self._request.exchange is not self._shown and self._now is not None else None

    def _write(self, bodies: _Bodies) -> Iterator[None]:
        kept = self._request.exchange.cache
        if kept is not None:
            # Known before the bodies are read, which takes a second where they have 100,000 blocks.
            compared = (other for other, _ in bodies.others if other.id == kept.diagnosis.previous_id)
            self._facts(self._request.exchange, kept.diagnosis, next(compared, None), kept.rewritten_usd)
            yield
        else:
            self._measured()
            yield
        self._now, known = yield from _asked(self._request.exchange, bodies.own, None)
        others = []
        for exchange, body in bodies.others:
            others.append((yield from _asked(exchange, body, known))[0])
        self._before = closest(self._now, others)
        yield from self._lines()

    def _measured(self) -> None:
        """Write what the answer states while the prompt is compared."""
        exchange, lines = self._request.exchange, self.lines
        lines.cut(0)
        lines.add()
        lines.add((" … comparing the prompt with earlier ones", "dim"))
        lines.add()
        lines.extend(token_lines(exchange, measured_of(exchange.usage, exchange.answer_facts), None))

    def _lines(self) -> Iterator[None]:
        assert self._now is not None
        exchange = self._shown = self._request.exchange
        self._now = now = Asked(exchange, self._now.prompt)
        before = self._before
        kept = exchange.cache if now.prompt is None else None
        # Without the body, what was worked out while it was there.
        diagnosis = kept.diagnosis if kept is not None else diagnose(now, before)
        compared = before if before is not None and diagnosis.previous_id == before.exchange.id else None
        earlier = compared.exchange if compared is not None else None
        self._facts(exchange, diagnosis, earlier, self._again(exchange, diagnosis))
        yield
        self._prompt(now, compared, diagnosis)
        yield
        if compared is not None:
            yield from self._difference(now, compared, diagnosis)

    def _facts(self, exchange: Exchange, diagnosis: Diagnosis, earlier: Exchange | None, again: Decimal | None) -> None:
        """Write what became of the cache, in place of all lines."""
        request, lines = self._request, self.lines
        agent = request.earlier.agent(earlier, exchange) if request.earlier is not None and earlier is not None else ""
        lines.cut(0)
        lines.add()
        lines.extend(verdict_lines(diagnosis, earlier, agent, request.clock, self._width))
        lines.add()
        lines.extend(token_lines(exchange, diagnosis, again))

    def _again(self, exchange: Exchange, diagnosis: Diagnosis) -> Decimal | None:
        if self._now is not None and self._now.prompt is None and exchange.cache is not None:
            return exchange.cache.rewritten_usd
        if self._pricer is None or not diagnosis.rewritten_tokens:
            return None
        return rewrite_usd(exchange, diagnosis.rewritten_tokens, self._pricer)

    def _prompt(self, now: Asked, before: Asked | None, diagnosis: Diagnosis) -> None:
        lines, width = self.lines, self._width
        lines.add()
        if now.prompt is None:
            lines.extend([heading("Prompt"), *labelled("", missing_body(now.exchange), width, "dim")])
            return
        earlier = before.prompt if before is not None else None
        usage = now.exchange.usage
        tokens = (usage.prompt_tokens or 0) if usage is not None else 0
        where = diagnosis.where if diagnosis.where_is_block else None
        lines.add(*heading("Prompt", "in the provider's order, by bytes"))
        facts = PictureFacts(now.prompt, tokens, diagnosis.read_tokens or 0, earlier, where)
        lines.extend(picture_lines(facts, width))
        lines.add()
        if before is not None and earlier is not None:
            prefixes = cached_prefixes(now.prompt, earlier, cached_tokens(before.exchange))
            lines.extend(prefix_lines(prefixes, width, compared=True))
        else:
            prefixes = cached_prefixes(now.prompt, now.prompt, cached_tokens(now.exchange))
            lines.extend(prefix_lines(prefixes, width, compared=False))

    def _difference(self, now: Asked, before: Asked, diagnosis: Diagnosis) -> Iterator[None]:
        if now.prompt is None or before.prompt is None or not diagnosis.where_is_block:
            return
        items = changed_items(now.prompt, before.prompt)
        if items is None:
            return
        rows = Rows()
        yield from rows.item(*items)
        self.lines.add()
        self.lines.add(*heading("What changed", diagnosis.where or ""))
        yield from write(rows.rows, self._width, self.lines, [])


def _asked(
    exchange: Exchange, body: bytes | None, known: ReadPrompt | None
) -> Generator[None, None, tuple[Asked, ReadPrompt | None]]:
    """Return a request with its prompt, which is read against a known one, in steps."""
    if body is None:
        return Asked(exchange, None), None
    items = Items()
    yield from read_items(body, items, known.items if known is not None else Items())
    prompt = yield from read_prompt(items, known)
    return Asked(exchange, prompt), ReadPrompt(items, prompt)
