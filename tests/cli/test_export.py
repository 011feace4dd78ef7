"""``candela export``: recorded requests as a file."""

import csv
import io
import json
from decimal import Decimal

from candela_tui.cli.main import COMMANDS
from candela_tui.reports.catalog import REPORTS
from tests.cli.command import Home, documents, on_a_terminal
from tests.reports.exchanges import SESSION, exchange


async def test_an_export_has_a_row_a_request_with_the_same_values_as_the_json(recorded: Home) -> None:
    exported = await recorded.run("export", "--session", "1f0c", "-o", "-")
    rows = list(csv.DictReader(io.StringIO(exported.out, newline="")))
    listed = documents((await recorded.run("requests", "--session", "1f0c", "--json")).out)
    assert rows == [{key: _cell(value) for key, value in request.items()} for request in listed]


def test_the_help_names_every_format_of_an_export() -> None:
    assert [each.title for each in REPORTS.values() if each.title not in COMMANDS["export"].summary] == []


async def test_an_export_goes_to_the_named_file_or_to_one_named_for_the_session(recorded: Home) -> None:
    await recorded.run("export", "--session", "1f0c", "-o", "mine.csv")
    named = await recorded.run("export", "--session", "1f0c")
    file = recorded.directory / f"candela-{SESSION}.csv"
    assert str(file.name) in named.err
    assert file.read_bytes() == (recorded.directory / "mine.csv").read_bytes()
    assert named.err.startswith("2 requests written to ")
    one = await recorded.run("export", "--session", "2aaa")
    assert one.err.startswith("1 request written to ")
    # The folder may be that of a project from elsewhere, with a link of this name.
    elsewhere = recorded.directory / "elsewhere"
    elsewhere.write_text("kept")
    file.unlink()
    file.symlink_to(elsewhere)
    again = await recorded.run("export", "--session", "1f0c")
    assert f"candela-{SESSION}-2.csv" in again.err
    assert elsewhere.read_text() == "kept"
    failed = await recorded.run("export", "--session", "1f0c", "-o", "/nonexistent/x.csv")
    assert (failed.code, "/nonexistent/x.csv" in failed.err) == (1, True)


async def test_an_export_is_safe_on_a_terminal_and_exact_elsewhere(home: Home) -> None:
    home.record(exchange(model="\x1b]0;owned\x07"))
    code, out = on_a_terminal(home, "export", "--session", SESSION, "-o", "-")
    assert code == 0
    assert "\u241b]0;owned\u2407" in out
    assert all(character.isprintable() or character == "\n" for character in out)
    assert b"\x1b]0;owned\x07" in (await home.run("export", "--session", SESSION, "-o", "-")).raw


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def ids(home: Home, *arguments: str) -> list[str]:
    return [row["id"] for row in documents((await home.run("export", "--format", "json", "-o", "-", *arguments)).out)]


async def test_all_requests_are_exported_session_by_session_unless_some_are_named(recorded: Home) -> None:
    recorded.record(exchange(5))
    assert await ids(recorded) == ["0198-0001", "0198-0002", "0198-0005", "0198-0003", "0198-0004"]
    assert await ids(recorded, "--session", "2aaa") == ["0198-0003"]
    assert await ids(recorded, "--session", "none") == ["0198-0004"]
    assert await ids(recorded, "--since", "2026-11-21T12:01:04Z") == ["0198-0004", "0198-0005"]
    assert await ids(recorded, "--filter", "status:529") == ["0198-0003"]
    assert await ids(recorded, "--filter", "model:opus", "--session", "1f0c", "--since", "2026-11-21T12:01:02Z") == [
        "0198-0002",
        "0198-0005",
    ]
    assert await ids(recorded, "--since", "2027-01-01") == []


