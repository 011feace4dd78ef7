"""A client that candela started, and that sends it no request."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from candela_tui.cli.claude.silent_client import likely_cause, watch, will_ask
from tests.cli.command import Home


class Client:
    """A client of which everything is decided before; ``told`` is what was said, in order."""

    def __init__(self, *, ends_early: bool, asked: Sequence[bool | None], prints: bool = False) -> None:
        self.told: list[str] = []
        self._ends_early = ends_early
        self._asked = iter(asked)
        watch(
            self._ended,
            lambda: next(self._asked),
            lambda: self.told.append("candela"),
            lambda: self.told.append("user"),
            prints=prints,
        )

    def _ended(self, timeout_s: float | None) -> bool:
        if timeout_s is None:
            self.told.append("ended")
            return True
        assert timeout_s == 30
        return self._ends_early


@pytest.mark.parametrize("prints", [False, True])
def test_a_request_that_came_leaves_nothing_to_say(prints: bool) -> None:
    assert Client(ends_early=True, asked=[True], prints=prints).told == []
    assert Client(ends_early=False, asked=[True], prints=prints).told == []


def test_none_within_the_time_is_said_at_once_and_at_the_end() -> None:
    assert Client(ends_early=False, asked=[False, False]).told == ["candela", "ended", "user"]


def test_one_that_came_late_is_no_reason_to_speak_at_the_end() -> None:
    assert Client(ends_early=False, asked=[False, True]).told == ["candela", "ended"]


def test_one_that_ends_soon_without_a_request_is_only_wrong_where_it_answers_a_prompt() -> None:
    assert Client(ends_early=True, asked=[False], prints=True).told == ["user"]
    assert Client(ends_early=True, asked=[]).told == []


def test_what_can_not_be_known_is_not_said() -> None:
    assert Client(ends_early=True, asked=[None], prints=True).told == []
    assert Client(ends_early=False, asked=[None]).told == []


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ([], True),
        (["-p", "hello"], True),
        (["--continue"], True),
        (["fix the parser"], True),
        (["mcp", "list"], False),
        (["update"], False),
        (["--version"], False),
        (["-p", "--help"], False),
    ],
)
def test_which_arguments_make_the_client_ask(words: list[str], asks: bool) -> None:
    assert will_ask(words) is asks


def test_the_cause_is_named_where_it_is_known() -> None:
    assert "/x/settings.json sets A" in likely_cause([(Path("/x/settings.json"), "A")], [])
    assert "--settings" in likely_cause([], ["-p", "--settings={}"])
    assert "candela doctor" in likely_cause([], ["-p"])


async def test_the_user_of_a_client_that_went_past_hears_it_when_it_ends(home: Home) -> None:
    home.with_programs(claude="echo answered")
    result = await home.run("claude", "-p", "hello")
    assert result.out == "answered\n"
    assert "no request came through candela. /status in Claude Code shows" in result.err
    assert result.code == 0


async def test_the_user_of_a_client_that_asked_hears_nothing(home: Home) -> None:
    asks = "import os, urllib.request; urllib.request.urlopen(os.environ['ANTHROPIC_BASE_URL'] + '/v1/models').read()"
    home.with_programs(claude=f'exec python3 -c "{asks}"')
    await home.run("start")
    result = await home.run("claude", "-p", "hello")
    assert (result.code, result.err) == (0, "")
