"""``candela sessions``, ``requests``, ``show`` and ``export``: what was recorded."""

import json
import sqlite3
import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from candela_tui.exchange import Delegation, Kept, Outcome, Overhead, ProviderSide
from candela_tui.protocol.adaptation import Adaptation
from tests.cli.command import COMMAND, OTHER, Home, documents, on_a_terminal
from tests.reports.exchanges import SESSION, exchange


async def test_sessions_as_json_are_the_latest_first(recorded: Home) -> None:
    listed = documents((await recorded.run("sessions", "--json")).out)
    assert [session["session_id"] for session in listed] == [None, OTHER, SESSION]
    assert listed[2]["cost_usd"] == Decimal("0.058726")
    assert (listed[2]["requests"], listed[2]["agents"]) == (2, 1)
    assert listed[1]["cost_usd"] is None


async def test_requests_as_json_are_the_earliest_first(recorded: Home) -> None:
    listed = documents((await recorded.run("requests", "--json")).out)
    assert [request["id"] for request in listed] == ["0198-0001", "0198-0002", "0198-0003", "0198-0004"]
    assert listed[0]["cost_usd"] == Decimal("0.029363")
    assert listed[2]["error"] == "overloaded_error: Overloaded"


async def test_every_fact_of_a_request_is_the_same_in_the_list_and_alone(home: Home) -> None:
    home.record(
        exchange(1, delegations=(Delegation("Count the files", "Explore", "Count files"),)),
        exchange(2, agent_id="a1", task="Count the files", clues=None),
        exchange(3, agent_id="a1", outcome=Outcome.CUT, asked="x", clues=None),
        exchange(6, agent_id="a1", asked="x", clues=None),
    )
    listed = documents((await home.run("requests", "--json")).out)
    assert [request["agent_type"] for request in listed] == [None, "Explore", "Explore", "Explore"]
    assert [request["retry"] for request in listed] == [0, 0, 0, 1]
    for request in listed[1:]:
        alone = json.loads((await home.run("show", request["id"], "--json")).out, parse_float=Decimal)
        assert {name: alone[name] for name in request} == request


async def test_the_beginning_of_a_sessions_id_is_enough(recorded: Home) -> None:
    listed = documents((await recorded.run("requests", "--session", "1f0c", "--json")).out)
    assert [request["id"] for request in listed] == ["0198-0001", "0198-0002"]
    listed = documents((await recorded.run("requests", "--session", "none", "--json")).out)
    assert [request["id"] for request in listed] == ["0198-0004"]


async def test_a_session_that_is_not_there_or_not_the_only_one_is_told(recorded: Home) -> None:
    missing = await recorded.run("export", "--session", "ffff")
    assert (missing.code, "candela sessions" in missing.err) == (1, True)
    recorded.record(exchange(5, session_id="1f0cdddd"))
    several = await recorded.run("requests", "--session", "1f0c")
    assert (several.code, "More than one session" in several.err) == (1, True)


async def test_people_get_aligned_columns(recorded: Home) -> None:
    out = (await recorded.run("sessions")).out.splitlines()
    assert out[0].split() == ["SESSION", "TITLE", "REQUESTS", "AGENTS", "PROMPT", "CACHED", "OUTPUT", "COST", "LAST"]
    row = next(line for line in out if line.startswith(SESSION))
    assert row[out[0].index("TITLE") :].startswith("fix the flaky test")
    assert "$0.059" in row
    unknown = next(line for line in out if line.startswith(OTHER))
    columns = {name: unknown[: out[0].index(name) + len(name)].split()[-1] for name in ("PROMPT", "CACHED", "OUTPUT")}
    assert columns == {"PROMPT": "–", "CACHED": "–", "OUTPUT": "–"}
    failed = next(line for line in (await recorded.run("requests")).out.splitlines() if "529" in line)
    assert "Overloaded" in failed
    assert "$" not in failed


async def test_before_anything_is_recorded_the_lists_are_empty(home: Home) -> None:
    assert documents((await home.run("sessions", "--json")).out) == []
    assert documents((await home.run("requests", "--json")).out) == []
    told = await home.run("sessions")
    assert (told.code, told.out) == (0, "")
    assert "candela claude" in told.err
    assert not home.data.exists()


