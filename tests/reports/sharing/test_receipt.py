"""A receipt of requests: counts, hashes and costs."""

import csv
import hashlib
import io
from dataclasses import replace

from candela_tui.reports.csv_table import CSV
from candela_tui.reports.report import export_of
from candela_tui.reports.sharing.receipt import receipt_table
from tests.reports.exchanges import SESSION, Crossed, exchange


def test_a_receipt_has_no_word_of_text_and_hashes_that_who_has_the_bodies_can_check() -> None:
    crossed = Crossed(exchange(agent_id="helper of ann"), b"{}", (b"a", b"b"), (1.0, 2.0))
    written = b"".join(CSV.pieces(replace(export_of([crossed.whole], crossed), table_of=receipt_table))).decode()
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["request_sha256"] == hashlib.sha256(b"{}").hexdigest()
    assert row["response_sha256"] == hashlib.sha256(b"ab").hexdigest()
    assert row["session_id_sha256"] == hashlib.sha256(SESSION.encode()).hexdigest()
    assert (row["cost_usd"], row["output_tokens"], row["request_bytes"]) == ("0.029363", "15", "90000")
    for text in (SESSION, "ann", "flaky", "/home/me"):
        assert text not in written


def test_what_was_not_recorded_has_no_hash() -> None:
    written = b"".join(CSV.pieces(replace(export_of([exchange()]), table_of=receipt_table))).decode()
    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert (row["request_sha256"], row["response_sha256"], row["agent_id_sha256"]) == ("", "", "")
