"""The head of a session: what it was, and its sums."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from candela_tui.exchange import Exchange
from candela_tui.ledger.session_requests import SessionRequests
from candela_tui.ledger.totals import Totals
from candela_tui.reports.page.markup import escaped
from candela_tui.text import amounts
from candela_tui.text.amounts import UNKNOWN


def session_facts(read: SessionRequests) -> str:
    """Return where, when and with what the session ran."""
    session, exchanges = read.session, read.exchanges
    models = dict.fromkeys(each.model_used or each.model for each in exchanges if each.asks_message)
    facts = [
        ("Directory", session.cwd),
        ("Branch", session.git_branch),
        ("Client", session.client),
        ("Models", ", ".join(name for name in models if name) or None),
        ("Session", session.session_id),
    ]
    if exchanges:
        first, last = exchanges[0].started_at, exchanges[-1].started_at
        form = "%H:%M" if first.date() == last.date() else "%Y-%m-%d %H:%M"
        facts.insert(0, ("Time", f"{first:%Y-%m-%d %H:%M} to {last:{form}} UTC"))
    if len(exchanges) < session.totals.requests:
        facts.append(("Selection", f"{len(exchanges):,} of {amounts.requests(session.totals.requests)}"))
    rows = "".join(f"<div><dt>{name}</dt><dd>{escaped(value)}</dd></div>" for name, value in facts if value)
    return f'<dl class="facts">{rows}</dl>\n'


def figures(exchanges: Sequence[Exchange], totals: Totals, agents: int) -> str:
    """Return the sums as large figures."""
    # A subscription pays for these requests: their cost is not a bill.
    covered = all(each.subscription for each in exchanges if each.cost is not None)
    cost = "API-equivalent cost" if covered and totals.priced else "Cost"
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{value}</dd><dd>{note}</dd></div>"
        for name, value, note in _figures(cost, totals, agents)
    )
    return f'<dl class="figures">{rows}</dl>\n'


def _figures(cost: str, totals: Totals, agents: int) -> Iterator[tuple[str, str, str]]:
    exact = amounts.exact_money(totals.cost) if totals.cost is not None else ""
    yield cost, amounts.cost(totals.cost, lower_bound=totals.at_least), exact
    if totals.priced:
        saved = totals.saved_usd
        yield "Saved by the cache", f"−{amounts.money(-saved)}" if saved < 0 else amounts.money(saved), ""
    prompt, output = totals.known(totals.prompt_tokens), totals.known(totals.output_tokens)
    yield "Prompt tokens", amounts.count(prompt), f"{amounts.percent(totals.cache_hit_rate)} from the cache"
    yield "Output tokens", amounts.count(output), UNKNOWN if output is None else f"{output:,}"
    errors = f"{totals.errors:,} failed" if totals.errors else "none failed"
    yield "Requests", f"{totals.requests:,}", errors
    if agents:
        yield "Sub-agents", f"{agents:,}", ""


def parts_table(totals: Totals) -> str:
    """Return tokens and cost by part. The sums are exact."""
    known, priced = totals.known, totals.cost is not None
    written = totals.cache_write_tokens
    rows = [
        ("Input", known(totals.input_tokens), totals.input_usd),
        ("Cache read", known(totals.cache_read_tokens), totals.cache_read_usd),
        ("Cache write", known(written), totals.cache_write_usd),
        ("Output", known(totals.output_tokens), totals.output_usd),
        ("Web searches", None, totals.web_searches_usd),
    ]
    body = "".join(
        f'<tr><th scope="row">{name}</th><td>{_tokens(tokens, name)}</td><td>{_usd(usd, priced)}</td>'
        f"<td>{_share(usd, totals)}</td></tr>"
        for name, tokens, usd in rows
        if usd or tokens
    )
    total = _usd(totals.cost_usd, priced)
    at_least = "≥ " if totals.at_least and priced else ""
    return (
        '<details class="parts" open><summary>Cost by part</summary><div class="wide"><table><thead><tr>'
        '<th scope="col"><span class="hidden">Part</span></th><th scope="col">Tokens</th><th scope="col">USD</th>'
        f'<th scope="col">Share</th></tr></thead><tbody>{body}</tbody><tfoot><tr><th scope="row">Total</th><td></td>'
        f"<td>{at_least}{total}</td><td></td></tr></tfoot></table></div></details>\n"
    )


def agents_table(agents: Sequence[tuple[str, str, str | None, Totals]]) -> str:
    """Return a table of sub-agents: the id of its element, name, description and sums of each."""
    body = "".join(
        f'<tr><th scope="row"><a href="#{target}">{escaped(name)}</a></th><td class="words">{escaped(told or "")}</td>'
        f"<td>{totals.requests:,}</td><td>{amounts.count(totals.known(totals.prompt_tokens))}</td>"
        f"<td>{amounts.percent(totals.cache_hit_rate)}</td>"
        f"<td>{amounts.count(totals.known(totals.output_tokens))}</td>"
        f"<td>{amounts.cost(totals.cost, lower_bound=totals.at_least)}</td></tr>"
        for target, name, told, totals in agents
    )
    heads = "".join(
        f'<th scope="col">{head}</th>' for head in ("Agent", "Task", "Requests", "Prompt", "Cached", "Output", "Cost")
    )
    return (
        f'<div class="wide"><table class="agents"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>\n'
    )


def _tokens(tokens: int | None, name: str) -> str:
    return "" if name == "Web searches" else UNKNOWN if tokens is None else f"{tokens:,}"


def _usd(usd: Decimal, priced: bool) -> str:
    return amounts.exact_money(usd) if priced else UNKNOWN


def _share(usd: Decimal, totals: Totals) -> str:
    return amounts.percent(float(usd / totals.cost_usd)) if usd and totals.cost_usd else ""
