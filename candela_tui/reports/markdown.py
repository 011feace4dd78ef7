"""Sessions as a Markdown document: for each a heading, its totals, a table of its requests, and the conversation."""

from collections.abc import Iterable, Iterator, Sequence

from candela_tui.analysis.labels import agent_name, cost, model
from candela_tui.exchange import Exchange
from candela_tui.ledger.ledger import Ledger
from candela_tui.ledger.names import agent_names, session_title
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.sessions import SessionSummary
from candela_tui.ledger.totals import Totals
from candela_tui.reports.markdown_conversation import conversation_lines
from candela_tui.reports.markdown_text import plain
from candela_tui.reports.report import Export, Report, encoded
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN, count, money, percent
from candela_tui.text.times import duration

_HEADS = ("Time (UTC)", "Agent", "Model", "Prompt", "Cached", "Output", "Cost", "Took", "End")
_FIGURES = range(3, 8)
"""The columns that are right-aligned."""


def _pieces(export: Export) -> Iterator[bytes]:
    for number, read in enumerate(export.sessions):
        if number:
            yield b"\n"
        yield from encoded(f"{line}\n" for line in _session(read))
        yield from encoded(f"{line}\n" for line in conversation_lines(read, export.bodies))


def _session(read: SessionRequests) -> Iterator[str]:
    session = read.session
    yield f"# {plain(session_title(session))}"
    yield ""
    yield from (f"- {fact}" for fact in _facts(session))
    yield ""
    yield "## Totals"
    yield ""
    yield from _table(("", ""), _totals(read.exchanges), figures=(1,))
    yield ""
    yield "## Requests"
    yield ""
    names = agent_names(session)
    yield from _table(_HEADS, (_row(exchange, names) for exchange in read.exchanges), figures=_FIGURES)


def _facts(session: SessionSummary) -> Iterator[str]:
    if session.session_id is not None:
        yield f"Session: {plain(session.session_id)}"
    if session.started_at is not None and session.last_at is not None:
        yield f"Time: {session.started_at:%Y-%m-%d %H:%M} to {session.last_at:%Y-%m-%d %H:%M} UTC"
    for name, value in (("Directory", session.cwd), ("Branch", session.git_branch), ("Client", session.client)):
        if value:
            yield f"{name}: {plain(value)}"


def _totals(exchanges: Sequence[Exchange]) -> Iterator[tuple[str, str]]:
    totals = Ledger.of(exchanges).totals
    yield "Requests", f"{totals.requests:,}"
    if totals.imported:
        yield "Imported requests", f"{totals.imported:,}"
    if totals.errors:
        yield "Failed requests", f"{totals.errors:,}"
    agents = {exchange.agent_id for exchange in exchanges} - {None}
    if agents:
        yield "Sub-agents", f"{len(agents):,}"
    yield "Prompt tokens", _tokens(totals.known(totals.prompt_tokens))
    yield "From the cache", percent(totals.cache_hit_rate)
    yield "Output tokens", _tokens(totals.known(totals.output_tokens))
    yield "Cost", _cost(totals)
    if totals.priced:
        saved = totals.saved_usd
        yield "Saved by the cache", f"-{money(-saved)}" if saved < 0 else money(saved)


def _tokens(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _cost(totals: Totals) -> str:
    return amounts.cost(totals.cost, lower_bound=totals.at_least)


def _row(exchange: Exchange, names: dict[str, str]) -> tuple[str, ...]:
    usage = exchange.usage
    return (
        f"{exchange.started_at:%H:%M:%S}",
        agent_name(exchange.agent_id, names),
        model(exchange.model_used or exchange.model),
        count(usage.prompt_tokens if usage else None),
        percent(usage.cache_hit_rate if usage else None),
        count(usage.output_tokens if usage else None),
        cost(exchange.cost),
        duration(exchange.duration_ms),
        exchange.error.message if exchange.error else exchange.stop_reason or exchange.outcome.value,
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, figures: Sequence[int]) -> Iterator[str]:
    yield _line(heads)
    yield _line("---:" if place in figures else "---" for place in range(len(heads)))
    for row in rows:
        yield _line(map(plain, row))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


MARKDOWN = Report("md", "Markdown", ".md", _pieces, about="the conversation, to paste")
