"""Every report, by name: the choices of ``candela export --format`` and the export dialog."""

from candela_tui.reports.csv_table import CSV
from candela_tui.reports.har import HAR
from candela_tui.reports.json_text import JSON, JSON_LINES
from candela_tui.reports.markdown import MARKDOWN
from candela_tui.reports.page.document import HTML
from candela_tui.reports.parquet import PARQUET
from candela_tui.reports.report import Report

REPORTS: dict[str, Report] = {report.name: report for report in (CSV, JSON, JSON_LINES, PARQUET, HAR, MARKDOWN, HTML)}
"""The reports by name. The first is the default."""