async def test_the_format_follows_from_the_ending_of_the_file(recorded: Home) -> None:
    for name, begins in (("a.csv", "id,"), ("a.JSON", "[{"), ("a.jsonl", '{"id"'), ("a.md", "# "), ("plain", "id,")):
        assert (await recorded.run("export", "-o", name)).code == 0
        assert (recorded.directory / name).read_text().startswith(begins)
    assert (await recorded.run("export", "-o", "b.csv", "--format", "json")).code == 0
    assert (recorded.directory / "b.csv").read_text().startswith("[{")
    unknown = await recorded.run("export", "-o", "a.docx")
    assert (unknown.code, "No format has files that end in .docx" in unknown.err) == (2, True)
    assert all(report.name in unknown.err for report in REPORTS.values())


async def test_a_file_that_exists_is_replaced_only_with_force(recorded: Home) -> None:
    (recorded.directory / "a.csv").write_text("dear")
    refused = await recorded.run("export", "-o", "a.csv")
    assert (refused.code, refused.err) == (1, "Error: a.csv already exists; --force replaces it.\n")
    assert (recorded.directory / "a.csv").read_text() == "dear"
    assert (await recorded.run("export", "-o", "a.csv", "--force")).code == 0
    assert (recorded.directory / "a.csv").read_text().startswith("id,")


async def test_a_mistake_in_a_time_or_a_filter_is_told_with_its_place(recorded: Home) -> None:
    late = await recorded.run("export", "--since", "soon")
    assert (late.code, "'soon' is not a time. Give an age (90m, 12h, 7d, 2w)" in late.err) == (2, True)
    wrong = await recorded.run("export", "--filter", "modle:opus")
    assert (wrong.code, "did you mean model? (at character 1 of" in wrong.err) == (2, True)


async def test_the_lines_of_json_are_the_records_of_the_list(recorded: Home) -> None:
    lines = (await recorded.run("export", "--format", "jsonl", "-o", "-", "--session", "1f0c")).out.splitlines()
    listed = documents((await recorded.run("requests", "--session", "1f0c", "--json")).out)
    assert [json.loads(line, parse_float=Decimal) for line in lines] == listed


async def test_what_was_redacted_is_said_and_a_preview_writes_nothing(home: Home) -> None:
    home.record(exchange(1), exchange(2), request=b'{"messages": "mail ann@example.org"}')
    shown = await home.run("export", "--format", "har", "--redact", "--preview")
    assert shown.out.startswith('{"log":{"version":"1.2"')
    assert "2 requests would be written\nRedacted: " in shown.err
    assert "2 e-mail addresses" in shown.err
    assert [path.name for path in home.directory.iterdir() if "candela-all" in path.name] == []
    redacted = await home.run("export", "--redact=bodies", "-o", "a.har")
    assert "4 bodies left out" not in redacted.err
    assert "2 bodies left out. Read the file before you share it." in redacted.err
    assert "ann@example.org" not in (home.directory / "a.har").read_text()


async def test_a_receipt_is_a_table(home: Home) -> None:
    home.record(exchange(1), request=b"{}")
    receipt = await home.run("export", "--receipt", "-o", "-")
    assert receipt.out.startswith("id,started_at,provider")
    refused = await home.run("export", "--receipt", "-o", "a.har")
    assert (refused.code, "--receipt is a table of its own" in refused.err) == (2, True)


async def test_rows_can_sum_up_days_sessions_and_so_on(recorded: Home) -> None:
    (day,) = documents((await recorded.run("export", "--by", "day", "--format", "json", "-o", "-", TZ="UTC")).out)
    assert (day["key"], day["requests"], day["cost_usd"]) == ("2026-11-21", 4, Decimal("0.088089"))
    named = await recorded.run("export", "--session", "1f0c", "--by", "agent")
    assert named.err == f"2 requests written to candela-{SESSION}-by-agent.csv\n"
    refused = await recorded.run("export", "--by", "day", "-o", "a.har")
    assert (refused.code, "--by is for tables" in refused.err) == (2, True)
