"""What the dashboard leaves on the terminal when it closes."""

from datetime import timedelta

from rich.cells import cell_len

from candela_tui.exchange import Outcome
from candela_tui.ui.terminal.exit_summary import exit_summary
from tests.ui.scene import NOW, Scene, clues


def _left(scene: Scene, minutes: float) -> list[str]:
    scene.app.sources.loaded.merge(scene._happened, from_feed=True)
    return exit_summary(scene.app.sources.loaded, NOW - timedelta(minutes=minutes), scene.app.sources.clock)


def test_nothing_is_left_where_nothing_happened(scene: Scene) -> None:
    scene.request(ago=600, usage=(1, 2, 3, 4, 5))
    assert _left(scene, 5) == []


def test_one_session_of_one_model_takes_one_line(scene: Scene) -> None:
    scene.request(ago=600, usage=(1, 2, 3, 4, 5))
    scene.request(ago=60, usage=(100, 900, 0, 0, 50))
    scene.request(ago=30, usage=(100, 900, 0, 0, 50))
    assert _left(scene, 5) == ["In 5m00: 2 requests, 2.0k tokens in (90% from the cache), 100 out, $0.004"]


def test_failures_alone_are_counted(scene: Scene) -> None:
    for _ in range(2):
        scene.request(ago=60, outcome=Outcome.ERROR, status=502)
    assert _left(scene, 5) == ["In 5m00: 2 requests, 2 failed"]


def test_sessions_and_models_are_told_apart_the_dearest_first_and_few_of_them(scene: Scene) -> None:
    for number in range(7):
        scene.request(ago=60, session_id=f"s{number}", clues=clues(f"task {number}"), usage=(1000 * number, 0, 0, 0, 5))
    scene.request(
        ago=9, session_id="s1", usage=(9, 0, 0, 0, 9), model="claude-haiku-4-5", model_used="claude-haiku-4-5"
    )
    first, *rest, models = _left(scene, 2)
    assert first.startswith("In 2m00: 8 requests, 21k tokens in (0% from the cache), ")
    assert [line.split("  ")[1] for line in rest] == [
        "task 6",
        "task 5",
        "task 4",
        "task 3",
        "task 2",
        "2 more sessions",
    ]
    assert models.startswith("  opus-4-8 $")
    assert ", haiku-4-5 <$0.001" in models
    assert all(cell_len(line) <= 80 for line in (first, *rest, models))


def test_a_title_reaches_the_terminal_without_control_characters(scene: Scene) -> None:
    for number in range(2):
        title = f"\x1b]0;owned\x07 {number}"
        scene.request(ago=60, session_id=f"s{number}", clues=clues(title), usage=(1, 0, 0, 0, 5))
    assert not any(character in "".join(_left(scene, 2)) for character in "\x1b\x07")


def test_the_cost_of_a_subscription_is_no_bill(scene: Scene) -> None:
    scene.request(ago=60, usage=(100, 900, 0, 0, 50), subscription=True)
    assert _left(scene, 5)[0].endswith("API-equivalent")
