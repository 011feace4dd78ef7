"""What is told to a user who looks elsewhere."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.config import AttentionSettings, UiSettings
from candela_tui.exchange import Exchange, Marks, Outcome
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.kind import Kind
from candela_tui.ui.notifications.attention import Attention, escape_sequence
from tests.ui.scene import LIVE, NOW, Scene, clues, shows, until

ON = AttentionSettings(how="bell", cost_marks_usd=(Decimal(5), Decimal(20)))
TODAY = date(2026, 11, 21)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def title(session_id: str) -> str:
    return f"<{session_id}>"


def work(start: float, end: float | None, **facts: Any) -> Exchange:
    known: dict[str, Any] = {
        "id": f"{start}",
        "started_at": at(start),
        "method": "POST",
        "path": "/v1/messages",
        "route": "anthropic-direct",
        "kind": Kind.MESSAGES,
        "session_id": "s",
        "outcome": Outcome.LIVE if end is None else Outcome.OK,
        "marks": Marks(end=None if end is None else (end - start) * 1000),
        **facts,
    }
    return Exchange(**known)


def failure(start: float, retry: int, **facts: Any) -> Exchange:
    error = ApiError("overloaded_error", "Overloaded")
    return work(start, start + 1, outcome=Outcome.ERROR, status=529, error=error, retry=retry, **facts)


class TestIdle:
    def test_a_session_that_was_busy_for_over_a_minute_and_rests_is_told_once(self) -> None:
        attention = Attention(ON, NOW)
        attention.heard([work(0, None)])
        attention.heard([work(0, 30)])
        assert attention.passed(at(45), title) == []
        attention.heard([work(45, 90)])
        assert attention.passed(at(109), title) == []
        assert attention.passed(at(110), title) == ["<s> is idle after 1m30"]
        assert attention.passed(at(200), title) == []
        assert not attention.waiting

    def test_a_request_that_lasts_is_work(self) -> None:
        attention = Attention(ON, NOW)
        attention.heard([work(0, None)])
        assert attention.passed(at(600), title) == []
        attention.heard([work(0, 600)])
        assert attention.passed(at(620), title) == ["<s> is idle after 10m00"]

    def test_a_short_task_is_not_told(self) -> None:
        attention = Attention(ON, NOW)
        attention.heard([work(0, 50)])
        assert attention.passed(at(100), title) == []

    def test_sessions_are_told_apart(self) -> None:
        attention = Attention(ON, NOW)
        attention.heard([work(0, 70, session_id="a"), work(1, None, session_id="b")])
        assert attention.passed(at(95), title) == ["<a> is idle after 1m10"]
        assert attention.waiting

    def test_what_the_client_asks_for_itself_is_no_work(self) -> None:
        attention = Attention(ON, NOW)
        attention.heard(
            [work(0, 70, kind=Kind.TITLE), work(1, 99, kind=Kind.COUNT_TOKENS), work(2, 99, session_id=None)]
        )
        assert attention.passed(at(200), title) == []

    def test_what_ended_before_the_dashboard_opened_is_history(self) -> None:
        attention = Attention(ON, at(100))
        assert attention.heard([work(0, 90), failure(50, 3)]) == []
        assert attention.passed(at(200), title) == []

    def test_it_can_be_switched_off_alone(self) -> None:
        attention = Attention(ON.model_copy(update={"idle": False}), NOW)
        attention.heard([work(0, 70)])
        assert attention.passed(at(200), title) == []

    @given(st.lists(st.tuples(st.floats(0, 19), st.floats(0, 300)), min_size=1, max_size=20))
    def test_work_with_short_gaps_is_one_stretch_and_told_at_most_once(self, parts: list[tuple[float, float]]) -> None:
        attention, now, told = Attention(ON, NOW), 0.0, []
        for gap, length in parts:
            now += gap
            told += attention.passed(at(now), title)
            attention.heard([work(now, None)])
            attention.heard([work(now, now + length)])
            now += length
        assert told == []
        told += attention.passed(at(now + 21), title)
        assert len(told) == (now - parts[0][0] > 60)


class TestErrors:
    def test_an_error_that_a_retry_did_not_mend_is_told_once_until_something_works(self) -> None:
        attention = Attention(ON, NOW)
        assert attention.heard([failure(0, 0)]) == []
        assert attention.heard([failure(2, 1)]) == ["try 2 · 529 overloaded"]
        assert attention.heard([failure(5, 2), failure(9, 3)]) == []
        assert attention.heard([work(20, 21)]) == []
        assert len(attention.heard([failure(30, 1)])) == 1

    def test_tries_that_the_client_does_not_count_are_told_as_well(self) -> None:
        """Claude Code counts none in interactive use: it sends the same request again, its count still 0."""
        attention = Attention(ON, NOW)
        body = {"request_bytes": 90_000}
        assert attention.heard([failure(0, 0, **body)]) == []
        assert attention.heard([failure(0, 0, **body)]) == []
        assert attention.heard([failure(2, 0, **body)]) == ["try 2 · 529 overloaded"]
        assert attention.heard([failure(5, 0, **body)]) == []
        assert attention.heard([work(20, 21, **body)]) == []
        assert attention.heard([failure(30, 0, **body)]) == []
        assert attention.heard([failure(33, 0, **body)]) == ["try 2 · 529 overloaded"]

    def test_different_requests_that_fail_are_no_tries_of_one(self) -> None:
        attention = Attention(ON, NOW)
        assert attention.heard([failure(2 * n, 0, request_bytes=90_000 + n) for n in range(50)]) == []

    def test_another_agent_is_told_of_too(self) -> None:
        attention = Attention(ON, NOW)
        assert len(attention.heard([failure(2, 1), failure(3, 1, agent_id="a")])) == 2

    def test_what_the_user_cancels_is_no_error(self) -> None:
        assert Attention(ON, NOW).heard([replace(failure(0, 1), outcome=Outcome.CANCELLED)]) == []

    def test_it_can_be_switched_off_alone(self) -> None:
        assert Attention(ON.model_copy(update={"errors": False}), NOW).heard([failure(0, 1)]) == []


class TestCostMarks:
    def test_each_mark_of_a_day_is_told_once(self) -> None:
        attention = Attention(ON, NOW)
        totals = (None, "4.99", "5", "5.20", "19", "23.10", "40")
        told = [attention.spent(TODAY, None if usd is None else Decimal(usd)) for usd in totals]
        assert [len(texts) for texts in told] == [0, 0, 1, 0, 0, 1, 0]
        assert told[2] == ["today's cost passed $5.00: $5.00"]
        assert told[5] == ["today's cost passed $20.00: $23.10"]

    def test_what_was_spent_before_the_dashboard_opened_is_history(self) -> None:
        attention = Attention(ON, NOW)
        assert attention.spent(TODAY, Decimal(7)) == []
        assert attention.spent(TODAY, Decimal(8)) == []
        assert len(attention.spent(TODAY, Decimal(21))) == 1

    def test_another_day_starts_at_zero(self) -> None:
        attention = Attention(ON, NOW)
        attention.spent(TODAY, Decimal(30))
        assert attention.spent(TODAY + timedelta(days=1), Decimal("0.1")) == []
        assert len(attention.spent(TODAY + timedelta(days=1), Decimal(6))) == 1

    def test_several_marks_passed_at_once_are_told_in_one(self) -> None:
        attention = Attention(ON, NOW)
        attention.spent(TODAY, None)
        assert attention.spent(TODAY, Decimal(25)) == ["today's cost passed $20.00: $25.00"]


class TestEscapeSequences:
    def test_each_way_has_its_own(self) -> None:
        assert escape_sequence("bell", "x", tmux=False) == "\a"
        assert escape_sequence("osc9", "x", tmux=False) == "\x1b]9;candela: x\x1b\\"
        assert escape_sequence("osc777", "a;b", tmux=False) == "\x1b]777;notify;candela;a,b\x1b\\"
        assert escape_sequence("off", "x", tmux=False) == ""

    def test_it_passes_through_tmux(self) -> None:
        assert escape_sequence("osc9", "x", tmux=True) == "\x1bPtmux;\x1b\x1b]9;candela: x\x1b\x1b\\\x1b\\"
        assert escape_sequence("bell", "x", tmux=True) == "\a"

    @given(st.text(), st.sampled_from(["osc9", "osc777"]))
    def test_a_title_can_not_command_the_terminal(self, text: str, how: str) -> None:
        sequence = escape_sequence(how, text, tmux=False)
        inside = sequence.removeprefix("\x1b]").removesuffix("\x1b\\")
        assert all(char.isprintable() or char == " " for char in inside if ord(char) < 0xA0)
        assert len(sequence) < 260


class TestInTheDashboard:
    @pytest.fixture
    def written(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What goes to the terminal: Textual's own driver for tests writes nowhere."""
        from textual.drivers.headless_driver import HeadlessDriver

        written: list[str] = []
        monkeypatch.setattr(HeadlessDriver, "write", lambda self, data: written.append(data))
        monkeypatch.delenv("TMUX", raising=False)
        return written

    async def test_a_session_that_becomes_idle_is_told_by_its_title(self, tmp_path: Path, written: list[str]) -> None:
        scene = Scene(tmp_path, settings=UiSettings(attention=AttentionSettings(how="osc9")))
        live = scene.request(ago=120, clues=clues("fix \x07 it"), **LIVE)
        async with scene.opened() as pilot:
            await shows(pilot, "1 live")
            scene.grow(live, outcome=Outcome.OK, marks=Marks(1, 2, 3, 120_000.0))
            await shows(pilot, "0 live")
            scene.now += timedelta(seconds=25)
            await until(pilot, lambda: any("is idle" in text for text in written))
        assert [text for text in written if "is idle" in text] == ["\x1b]9;candela: fix ␇ it is idle after 2m00\x1b\\"]

    async def test_nothing_is_told_unless_it_is_asked_for(self, scene: Scene, written: list[str]) -> None:
        scene.request(ago=5, retry=3, outcome=Outcome.ERROR, error=ApiError("overloaded_error", "Overloaded"))
        async with scene.opened() as pilot:
            await shows(pilot, "verloaded")
        assert not any("\x1b]9;" in text or text == "\a" for text in written)
