"""The arithmetic of a what-if: tokens and cost by part, as recorded and with the change."""

from collections.abc import Iterator
from decimal import Decimal

from candela_tui.ledger.what_if import Change, Compared, WhatIf
from candela_tui.reports.usage.columns import GAP
from candela_tui.text import amounts
from candela_tui.text.cells import fitted
from candela_tui.text.terminal_safe import terminal_safe


def arithmetic_lines(what_if: WhatIf, compared: Compared) -> Iterator[str]:
    """Yield how the other cost is calculated."""
    yield f"What if {_change_words(what_if)}"
    yield ""
    if compared.requests:
        yield from _parts_lines(compared)
        yield ""
    yield _verdict(compared)
    yield from _assumptions(what_if, compared)


def _parts_lines(compared: Compared) -> Iterator[str]:
    heads = ("", "TOKENS", "COST", "TOKENS IF", "COST IF")
    rows = []
    for before, after in zip(compared.before.parts(), compared.after.parts(), strict=True):
        if any((*before[1:], *after[1:])):
            rows.append((before[0].replace("_", " "), *_cells(*before[1:]), *_cells(*after[1:])))
    total = (
        "total",
        "",
        amounts.exact_money(compared.before.cost_usd),
        "",
        amounts.exact_money(compared.after.cost_usd),
    )
    widths = [max(map(len, column)) for column in zip(heads, *rows, total, strict=True)]
    for row in (heads, *rows, total):
        first, *others = zip(row, widths, strict=True)
        cells = [fitted(*first), *(fitted(cell, room, right=True) for cell, room in others)]
        yield (" " * GAP).join(cells).rstrip()


def _change_words(what_if: WhatIf) -> str:
    if what_if.change is Change.NO_CACHE:
        return "there were no prompt cache"
    if what_if.change is Change.TTL:
        return f"the cache were written for {what_if.value}"
    return f"the model were {terminal_safe(what_if.value)}"


def _verdict(compared: Compared) -> str:
    if not compared.requests:
        return "No request can be compared."
    change, recorded = compared.difference, compared.before.cost_usd
    share = f" ({change / recorded:+.0%})" if recorded else ""
    words = amounts.cost(compared.after.cost_usd, lower_bound=compared.at_least)
    return (
        f"{amounts.requests(compared.requests)} compared: {words} instead of {amounts.money(recorded)}, "
        f"{amounts.signed_money(change, plus=True)}{share}."
    )


def _assumptions(what_if: WhatIf, compared: Compared) -> Iterator[str]:
    if what_if.change is Change.NO_CACHE:
        yield "The tokens read from and written to the cache count as input, at the price of each request."
    elif what_if.change is Change.MODEL:
        yield "The same tokens at that model's prices on the day of each request. It might use more or fewer of them."
    else:
        yield "Written tokens count at that lifetime's price."
        again = "read instead of written again" if what_if.value == "1h" else "written again instead of read"
        if compared.shifted_requests:
            yield (
                f"{amounts.requests(compared.shifted_requests)} came 5 minutes to an hour after the agent's previous "
                f"one: {compared.shifted_tokens:,} tokens would have been {again}."
            )
        else:
            yield f"No tokens would have been {again}: requests followed each other fast enough, or too slowly."
    for model, number in sorted(compared.unpriced.items()):
        yield f"Not compared: {amounts.requests(number)}, because {terminal_safe(model)} has no price."


def _cells(tokens: int | None, usd: Decimal) -> tuple[str, str]:
    return "" if tokens is None else f"{tokens:,}", amounts.exact_money(usd)
