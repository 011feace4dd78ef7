"""The usage of a request, and its cost by part."""

from decimal import Decimal

from candela_tui.analysis import labels
from candela_tui.analysis.limits import extra_usage
from candela_tui.exchange import Cost, Exchange, Outcome
from candela_tui.pricing import price_settings
from candela_tui.protocol.usage import Usage
from candela_tui.protocol.user_agent import program_name
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.ui.screens.request.overview.labelled_lines import LABEL, heading, labelled
from candela_tui.ui.style.styled_text import Line

_BAR = 16


def cost_lines(exchange: Exchange, width: int) -> list[Line]:
    """Return the tokens, their share of the prompt, their price and its share of the cost."""
    usage, cost = exchange.usage, exchange.cost
    if usage is None:
        reason = "none reported yet" if exchange.live else "none reported"
        lines = [heading("Usage and cost"), *labelled("tokens", reason, width, "dim")]
        return lines + labelled("unread", exchange.unread, width, "warn")
    head = (
        f"{'tokens':>10}  {'of prompt':>9}  {'USD':>14}  {'of cost':>7}"
        if cost
        else f"{'tokens':>10}  {'of prompt':>9}"
    )
    lines = [heading("Usage and cost"), ((" " * LABEL, "dim"), (head, "dim"))]
    lines += _parts(exchange, usage, cost)
    if cost is not None:
        name = "API-equivalent" if exchange.subscription else "total"
        total = f"{'≥ ' if cost.at_least else ''}{amounts.exact_money(cost.total)}"
        lines.append(
            ((fitted(f"   {name}", LABEL), "dim"), (f"{'':>21}{total:>16}", "bright")),
        )
    if exchange.saved is not None and exchange.saved:
        lines += _saved(exchange.saved, cost, width)
    if exchange.subscription:
        lines += labelled(
            "",
            "API-equivalent cost: what the API would charge. Not a bill: the subscription covers it.",
            width,
            "dim",
        )
    extra = extra_usage(exchange.rate_limits)
    if extra is not None and extra.in_use:
        said = f"Paid as {labels.extra_usage(extra.utilization)}, beyond the subscription: this cost is billed."
        lines += labelled("", said, width, "warn")
    for note in exchange.cost_notes:
        lines += labelled("note", note, width, "warn")
    if cost is not None and cost.at_least:
        lines += labelled("why ≥", _shortfall(exchange), width, "warn")
    elif exchange.unread is not None:
        lines += labelled("unread", exchange.unread, width, "warn")
    if exchange.client_cost is not None:
        lines += labelled(
            program_name(exchange.client or ""),
            f"counts {amounts.exact_money(exchange.client_cost)} for it",
            width,
            "warn",
        )
    if exchange.unpriced_model is not None:
        lines += _unpriced(exchange.unpriced_model, width)
    return lines


def _shortfall(exchange: Exchange) -> str | None:
    """Return why more may be billed than was counted, or None if the notes say it."""
    if exchange.unread is not None:
        return exchange.unread
    if exchange.live:
        return "The response is still streaming, so its output is not counted yet."
    if exchange.outcome is Outcome.OK:
        return None
    return "The response ended before it reported its final usage: the provider may bill more."


def _parts(exchange: Exchange, usage: Usage, cost: Cost | None) -> list[Line]:
    prompt, total = usage.prompt_tokens or 0, cost.total if cost else None
    written = (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens)
    lives = [f"{tokens:,} {life}" for tokens, life in zip(written, ("5m", "1h"), strict=True) if tokens]
    lines = [
        _part("input", usage.input_tokens, prompt, cost.input if cost else None, total),
        _part("cache read", usage.cache_read_tokens, prompt, cost.cache_read if cost else None, total),
        (
            *_part("cache write", usage.cache_write_tokens, prompt, cost.cache_write if cost else None, total),
            (f"  {', '.join(lives)}", "dim"),
        ),
    ]
    if exchange.live and exchange.output_characters:
        lines.append(_part("output", labels.estimated_tokens(exchange), None, None, None, about=True))
    else:
        lines.append(_part("output", usage.output_tokens, None, cost.output if cost else None, total))
    if usage.web_searches:
        lines.append(_part("web searches", usage.web_searches, None, cost.web_searches if cost else None, total))
    return lines


def _part(
    name: str,
    tokens: int | None,
    prompt: int | None,
    usd: Decimal | None,
    total: Decimal | None,
    *,
    about: bool = False,
) -> Line:
    amount = amounts.UNKNOWN if tokens is None else f"{'~' if about else ''}{tokens:,}"
    share = amounts.percent(tokens / prompt) if prompt and tokens else ""
    of_cost = float(usd / total) if usd and total else 0.0
    return (
        (fitted(f"   {name}", LABEL), "dim"),
        (f"{amount:>10}", "accent" if about else "text" if tokens else "faint"),
        (f"  {share:>9}", "dim"),
        (f"  {amounts.exact_money(usd) if usd else '':>14}", "text"),
        (f"  {amounts.percent(of_cost) if of_cost else '':>7}", "dim"),
        (f"  {fitted('▇' * round(of_cost * _BAR), _BAR)}", "accent"),
    )


def _saved(saved: Decimal, cost: Cost | None, width: int) -> list[Line]:
    if saved < 0:
        text = f"{amounts.exact_money(-saved)} more than without the cache: less was read back than was written"
        return labelled("cost of cache", text, width, "warn")
    without = saved + cost.total if cost is not None else None
    share = (
        f", {amounts.percent(float(saved / without))} of the {amounts.money(without)} it would have cost without"
        if without
        else ""
    )
    return labelled("saved by cache", f"{amounts.exact_money(saved)}{share}", width, "good")


def _unpriced(model: str, width: int) -> list[Line]:
    said = f"No price is known for {model}. Add its prices to config.toml, in USD per million tokens:"
    lines = labelled("no price", said, width)
    for text in price_settings(model):
        lines.append(((" " * (LABEL + 2), "text"), (text, "accent")))
    return lines
