"""Writes requests into a file in the current directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from candela_tui.exchange import Exchange
from candela_tui.export.csv_table import csv_lines, default_file_name
from candela_tui.export.json_text import json_text
from candela_tui.export.records import in_order, request_record
from candela_tui.ui.dialogs.choose import Option

Which = Literal["session", "shown", "marked"]
_LABELS: dict[Which, str] = {"session": "the session", "shown": "what is shown", "marked": "what is marked"}


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written, and how."""

    which: Which
    form: Literal["csv", "json"]

    def path(self, session_id: str | None) -> Path:
        """Where it goes."""
        stem = Path(default_file_name(session_id)).stem
        return Path.cwd() / f"{stem}{'' if self.which == 'session' else f'-{self.which}'}.{self.form}"

    def write(self, exchanges: Sequence[Exchange], path: Path) -> None:
        """Write exchanges, the earliest first; blocks. Raises OSError."""
        if self.form == "csv":
            text = "".join(csv_lines(exchanges))
        else:
            text = json_text([request_record(exchange) for exchange in in_order(exchanges)]) + "\n"
        path.write_text(text, encoding="utf-8", newline="")


def export_options(numbers: dict[Which, int]) -> list[Option]:
    """One option for each set of so many requests, as CSV and then as JSON."""
    exports = [Export(which, "csv") for which in numbers] + [Export(which, "json") for which in numbers]
    return [
        Option(export, str(place), f"{_LABELS[export.which]} as {export.form.upper()}", requests(numbers[export.which]))
        for place, export in enumerate(exports, 1)
    ]


def requests(number: int) -> str:
    """``1 request``, ``2 requests``."""
    return "1 request" if number == 1 else f"{number:,} requests"
