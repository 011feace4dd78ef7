"""A usage report as the text of a file."""

from candela_tui.reports.csv_table import csv_lines
from candela_tui.reports.json_text import json_text
from candela_tui.reports.usage.reading import FinishedReport
from candela_tui.reports.usage.records import flat_records, model_records, report_record

FORMS = ("csv", "json")
"""The formats by name, which is also the ending of their files."""


def file_text(report: FinishedReport, form: str, *, breakdown: bool = False) -> str:
    """Return the report as CSV, a line for each row, or with ``breakdown`` for each model of a row, or as the JSON of
    ``candela report --json``."""
    if form == "csv":
        records = list(model_records(report) if breakdown else flat_records(report))
        return "".join(csv_lines(records[0] if records else (), (record.values() for record in records)))
    return f"{json_text(report_record(report))}\n"
