"""docs/reliability.md, made from the tables that the tests go through: ``uv run python -m tests.faults.document``."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.answers import FAULTS, Cell, Fault
from tests.faults.connections import CONNECTION_FAULTS, NO_ADDRESS
from tests.faults.places import BEDROCK, CHAT, DIRECT

ROOT = Path(__file__).parents[2]
PATH = ROOT / "docs" / "reliability.md"

_INTRODUCTION = """\
# Reliability

candela stands between Claude Code and its provider. Its own faults must cost no request, and those of others must look
as they would without it. This page lists the faults that the tests produce, and what becomes of each. It is written
from the tables that the tests go through (`uv run python -m tests.faults.document`), and a test compares the two.

Each fault of a provider is produced at four places: Anthropic's API (`--route direct`), Vertex AI, Bedrock, and Vertex
AI for a client of chat completions. Answers of the first two pass unchanged: a client that reads with
[h11](https://h11.readthedocs.io) must see the same status, header fields, bytes and end through candela as straight
from the provider. Answers of the other two are translated, and an error has the form that their client expects.

What is recorded is an outcome (`ok`, `error`, `cut`, `cancelled`, `interrupted` or `blocked`) and words. The dashboard,
`candela show` and the exports have both. A notice is shown in the dashboard and is in the log.
"""
_ANSWERS = """\
## Faults of an answer

The test is `tests/faults/test_answers.py::test_a_fault_of_an_answer`, with the name of the fault and of the place.
"""
_CONNECTIONS = """\
## Faults of a connection to a provider

The test is `tests/faults/test_connections.py::test_a_fault_of_a_connection`, with the name of the fault and of the
place. A 502 has the form that the client expects, and names the URL.
"""


class Row(NamedTuple):
    """One line of a table."""

    fault: str
    client: str
    record: str
    test: str
    """Its file below tests/, and its name."""


_TIMING = "faults/test_timing.py::"
_MACHINE = "faults/test_machine.py::"
_INJECTED = "faults/test_injected.py::"
_SERVE = "cli/test_serve.py::"
_STORE = "store/test_troubles.py::"
_DAMAGE = "store/test_damage.py::"
_LEAVING = "ui/test_leaving.py::"

TIMING = (
    Row(
        "The provider falls silent before its header",
        "a 504 that says so, after `proxy.idle_timeout_s`",
        "`error`: no data arrived within the time limit",
        f"{_TIMING}test_a_provider_that_falls_silent",
    ),
    Row(
        "The provider falls silent after its header, or in mid-stream",
        "what came, and after `proxy.idle_timeout_s` a connection that ends in mid-answer",
        "`cut`: no data arrived within the time limit",
        f"{_TIMING}test_a_provider_that_falls_silent",
    ),
    Row(
        "The provider answers before the request is sent in full, and reads no more of it",
        "that answer",
        "what the answer says, such as `error` with status 413",
        f"{_TIMING}test_an_answer_before_the_request_is_sent_in_full",
    ),
    Row(
        "The provider closes a kept connection while it is idle, or sends something on it that nobody asked for",
        "a whole answer, from a new connection",
        "`ok`",
        f"{_TIMING}test_a_connection_on_which_something_happened_is_not_used_again",
    ),
    Row(
        "The provider closes a kept connection when a request comes on it",
        "a connection that ends without an answer; candela does not ask again, because the provider may have done it",
        "`cut`: the provider closed the connection without an answer",
        f"{_TIMING}test_a_kept_connection_that_is_closed_on_a_request_is_not_asked_again",
    ),
    Row(
        "The client leaves, before the answer or in mid-stream",
        "–; its request ends at the provider, too",
        "`cancelled`, with a cost of at least (`≥`) what is known",
        f"{_TIMING}test_a_client_that_leaves_cancels_its_request_at_the_provider",
    ),
    Row(
        "The client stops reading, and the provider closes the connection meanwhile",
        "all that came, once it reads again; less than 1 MB waits in candela",
        "`cut`: the provider closed the connection in mid-answer",
        f"{_TIMING}test_a_client_that_does_not_read_gets_all_later_and_costs_little_memory",
    ),
    Row(
        "The client's request is larger than `proxy.max_body_mb`",
        "a 413 that names the key, before its body is read",
        "`blocked`, with the same words",
        f"{_MACHINE}test_a_request_that_is_too_large_is_refused_before_its_body_is_read",
    ),
    Row(
        "The client ends only its sending (half-close)",
        "the whole answer",
        "`ok`",
        f"{_MACHINE}test_a_client_that_ends_only_its_sending_gets_the_answer",
    ),
)

NAME_FAULT = Row(
    "The provider's host name has no address",
    NO_ADDRESS.sees.value,
    f"`error`: {NO_ADDRESS.words}",
    "faults/test_connections.py::test_a_host_name_that_has_no_address",
)

MACHINE = (
    Row(
        "1,000 connections are open and idle, half of them in the middle of a request",
        "a whole answer on another",
        "`ok`",
        f"{_MACHINE}test_a_thousand_idle_connections_cost_a_request_nothing",
    ),
    Row(
        "candela can open no more files and connections",
        "a whole answer where a connection is there; a 503 that names `ulimit -n` where it is not",
        "`error`, with the same words; stored once there is a descriptor",
        f"{_MACHINE}test_without_descriptors_what_is_open_goes_on_and_the_rest_is_an_error",
    ),
    Row(
        "the same when a client connects",
        "it waits until there is a descriptor",
        "a line in the log",
        "proxy/test_acceptor.py::test_without_descriptors_connections_wait_until_there_are_some",
    ),
    Row(
        "The clock jumps by a day while an answer arrives",
        "a whole answer",
        "`ok`, with the true duration; the requests before and after it stay in the list",
        f"{_MACHINE}test_a_clock_that_jumps_changes_no_duration",
    ),
    Row(
        "The machine sleeps while an answer arrives",
        "a whole answer; the time limit starts again when it wakes",
        "`ok`",
        f"{_MACHINE}test_a_stream_survives_a_sleep_of_the_machine",
    ),
    Row(
        "The port is taken by another candela, or by another program",
        "–",
        "the command ends, and names the program and its process id; the dashboard attaches to another candela",
        f"{_SERVE}test_a_taken_port_names_the_other_candela",
    ),
    Row(
        "candela gets SIGTERM, SIGINT or SIGHUP while an answer arrives",
        "a whole answer, if it ends within `proxy.shutdown_grace_s`",
        "`ok`",
        f"{_SERVE}test_a_live_stream_ends_before_it_leaves",
    ),
    Row(
        "candela gets a second SIGINT",
        "what came, and a connection that ends in mid-answer",
        "`interrupted`, with what came",
        f"{_SERVE}test_a_second_ctrl_c_leaves_at_once",
    ),
    Row(
        "candela is stopped (SIGSTOP), and goes on later (SIGCONT)",
        "a whole answer, with what came meanwhile",
        "`ok`",
        f"{_SERVE}test_a_candela_that_is_stopped_passes_on_what_came_meanwhile_when_it_goes_on",
    ),
    Row(
        "Ctrl+Z is pressed in the dashboard",
        "no difference: the proxy does not stop",
        "–",
        f"{_LEAVING}test_ctrl_z_does_not_stop_the_proxy_of_the_dashboard",
    ),
    Row(
        "The dashboard gets SIGTSTP, and SIGCONT later",
        "what came meanwhile, once it goes on",
        "the terminal is as before while it is stopped, and drawn again when it goes on",
        f"{_LEAVING}test_a_dashboard_that_is_stopped_leaves_the_screen_and_is_drawn_again_when_it_goes_on",
    ),
    Row(
        "The terminal of the dashboard hangs",
        "no difference",
        "drawn again once it reads",
        f"{_LEAVING}test_a_terminal_that_stops_reading_stops_neither_the_proxy_nor_the_end",
    ),
    Row(
        "Nobody reads the output of `candela serve`, or its reader has left",
        "no difference",
        "–",
        f"{_SERVE}test_output_that_nobody_reads_neither_stops_requests_nor_leaving",
    ),
)

STORE = (
    Row(
        "The disk is full",
        "no difference",
        "a notice names the file and says to free some space; all is stored once there is room",
        f"{_STORE}test_what_comes_while_the_disk_is_full_is_stored_once_there_is_room",
    ),
    Row(
        "Another program locks the database",
        "no difference",
        "a notice says so; all is stored once it is free, and `candela status` counts what waits",
        f"{_SERVE}test_requests_that_wait_for_the_database_are_counted_until_they_are_stored",
    ),
    Row(
        "The database is removed, or replaced by a directory or by the database of another program, amid an answer",
        "a whole answer",
        "a notice names the file; a new one is begun where nothing else is in its place",
        f"{_MACHINE}test_no_request_notices_what_happens_to_the_store",
    ),
    Row(
        "Any byte of the database is another, or its end is missing",
        "no difference",
        "a notice; the file is kept aside as `candela.db.broken-…`, and a new one is begun",
        f"{_DAMAGE}test_any_byte_may_be_another",
    ),
    Row(
        "The database may not be written",
        "no difference",
        "a notice names the file and `--data-dir`; all is stored once it may",
        f"{_STORE}test_a_store_that_can_not_be_written_is_told_and_written_once_it_can",
    ),
    Row(
        "candela is killed (SIGKILL)",
        "what came, and a connection that ends in mid-answer",
        "`interrupted` at the next start, with what had come up to a second before",
        "e2e/test_endings.py::test_a_killed_candela_shows_what_had_arrived_as_interrupted",
    ),
    Row(
        "candela is killed at any of 200 moments while it stores, and while it deletes",
        "as above",
        "the store opens; all whose end was reported is there to the byte, and the rest is `interrupted`",
        "store/test_kills.py::test_a_store_survives_being_killed_at_two_hundred_moments",
    ),
    Row(
        "An exception in any function that runs while a request is recorded, priced, counted or passed to a sink",
        "no difference",
        "a notice says which request could not be recorded in full; all others are",
        f"{_INJECTED}test_an_exception_in_any_step_of_capture_ledger_rule_or_sink",
    ),
    Row(
        "An exception in any function of the thread that stores",
        "no difference",
        "a notice, unless the request is stored even so; the requests after it are",
        f"{_INJECTED}test_an_exception_in_any_step_of_the_stores_thread",
    ),
    Row(
        "A rule raises an exception",
        "no difference: the request passes without the rule",
        "a notice names the section of `config.toml`",
        "rules/test_rule.py::test_a_failing_rule_is_a_notice_and_the_request_passes",
    ),
    Row(
        "`[rules.fallback]` raises an exception after a provider failed",
        "what it sees without the rule",
        "a notice names the section of `config.toml`",
        "rules/routes/test_fallback.py::test_a_rule_that_fails_after_a_failure_lets_it_pass",
    ),
    Row(
        "A provider fails in any of these ways before any content, with `[rules.fallback]`",
        "the answer of the next provider",
        "`ok`, with the providers that were asked; a fault after that is as without the rule",
        "faults/test_fallback.py::test_a_fault_of_the_first_provider",
    ),
    Row(
        "The file of a sink can't be written",
        "no difference",
        "a notice names the file and the section of `config.toml`",
        "sinks/test_json_lines.py::test_a_file_that_cannot_be_written_is_a_notice_and_costs_no_request",
    ),
)


OTHERS = {
    "Names, silence, leaving, slowness and reuse": (NAME_FAULT, *TIMING),
    "The machine, signals and terminals": MACHINE,
    "The store, and candela's own faults": STORE,
}


def document() -> str:
    """The whole page."""
    lines = [
        _INTRODUCTION,
        _ANSWERS,
        *_table(
            ("the provider …", "the client sees", "the client of a translation sees", "recorded", "name"),
            (_answer_row(name, fault) for name, fault in FAULTS.items()),
        ),
        _CONNECTIONS,
        *_table(
            ("the provider …", "the client sees", "recorded", "name"),
            (
                (fault.words, fault.cell.sees.value, _record(fault.cell), f"`{name}`")
                for name, fault in CONNECTION_FAULTS.items()
            ),
        ),
    ]
    for title, rows in OTHERS.items():
        lines += [
            f"## {title}\n",
            *_table(("fault", "the client sees", "recorded, and told", "test"), map(_cells, rows)),
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _cells(row: Row) -> Sequence[str]:
    return (row.fault, row.client, row.record, f"`tests/{row.test}`")


def named_tests() -> Iterable[str]:
    """The tests that the page names, each as its file and its name."""
    return sorted(set(re.findall(r"`tests/(\S+::\w+)`", document())))


def _answer_row(name: str, fault: Fault) -> Sequence[str]:
    unchanged, bedrock, chat = (fault.at(place) for place in (DIRECT, BEDROCK, CHAT))
    translated = _either(bedrock.sees.value, chat.sees.value)
    recorded = _record(unchanged)
    if (other := _either(_record(bedrock), _record(chat))) != recorded:
        recorded += f"; translated: {other}"
    return (fault.words, unchanged.sees.value, translated, recorded, f"`{name}`")


def _either(bedrock: str, chat: str) -> str:
    return bedrock if bedrock == chat else f"Bedrock: {bedrock}; chat: {chat}"


def _record(cell: Cell) -> str:
    outcome = f"`{cell.outcome.value}`"
    return f"{outcome}: {cell.words}" if cell.words else outcome


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield _line(heads)
    yield "|" + "---|" * len(heads)
    yield from map(_line, rows)
    yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PATH.write_text(document(), encoding="utf-8")
