"""``candela logs`` shows the log's latest lines and follows it, whatever happens to the file."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from candela_tui.cli.commands import logs as command
from candela_tui.cli.commands.logs import LogTail, logs
from candela_tui.cli.invocation import Invocation


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "candela.log"


def _append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


def _run(log: Path, *arguments: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(logs, arguments, obj=Invocation(log.with_name("config.toml"), log.parent))
    return ran.exit_code, ran.stdout, ran.stderr


def test_the_last_lines_are_shown(log: Path) -> None:
    _append(log, "one\ntwo\nthree\n")
    assert _run(log, "-n", "2") == (0, "two\nthree\n", "")
    assert _run(log) == (0, "one\ntwo\nthree\n", "")
    assert _run(log, "-n", "0") == (0, "", "")


def test_lines_of_the_previous_file_come_before_those_of_a_young_one(log: Path) -> None:
    _append(log.with_name("candela.log.1"), "one\ntwo\n")
    _append(log, "three\n")
    assert _run(log, "-n", "2") == (0, "two\nthree\n", "")


def test_without_a_log_it_says_what_writes_one(log: Path) -> None:
    code, out, err = _run(log)
    assert (code, out) == (0, "")
    assert err.startswith(f"There is no log yet: {log}\n")
    assert "`candela start`" in err


def test_neither_control_characters_nor_secrets_reach_the_terminal(log: Path) -> None:
    _append(log, "a\x1b[31m\x9b b\n401 for sk-ant-api03-secret-0f3a9c1b\n")
    assert _run(log) == (0, "a␛[31m␦ b\n401 for [redacted]\n", "")


def test_following_ends_with_ctrl_c_and_without_an_error(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _append(log, "one\n")

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command.time, "sleep", interrupted)
    assert _run(log, "-f") == (0, "one\n", "")


class TestALogThatIsFollowed:
    def test_gives_each_line_once_and_whole(self, log: Path) -> None:
        _append(log, "one\ntw")
        tail = LogTail(log)
        assert tail.last(10) == ["one"]
        assert list(tail.new_lines()) == []
        _append(log, "o\nthree\n")
        assert list(tail.new_lines()) == ["two", "three"]

    def test_is_waited_for(self, log: Path) -> None:
        tail = LogTail(log)
        assert tail.last(10) == []
        _append(log, "one\n")
        assert list(tail.new_lines()) == ["one"]

    def test_loses_nothing_when_it_is_rotated(self, log: Path) -> None:
        _append(log, "one\n")
        tail = LogTail(log)
        tail.last(10)
        _append(log, "two\n")
        log.rename(log.with_name("candela.log.1"))
        assert list(tail.new_lines()) == ["two"]
        _append(log, "three\n")
        assert list(tail.new_lines()) == ["three"]

    def test_begins_again_when_it_is_emptied(self, log: Path) -> None:
        _append(log, "one\ntwo\n")
        tail = LogTail(log)
        tail.last(10)
        log.write_text("new\n")
        assert list(tail.new_lines()) == ["new"]
