"""Print the receipt of one request."""

import click

from candela_tui.analysis.receipt import Receipt, receipt_notes, receipt_of, receipt_record, receipt_rows, total_words
from candela_tui.cli.terminal.output import echo_json
from candela_tui.exchange import Exchange
from candela_tui.pricing import Pricer
from candela_tui.reports.json_text import json_text
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import terminal_safe


def print_receipt(exchange: Exchange, pricer: Pricer, *, as_json: bool) -> None:
    """Print how the cost of a request comes about. Exits with an error if its answer states no usage."""
    receipt = receipt_of(exchange, pricer)
    if receipt is None:
        free = "A request of this kind costs nothing, so there is no receipt."
        raise click.ClickException(free if exchange.free else "The answer states no usage, so its cost is not known.")
    if as_json:
        echo_json(json_text(receipt_record(exchange, receipt)))
        return
    click.echo(_table(exchange, receipt))
    click.echo()
    notes = [*receipt_notes(receipt), *(("note", note) for note in exchange.cost_notes)]
    if exchange.unpriced_model is not None:
        said = f"no price is known for {exchange.unpriced_model}; add it to config.toml, then run `candela reprice`"
        notes.append(("no price", said))
    for label, words in notes:
        click.echo(terminal_safe(f"{label:<12}{words}"))


def _table(exchange: Exchange, receipt: Receipt) -> str:
    rows: list[tuple[str, str, str, str]] = []
    for row in receipt_rows(receipt):
        if row.usage:
            rows.append((row.usage, "", "", ""))
        rows.append((row.name, row.count, row.price, row.usd))
    name, total = total_words(exchange, receipt)
    rows.append((name, "", "", total))
    return table(("PART", "COUNT", "USD PER MILLION", "USD"), rows, flexible=0, right=(1, 2, 3))