async def test_the_raw_bodies_are_the_exact_bytes(home: Home) -> None:
    request, response = bytes(range(256)), bytes(reversed(range(256)))
    home.record(exchange(), request=request, response=response)
    assert (await home.run("show", "0198", "--raw", "request")).raw == request
    assert (await home.run("show", "0198", "--raw", "response")).raw == response


async def test_the_raw_bodies_of_the_providers_side_are_exact_too(home: Home) -> None:
    home.record(exchange(), request=b"asked", response=b"told", provider=ProviderSide(b"sent", False, [b"said"], [1.0]))
    assert (await home.run("show", "0198", "--raw", "provider-request")).raw == b"sent"
    assert (await home.run("show", "0198", "--raw", "provider-response")).raw == b"said"
    assert (await home.run("show", "0198", "--raw", "request")).raw == b"asked"


async def test_a_body_that_was_not_kept_is_told_with_the_reason(home: Home) -> None:
    home.record(exchange(kept=Kept.HEADERS), request=b"asked", response=b"told")
    why = 'The body was not kept: [history] bodies was "headers", or body_days has passed.'
    for raw in ("request", "response", "provider-request", "provider-response"):
        told = await home.run("show", "0198", "--raw", raw)
        assert (told.code, told.out) == (1, "")
        assert why in told.err
    assert why in (await home.run("show", "0198")).out
    assert json.loads((await home.run("show", "0198", "--json")).out)["kept"] == "headers"


async def test_what_passed_untouched_is_the_same_on_both_sides(home: Home) -> None:
    home.record(exchange(), request=b"asked", response=b"told")
    assert (await home.run("show", "0198", "--raw", "provider-request")).raw == b"asked"
    assert (await home.run("show", "0198", "--raw", "provider-response")).raw == b"told"


async def test_show_says_which_cloud_answered_and_what_was_changed_for_it(home: Home) -> None:
    changed = Adaptation("beta", "brand-new-2026-12-01", "not sent: Bedrock does not know this flag")
    mapped: dict[str, Any] = {
        "provider": "bedrock",
        "region": "us-east-1",
        "model_sent": "us.anthropic.x",
        "adaptations": (changed,),
    }
    home.record(replace(exchange(), **mapped))
    out = (await home.run("show", "0198")).out
    for words in (
        "Bedrock · us-east-1",
        "Messages, mapped to Bedrock",
        " → us.anthropic.x",
        "brand-new-2026-12-01 · not",
    ):
        assert words in out


async def test_show_tells_a_person_what_happened(recorded: Home) -> None:
    out = (await recorded.run("show", "0198-0001")).out
    for words in ("claude-opus-4-8", "($0.029363)", "end_turn", "req_011", "User-Agent: claude-cli"):
        assert words in out


async def test_a_receipt_adds_up_to_the_recorded_cost(recorded: Home) -> None:
    said = (await recorded.run("show", "0198-0001", "--receipt")).out
    assert "$0.029363" in next(line for line in said.splitlines() if line.startswith("total"))
    assert "list anthropic: claude-opus-4-8" in said
    receipt = json.loads((await recorded.run("show", "0198-0001", "--receipt", "--json")).out, parse_float=Decimal)
    assert sum(line["usd"] for line in receipt["lines"]) == receipt["total_usd"] == receipt["stored_usd"]
    without = await recorded.run("show", "0198-0003", "--receipt")
    assert (without.code, "no usage" in without.err) == (1, True)


async def test_show_proves_that_a_request_passed_unchanged(home: Home) -> None:
    made = exchange(1, url="https://api.anthropic.com/v1/messages", overhead=Overhead(0.25, 0.125, 2, 0.2, 0.15))
    home.record(made, request=b'{"model":"claude-opus-4-8"}', response=b"{}")
    said = (await home.run("show", "0198", "--trust")).out
    assert "the same 27 bytes on both sides, byte for byte" in said
    assert "0.375 ms before the first byte" in said
    trust = json.loads((await home.run("show", "0198", "--trust", "--json")).out)
    assert trust["request"]["client"] == trust["request"]["provider"]
    assert trust["added_ms"]["per_chunk"] == 0.1
    assert (await home.run("show", "0198", "--trust", "--receipt")).code == 2


