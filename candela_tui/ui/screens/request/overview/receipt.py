"""The receipt of a request: how its cost comes about. Folded to one line until the user wants it."""

from candela_tui.analysis.receipt import Receipt, receipt_notes, receipt_of, receipt_rows, total_words
from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer
from candela_tui.text.cells import fitted
from candela_tui.ui.screens.request.overview.labelled_lines import LABEL, labelled
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.content import LinesContent
from candela_tui.ui.widgets.text_view.folding.folds import Fold

KIND = "receipt"
INDENT = 3
_COUNT, _PRICE, _USD = 10, 16, 17


def receipt_fold(exchange: Exchange, pricer: Pricer | None, width: int) -> Fold | None:
    """Return the receipt, or None if the request has no cost. ``pricer`` is None if config.toml can't be read."""
    if exchange.cost is None:
        return None
    receipt = receipt_of(exchange, pricer) if pricer is not None else None
    lines = (
        _lines(exchange, receipt, width - INDENT)
        if receipt is not None
        else labelled(
            "", "config.toml can't be read, so the prices are not known: `candela config check`", width, "warn"
        )
    )
    about = "count × price, by what, and from where" if receipt is None or not receipt.changed else "other prices now"
    head: Line = (("Receipt", "heading"), (f"   {about}", "dim"))
    return Fold(KIND, LinesContent(*lines), "receipt", head, indent=INDENT, gap=0, key=KIND)


def _lines(exchange: Exchange, receipt: Receipt, width: int) -> list[Line]:
    label = LABEL - INDENT
    head = f"{'count':>{_COUNT}}{'USD per million':>{_PRICE}}{'USD':>{_USD}}"
    lines: list[Line] = [((" " * label, "dim"), (head, "dim"))]
    for row in receipt_rows(receipt):
        if row.usage:
            lines.append(((row.usage, "accent"),))
        lines.append(
            (
                (fitted(row.name, label), "dim"),
                (f"{row.count:>{_COUNT}}", "text"),
                (f"{row.price:>{_PRICE}}", "dim"),
                (f"{row.usd:>{_USD}}", "text"),
            )
        )
    name, total = total_words(exchange, receipt)
    lines.append(((fitted(name, label), "dim"), (f"{total:>{_COUNT + _PRICE + _USD}}", "bright")))
    for name, words in receipt_notes(receipt):
        lines += labelled(name, words, width, label=label, margin=0)
    return lines
