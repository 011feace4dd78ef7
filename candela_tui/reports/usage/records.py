"""A usage report as records: the fields of ``candela report --json``."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from candela_tui.exchange.facts import iso_time
from candela_tui.ledger.blocks import Block, pace
from candela_tui.ledger.totals import Totals
from candela_tui.ledger.usage_report import Key, UsageBy, UsageSums
from candela_tui.ledger.what_if import Compared, WhatIf
from candela_tui.reports.usage.reading import FinishedReport, ReportRow

JsonRecord = dict[str, Any]

_OF_KEY = ("user", "team", "project")
"""What the record of a key says besides its name."""
FROM_ANSWERS, FROM_FIRST_USE = "answers", "first use"


def report_record(report: FinishedReport) -> JsonRecord:
    """Return the whole report."""
    record: JsonRecord = {
        "rows": [row_record(report, row) for row in report.rows],
        "totals": _sums_record(report.total.sums),
    }
    what_if, compared = report.wanted.what_if, report.total.compared
    if what_if is not None and compared is not None:
        record["totals"]["what_if"] = _compared_record(compared)
        record["what_if"] = _arithmetic_record(what_if, compared)
    return record


def row_record(report: FinishedReport, row: ReportRow) -> JsonRecord:
    """Return one row. What is not known is None."""
    record = {"key": key_text(row.key, report.wanted.by), **_sums_record(row.sums)}
    if report.wanted.by is UsageBy.KEY:
        key = report.wanted.keys.get(str(row.key))
        record |= {name: getattr(key, name, None) for name in _OF_KEY}
    if isinstance(row.key, Block):
        record["block"] = _block_record(report, row, row.key)
    if row.compared is not None:
        record["what_if"] = _compared_record(row.compared)
    return record


def key_text(key: Key, by: UsageBy) -> str | None:
    """Return a key as text: a day, the first day of a week, a month, or when a block starts."""
    if isinstance(key, Block):
        return iso_time(key.starts_at)
    return day_text(key, by) if isinstance(key, date) else key


def day_text(first: date, by: UsageBy) -> str:
    """Return a period as text, by its first day."""
    return f"{first:%Y-%m}" if by is UsageBy.MONTHLY else first.isoformat()


def flat_records(report: FinishedReport) -> Iterator[JsonRecord]:
    """Yield each row as a record that fits a line of a table."""
    for row in report.rows:
        record = row_record(report, row)
        del record["breakdown"]
        record["models"] = ", ".join(record["models"])
        for name in ("block", "what_if"):
            nested = record.pop(name, None) or {}
            record |= {f"{name}_{each}": value for each, value in nested.items() if not isinstance(value, dict)}
        yield record


def model_records(report: FinishedReport) -> Iterator[JsonRecord]:
    """Yield each model of each row as a record that fits a line of a table."""
    for row in report.rows:
        record = row_record(report, row)
        named: JsonRecord = {name: record[name] for name in ("key", *_OF_KEY) if name in record}
        for model in record["breakdown"]:
            yield named | {name: value for name, value in model.items() if name != "cost_parts_usd"}


def _sums_record(sums: UsageSums) -> JsonRecord:
    totals = sums.totals()
    models = sums.models()
    return {
        "models": [model for model, _ in models if model is not None],
        "requests": totals.requests,
        "agents": len(sums.agents),
        **_amounts(totals),
        "first_at": iso_time(sums.first_at) if sums.first_at is not None else None,
        "last_at": iso_time(sums.last_at) if sums.last_at is not None else None,
        "breakdown": [_model_record(model, each) for model, each in models],
    }


def _amounts(totals: Totals) -> JsonRecord:
    rate = totals.cache_hit_rate
    if not totals.requests:
        # Nothing was used: that is known.
        totals = Totals(counted=1, priced=1)
    return {
        "input_tokens": totals.known(totals.input_tokens),
        "cache_read_tokens": totals.known(totals.cache_read_tokens),
        "cache_write_5m_tokens": totals.known(totals.cache_write_5m_tokens),
        "cache_write_1h_tokens": totals.known(totals.cache_write_1h_tokens),
        "output_tokens": totals.known(totals.output_tokens),
        "cost_usd": totals.cost,
        "saved_usd": totals.saved_usd if totals.priced else None,
        "cache_hit_rate": None if rate is None else round(rate, 6),
        "unpriced_requests": totals.unpriced,
    }


def _model_record(model: str | None, totals: Totals) -> JsonRecord:
    parts = {
        "input": totals.input_usd,
        "cache_read": totals.cache_read_usd,
        "cache_write": totals.cache_write_usd,
        "output": totals.output_usd,
        "web_searches": totals.web_searches_usd,
    }
    return {
        "model": model,
        "requests": totals.requests,
        **_amounts(totals),
        "cost_parts_usd": parts if totals.priced else None,
        "cost_at_least": totals.at_least,
    }


def _block_record(report: FinishedReport, row: ReportRow, block: Block) -> JsonRecord:
    now = report.wanted.clock.now()
    used = pace(block, row.sums.totals(), *row.sums.span(), now)
    return {
        "starts_at": iso_time(block.starts_at),
        "ends_at": iso_time(block.ends_at),
        "measured_from": FROM_ANSWERS if block.measured else FROM_FIRST_USE,
        "active": block.active(now),
        "tokens_per_minute": used.tokens_per_minute if used else None,
        "cost_usd_per_hour": used.usd_per_hour if used else None,
        "projected_tokens": used.projected_tokens if used else None,
        "projected_cost_usd": used.projected_usd if used else None,
    }


def _compared_record(compared: Compared) -> JsonRecord:
    known = compared.requests > 0
    return {
        "requests": compared.requests,
        "cost_usd": compared.after.cost_usd if known else None,
        "cost_at_least": compared.at_least,
        "difference_usd": compared.difference if known else None,
        "unpriced_requests": compared.unpriced.total(),
        "unpriced_models": dict(sorted(compared.unpriced.items())),
    }


def _arithmetic_record(what_if: WhatIf, compared: Compared) -> JsonRecord:
    return {
        "change": str(what_if),
        "recorded": _parts_record(compared.before),
        "changed": _parts_record(compared.after),
        "shifted_requests": compared.shifted_requests,
        "shifted_tokens": compared.shifted_tokens,
    }


def _parts_record(totals: Totals) -> JsonRecord:
    return {name: {"tokens": tokens, "cost_usd": usd} for name, tokens, usd in totals.parts()}