async def test_show_as_json_has_the_fields_of_a_request_and_the_headers(recorded: Home) -> None:
    shown = json.loads((await recorded.run("show", "0198-0001", "--json")).out)
    (listed, *_) = json.loads((await recorded.run("requests", "--json")).out)
    assert listed.items() <= {key: value for key, value in shown.items() if not isinstance(value, list | dict)}.items()
    assert ["x-api-key", "[redacted]"] in shown["request_headers"]


async def test_an_unknown_request_and_an_ambiguous_one_are_told(recorded: Home) -> None:
    missing = await recorded.run("show", "ffff")
    assert (missing.code, "'ffff'" in missing.err) == (1, True)
    several = await recorded.run("show", "0198")
    assert (several.code, "0198-0001" in several.err) == (1, True)
    assert "More than one request begins with 0198" in several.err
    assert (await recorded.run("show", "0198-0001", "--json", "--raw", "request")).code == 2


def test_a_reader_that_stops_early_gets_no_complaint(home: Home) -> None:
    home.record(*(exchange(number) for number in range(1500)))
    ran = subprocess.run(
        ["/bin/sh", "-c", f"{COMMAND} requests --json | head -n 2"],
        env=home.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("[{")
    assert ran.stderr == ""


def test_lines_fit_the_terminal_and_hold_nothing_that_it_acts_on(home: Home) -> None:
    home.record(exchange(session_title="\x1b]0;owned\x07 日本語 \u202e" + "long " * 40))
    for arguments in (["sessions"], ["requests"], ["sessions", "--json"]):
        code, out = on_a_terminal(home, *arguments, columns=120)
        assert code == 0
        assert all(character.isprintable() or character == "\n" for character in out)
    _, out = on_a_terminal(home, "sessions", columns=120)
    assert "␛]0;owned␇" in out
    assert "…" in out
    assert max(map(len, out.splitlines())) <= 120


def test_a_body_that_a_terminal_would_act_on_is_not_written_to_one(home: Home) -> None:
    home.record(exchange(), request=b'{"text": "harmless \xc3\xbc"}\n', response=b"\x1b[2Jgone")
    code, out = on_a_terminal(home, "show", "0198", "--raw", "response")
    assert code == 1
    assert "\x1b" not in out
    assert "| less" in out
    assert on_a_terminal(home, "show", "0198", "--raw", "request") == (0, '{"text": "harmless ü"}\n')


async def test_a_store_of_something_else_is_named(home: Home) -> None:
    home.data.mkdir()
    (home.data / "candela.db").write_bytes(b"this is not a database" * 100)
    result = await home.run("sessions")
    assert result.code == 1
    assert str(home.data / "candela.db") in result.err
    assert "Traceback" not in result.err


def test_output_that_finds_no_space_is_an_error_in_words(home: Home) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([COMMAND, "config", "get"], env=home.environment, stdout=full, stderr=-1)
    assert ended.returncode == 1
    assert b"no space" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "command", [["requests"], ["sessions"], ["show", "0"], ["export", "--session", SESSION], ["requests", "--json"]]
)
async def test_a_damaged_schema_is_told_in_words(command: list[str], recorded: Home) -> None:
    store = recorded.data / "candela.db"
    content = bytearray(store.read_bytes())
    content[content.index(b"PRIMARY KEY", content.index(b"CREATE TABLE exchanges"))] = 0xFF
    store.write_bytes(content)
    result = await recorded.run(*command)
    assert (result.code, result.out) == (1, "")
    assert f"{store} is damaged" in result.err
    assert "Start candela" in result.err
    assert "Traceback" not in result.err


async def test_a_damaged_row_is_left_out_and_named(recorded: Home) -> None:
    ids = [each["id"] for each in documents((await recorded.run("requests", "--json")).out)]
    connection = sqlite3.connect(recorded.data / "candela.db")
    connection.execute(f"UPDATE exchanges SET kind = 'damaged' WHERE id = '{ids[1]}'")
    connection.commit()
    connection.close()
    result = await recorded.run("requests", "--json")
    assert [each["id"] for each in documents(result.out)] == [ids[0], *ids[2:]]
    assert f"Warning: Exchange {ids[1]} in " in result.err
    assert result.code == 0
