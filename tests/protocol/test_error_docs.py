"""The tables of errors in docs/cloud-support.md are those in the code."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from candela_tui.protocol.bedrock.error_table import ROWS
from candela_tui.protocol.error_rows import ErrorRow
from candela_tui.protocol.errors import error_type
from candela_tui.providers.vertex.error_table import GOOGLE_ERRORS

DOCS = Path(__file__).parents[2] / "docs" / "cloud-support.md"


def lines(rows: Iterable[ErrorRow]) -> list[str]:
    """A line for each status of the client: the cloud's errors, and whether clients retry them."""
    shown: dict[tuple[int, bool], list[str]] = {}
    for row in rows:
        statuses = " or ".join(map(str, row.documented))
        shown.setdefault((row.status, row.retry), []).append(f"`{row.name}` ({statuses})")
    return [
        f"| {status} `{error_type(status)}` | {'yes' if retry else 'no'} | {', '.join(names)} |"
        for (status, retry), names in sorted(shown.items())
    ]


@pytest.mark.parametrize("rows", [ROWS, tuple(GOOGLE_ERRORS.values())], ids=["aws", "google"])
def test_each_line_is_in_the_docs(rows: tuple[ErrorRow, ...]) -> None:
    docs = DOCS.read_text()
    assert "\n".join(lines(rows)) in docs, f"put these lines into {DOCS.name}:\n" + "\n".join(lines(rows))
