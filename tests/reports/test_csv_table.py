"""A session's requests as a table for spreadsheets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.exchange import Exchange, Outcome
from candela_tui.exchange.facts import FACTS
from candela_tui.protocol.errors import ApiError
from candela_tui.reports.csv_table import CSV
from candela_tui.reports.report import file_stem
from tests.reports.exchanges import exchange, written


def rows(*exchanges: Exchange) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(CSV, *exchanges), newline=""), strict=True))


def test_the_columns_are_the_fields_of_requests_as_json() -> None:
    header = written(CSV).rstrip("\r\n").split(",")
    assert header == [fact.name for fact in FACTS]


def test_every_line_ends_in_carriage_return_and_line_feed() -> None:
    lines = written(CSV, exchange(1), exchange(2)).splitlines(keepends=True)
    assert len(lines) == 3
    assert all(line.endswith("\r\n") for line in lines)


def test_money_and_times_are_written_in_full() -> None:
    (row,) = rows(exchange())
    assert row["cost_usd"] == "0.029363"
    assert row["ttft_ms"] == "150.25"
    assert row["started_at"] == "2026-11-21T12:01:01.250Z"


def test_what_is_unknown_is_an_empty_cell_and_a_zero_is_a_zero() -> None:
    (row,) = rows(exchange(cost=None, agent_id=None, retry=0))
    assert (row["cost_usd"], row["agent_id"], row["retry"]) == ("", "", "0")


def test_requests_come_in_the_order_in_which_they_were_made() -> None:
    assert [row["id"] for row in rows(exchange(3), exchange(1), exchange(2))] == ["0198-0001", "0198-0002", "0198-0003"]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_message_of_a_provider_comes_back_whole(message: str) -> None:
    message = message.replace(";", ",")
    (row,) = rows(exchange(outcome=Outcome.ERROR, error=ApiError("api_error", message)))
    assert row["error"] == f"api_error: {message}"


def test_a_text_that_a_spreadsheet_would_run_is_kept_from_running() -> None:
    (row,) = rows(exchange(model='=HYPERLINK("http://evil.example")', session_id="+1", agent_id="@SUM(A1)"))
    assert row["model"] == '\'=HYPERLINK("http://evil.example")'
    assert (row["session_id"], row["agent_id"]) == ("'+1", "'@SUM(A1)")


@pytest.mark.parametrize("sign", "=+-@\uff1d\uff0b\uff0d\uff20")
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\u3000", " \r\n ", "\x01", "\x7f", "\u200b", "\ufeff"])
def test_nor_after_space_or_in_full_width(before: str, sign: str) -> None:
    (row,) = rows(exchange(model=f"{before}{sign}1+1"))
    assert row["model"] == f"'{before}{sign}1+1"


@pytest.mark.parametrize("separator", [";", "; ", ";\u200b"])
def test_nor_behind_a_separator_of_another_country(separator: str) -> None:
    (row,) = rows(exchange(model=f"a{separator}=1+1;b; c"))
    assert row["model"] == f"a{separator}'=1+1;b; c"


@pytest.mark.parametrize("text", ["\tmodel", "\rmodel", "\nmodel"])
def test_nor_a_text_that_begins_with_a_control_character(text: str) -> None:
    (row,) = rows(exchange(model=text))
    assert row["model"] == f"'{text}"


def test_the_file_is_named_for_its_session_and_stays_in_its_directory() -> None:
    assert file_stem("1f0c-2e") == "candela-1f0c-2e"
    assert file_stem("../../etc/passwd") == "candela-.._.._etc_passwd"
    assert file_stem(None) == "candela-no-session"
