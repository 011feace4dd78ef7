"""Reports are written whatever the bodies hold: JSON of any form, and anything else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from candela_tui.protocol.sse import ServerSentEvent, encoded
from candela_tui.reports.catalog import REPORTS
from candela_tui.reports.report import Report, export_of
from candela_tui.reports.sharing.redacted import Redaction, redacted_export
from candela_tui.reports.sharing.redactor import Redactor
from tests.reports.exchanges import Crossed, exchange

WORDS = st.sampled_from(
    ["type", "text", "role", "content", "messages", "user", "tool_use", "tool_result", "input", "index", "delta"]
)
DOCUMENTS = st.recursive(
    st.none() | st.integers(0, 2) | WORDS | st.just("text_delta") | st.just("content_block_delta"),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(WORDS, of, max_size=4),
    max_leaves=12,
)
DOCUMENT_REPORTS = [report for report in REPORTS.values() if not report.is_table]
DEEP = b"[" * 400 + b"]" * 400


def written(report: Report, request: bytes, chunk: bytes, *, redacted: bool) -> None:
    headers = (("content-type", "text/event-stream"),)
    crossed = Crossed(exchange(response_headers=headers), request, (chunk,), (1.0,))
    export = export_of([crossed.whole], crossed)
    if redacted:
        export = redacted_export(export, Redaction.PRIVATE, Redactor())
    for _ in report.pieces(export):
        pass


def request_of(messages: Any) -> bytes:
    return json.dumps({"messages": messages}).encode()


@pytest.mark.parametrize("report", DOCUMENT_REPORTS, ids=lambda report: report.name)
@settings(max_examples=40)
@given(DOCUMENTS, DOCUMENTS, st.booleans())
def test_json_of_any_form(report: Report, messages: Any, event: Any, redacted: bool) -> None:
    chunk = encoded(ServerSentEvent("content_block_delta", json.dumps(event).encode()))
    written(report, request_of(messages), chunk, redacted=redacted)


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize("report", DOCUMENT_REPORTS, ids=lambda report: report.name)
def test_json_that_is_nested_deeply(report: Report, redacted: bool) -> None:
    call = b'[{"role": "assistant", "content": [{"type": "tool_use", "name": "A", "input": %b}]}]' % DEEP
    chunk = encoded(ServerSentEvent("content_block_delta", DEEP))
    written(report, b'{"messages": %b}' % call, chunk, redacted=redacted)


@pytest.mark.parametrize("report", DOCUMENT_REPORTS, ids=lambda report: report.name)
@settings(max_examples=30)
@given(st.binary(max_size=40), st.binary(max_size=40), st.booleans())
def test_any_bytes(report: Report, request_body: bytes, chunk: bytes, redacted: bool) -> None:
    written(report, request_body, chunk, redacted=redacted)
