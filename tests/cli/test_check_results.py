"""How the results of ``candela doctor`` look on a terminal."""

import click
import pytest

from candela_tui.cli.terminal.check_results import results_text
from candela_tui.doctor.check_result import CheckResult, Topic

CONFIG = Topic("data.config", "config.toml")
DISK = Topic("data.disk", "Disk space")
CLOCK = Topic("machine.clock", "Clock")
BASE_URL = Topic("client.base-url", "ANTHROPIC_BASE_URL")
CLAUDE = Topic("client.version", "Claude Code")
NOTHING = "Claude Code started here reaches nothing"


def printed(*found: CheckResult, folded: bool = True, width: int = 80) -> list[str]:
    return click.unstyle(results_text(found, width, folded=folded)).splitlines()


def test_what_passed_is_a_line_a_group_and_what_is_wrong_comes_last() -> None:
    found = [
        BASE_URL.bad("points at nothing", "Correct it.", NOTHING),
        CONFIG.ok("every setting is valid"),
        DISK.ok("78 GB free"),
        CLAUDE.warn("is old", "Update it."),
        CLOCK.unknown("no provider was asked"),
    ]
    assert printed(*found) == [
        "✓ Settings and records: 2 checks passed",
        "(`candela doctor --verbose` lists them)",
        "",
        "  ? Clock: no provider was asked",
        "  ! Claude Code: is old",
        "    → Update it.",
        "  ✗ ANTHROPIC_BASE_URL: points at nothing",
        "    → Correct it.",
        "",
        "1 problem: Claude Code started here reaches nothing. 1 thing to look at.",
    ]


def test_in_full_every_check_that_passed_is_listed_and_what_is_wrong_still_comes_last() -> None:
    found = [BASE_URL.bad("points at nothing"), CONFIG.ok("every setting is valid", "A hint."), CLOCK.ok("agrees")]
    assert printed(*found, folded=False) == [
        "Settings and records",
        "  ✓ config.toml: every setting is valid",
        "    → A hint.",
        "",
        "This machine",
        "  ✓ Clock: agrees",
        "",
        "  ✗ ANTHROPIC_BASE_URL: points at nothing",
        "",
        "1 problem.",
    ]


def test_checks_with_one_cause_are_one_problem() -> None:
    lines = printed(CLOCK.bad("no file"), DISK.bad("no file", "", NOTHING))
    assert lines == ["  ✗ Clock, Disk space: no file", "", f"1 problem: {NOTHING}."]


def test_checks_that_were_left_out_for_one_reason_are_one_line() -> None:
    left_out = [topic.unknown("not asked (--offline)") for topic in (CLOCK, DISK)]
    assert printed(*left_out)[0] == "  ? Clock, Disk space: not asked (--offline)"


@pytest.mark.parametrize(
    ("found", "last"),
    [
        ([CLOCK.ok("agrees")], "Everything works."),
        ([CLOCK.warn("is behind"), DISK.warn("little")], "Works, 2 things to look at."),
        ([CLOCK.bad("is behind"), DISK.warn("little")], "1 problem, 1 thing to look at."),
        ([CLOCK.bad("is behind"), BASE_URL.bad("dead", "", NOTHING)], f"2 problems: {NOTHING}."),
    ],
)
def test_the_last_line_says_how_many_problems_there_are_and_what_they_mean(found: list[CheckResult], last: str) -> None:
    assert printed(*found)[-1] == last


def test_a_problem_is_in_sight_on_a_small_terminal() -> None:
    found = [Topic(f"{group}.{number}", "Fine").ok("x" * 200) for group in ("proxy", "data") for number in range(30)]
    assert len(printed(BASE_URL.bad("dead", "Correct it."), *found)) < 24
