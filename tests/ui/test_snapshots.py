"""How the screens look, as stories of their user. After a change that is meant, and looked at:
``pytest tests/ui/test_snapshots.py --snapshot-update``."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from candela_tui.config import UiSettings
from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.credentials.sign_in.interface import Finding
from candela_tui.credentials.state import CredentialState, Standing
from candela_tui.feed import Notice
from candela_tui.paths import default_paths
from candela_tui.providers.identity import Provider, RouteName
from tests.keys.made import store_in
from tests.ui.budget_states import MY_DAY, OF_SESSION, RULES, TOKENS, still
from tests.ui.cloud_day import a_request_over_bedrock
from tests.ui.scene import NOW, Scene, busy_morning, drawn, screen_text, shows, typed, until
from tests.ui.sign_in_cloud import Cloud
from tests.ui.test_keys_screen import CI, SPENT
from tests.ui.test_report_screen import a_month
from tests.ui.working_day import (
    FIX,
    a_call_that_failed,
    a_request_and_the_one_before,
    an_answer_on_its_way,
    working_day,
)

SMALL, MEDIUM, LARGE = (80, 24), (120, 36), (200, 50)
Step = Callable[[Pilot[Any]], Awaitable[Any]]


def at(*sizes: tuple[int, int]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("size", sizes, ids=[f"{width}x{height}" for width, height in sizes])


everywhere = at(SMALL, MEDIUM, LARGE)
dark_and_light = pytest.mark.parametrize("theme", ["candela-dark", "candela-light"], ids=["dark", "light"])


def press(*keys: str) -> Step:
    return lambda pilot: pilot.press(*keys)


def write(text: str) -> Step:
    return lambda pilot: typed(pilot, text)


def see(*texts: str) -> Step:
    return lambda pilot: shows(pilot, *texts)


def see_no(text: str) -> Step:
    return lambda pilot: until(pilot, lambda: text not in screen_text(pilot))


async def dismiss(pilot: Pilot[Any]) -> None:
    """Take the notifications off the screen, as time would."""
    pilot.app.clear_notifications()


class Story(Protocol):
    """Begins with what happened before, goes through steps, and compares what is then on the screen."""

    def __call__(
        self, before: Callable[[Scene], object], *steps: Step, size: tuple[int, int] = ..., **options: Any
    ) -> bool: ...


@pytest.fixture
def story(snap_compare: Callable[..., bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    # What names a file on the screen names it from here.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Input, "cursor_blink", False)

    def tell(before: Callable[[Scene], object], *steps: Step, size: tuple[int, int] = MEDIUM, **options: Any) -> bool:
        scene = Scene(Path(), **options)
        before(scene)

        async def run(pilot: Pilot[Any]) -> None:
            scene.tell()
            for step in steps:
                await step(pilot)
                await _rests(pilot)

        return snap_compare(scene.app, terminal_size=size, run_before=run)

    return tell


async def _rests(pilot: Pilot[Any]) -> None:
    """Let what the last step set off come to its end; a page of what is live has none, nor has a sign-in."""
    app = pilot.app

    before: list[Any] = []
    while before != (before := drawn(app.screen)):
        await until(
            pilot, lambda: all(worker.is_finished or worker.group in ("page", "sign in") for worker in app.workers)
        )
        await pilot.wait_for_scheduled_animations()


def nothing(scene: Scene) -> None:
    """Nothing happened yet."""


BUSY = see("Fix the flaky clock test", "11:59:48")
OPENED = (see("11:59:00"), press("enter"), see("Raw resp"))


class TestTheFirstMinute:
    @everywhere
    def test_a_welcome_says_what_to_do(self, story: Story, size: tuple[int, int]) -> None:
        assert story(nothing, see("Waiting"), size=size)

    def test_a_welcome_on_paper(self, story: Story) -> None:
        assert story(nothing, see("Waiting"), theme="candela-light")

    @at(SMALL)
    def test_a_welcome_to_a_server_on_another_machine(self, story: Story, size: tuple[int, int]) -> None:
        note = "https://candela.example as ada@example.com (member): you see your own requests"
        assert story(nothing, see("/login"), size=size, note=note, server="https://candela.example")

    def test_a_dashboard_that_is_attached_says_to_what(self, story: Story) -> None:
        assert story(working_day, BUSY, note="Attached to candela 0.4.0 (pid 4711); quitting here keeps it running")

    @at(SMALL)
    def test_the_demo_explains_keys_and_signs(self, story: Story, size: tuple[int, int]) -> None:
        note = "Demo: simulated sessions, no account, and nothing leaves this machine"
        assert story(working_day, BUSY, note=note, tour=True, size=size)

    @at(SMALL)
    def test_a_candela_that_is_gone_is_told(self, story: Story, size: tuple[int, int]) -> None:
        def gone(scene: Scene) -> None:
            working_day(scene)
            scene.feed.trouble = "The candela on 127.0.0.1:8181 does not answer; its records are still shown."

        assert story(gone, BUSY, see("does not answer"), size=size)


class TestKeepingAnEyeOnTheWork:
    @everywhere
    @dark_and_light
    def test_a_working_day(self, story: Story, size: tuple[int, int], theme: str) -> None:
        assert story(working_day, BUSY, size=size, theme=theme)

    @pytest.mark.parametrize("theme", ["candela-clear-dark", "candela-clear-light"])
    def test_in_colours_that_every_eye_tells_apart(self, story: Story, theme: str) -> None:
        assert story(working_day, BUSY, theme=theme)

    def test_without_colours(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert story(working_day, BUSY)

    def test_compact(self, story: Story) -> None:
        assert story(working_day, BUSY, press("D"), see_no("╭"), see("Density"), dismiss, see_no("Density"))

    def test_errors_say_what_to_do(self, story: Story) -> None:
        assert story(working_day, BUSY, press("1", "j", "j", "j", "j", "j", "2"), see("429"))

    def test_scrolled_up_it_counts_what_is_new(self, story: Story) -> None:
        feeds = []

        def day(scene: Scene) -> None:
            working_day(scene)
            later = {"session_id": FIX, "usage": (12, 96_400, 2_100, 0, 512)}
            feeds.append((scene.feed, (scene.make(ago=9, **later), scene.make(ago=5, **later))))

        async def more_comes(pilot: Pilot[Any]) -> None:
            for feed, exchanges in feeds:
                feed.publish(exchanges)

        assert story(day, BUSY, press("g"), see("11:35:00"), more_comes, see("2 new"), size=SMALL)

    @at(SMALL, MEDIUM)
    def test_the_requests_alone(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("z"), see_no("¹ Sessions"), size=size)

    @at(MEDIUM)
    def test_a_preview_beside(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("p"), see("³ Preview", "One thing is left"), size=size)

    @at(SMALL, MEDIUM)
    def test_a_preview_below(self, story: Story, size: tuple[int, int]) -> None:
        to = ("p",) if size == SMALL else ("p", "p")
        assert story(working_day, BUSY, press(*to), see("³ Preview", "One thing is left"), size=size)

    @at(SMALL, MEDIUM)
    def test_tokens_over_time(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("t"), see("Timeline · tokens"), size=size)

    def test_cost_over_time(self, story: Story) -> None:
        assert story(working_day, BUSY, press("t", "T"), see("Timeline · cost"))

    @at(MEDIUM, LARGE)
    def test_agents_over_time(self, story: Story, size: tuple[int, int]) -> None:
        to = ("T", "T") if size == LARGE else ("t", "T", "T")
        assert story(working_day, BUSY, press(*to), see("Timeline · agents", "5 agents"), size=size)


class TestFindingSomething:
    @at(SMALL, MEDIUM)
    def test_a_filter_that_can_not_be_read(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("slash"), write("agent:Explore cost>much"), see("^"), size=size)

    @everywhere
    def test_a_filter_narrows_the_totals_too(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("slash"), write("agent:Explore"), press("enter"), size=size)

    @at(SMALL, MEDIUM)
    def test_marks_are_exported(self, story: Story, size: tuple[int, int]) -> None:
        assert story(
            working_day,
            BUSY,
            press("k", "space", "k", "k", "space"),
            see("2 marked"),
            press("e"),
            see("Columns: id"),
            size=size,
        )

    @at(SMALL, MEDIUM)
    def test_columns_are_chosen(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("C"), see("Columns"), size=size)

    def test_sessions_are_filtered(self, story: Story) -> None:
        assert story(working_day, BUSY, press("1", "slash"), write("csv"), see_no("release notes"))


class TestReadingOneRequest:
    @everywhere
    @dark_and_light
    def test_its_overview(self, story: Story, size: tuple[int, int], theme: str) -> None:
        assert story(a_request_and_the_one_before, *OPENED, see("∴ thinking"), size=size, theme=theme)

    @everywhere
    @dark_and_light
    def test_its_messages(self, story: Story, size: tuple[int, int], theme: str) -> None:
        assert story(a_request_and_the_one_before, *OPENED, press("2"), see("▣ image"), size=size, theme=theme)

    @pytest.mark.parametrize(
        ("key", "sight"),
        [("3", "# Tone"), ("4", "o Sort"), ("5", "a thousand times"), ("6", "[redacted]"), ("x", "Marks")],
        ids=["system", "tools", "response", "headers", "cache"],
    )
    def test_its_tabs(self, story: Story, key: str, sight: str) -> None:
        assert story(a_request_and_the_one_before, *OPENED, press(key), see(sight))

    @pytest.mark.parametrize(
        ("key", "sight"),
        [("4", "o Sort"), ("6", "[redacted]"), ("7", '"model"'), ("8", "content_block_delta"), ("x", "Tokens")],
        ids=["tools", "headers", "raw-request", "raw-response", "cache"],
    )
    def test_its_tabs_where_there_is_little_room(self, story: Story, key: str, sight: str) -> None:
        assert story(a_request_and_the_one_before, *OPENED, press(key), see(sight), size=SMALL)

    @pytest.mark.parametrize(
        ("key", "sight"), [("7", '"model"'), ("8", "message_stop")], ids=["raw-request", "raw-response"]
    )
    def test_its_bytes_where_there_is_room(self, story: Story, key: str, sight: str) -> None:
        assert story(a_request_and_the_one_before, *OPENED, press(key), see(sight), size=LARGE)

    @at(SMALL, MEDIUM)
    def test_a_call_that_failed_says_what_to_do(self, story: Story, size: tuple[int, int]) -> None:
        assert story(a_call_that_failed, see("529 overloaded"), press("enter"), see("what to do", "← this"), size=size)

    @at(SMALL, MEDIUM)
    def test_an_answer_on_its_way(self, story: Story, size: tuple[int, int]) -> None:
        assert story(an_answer_on_its_way, see("11:59:48"), press("enter", "5"), see("a thousand"), size=size)

    def test_one_line_of_each_message(self, story: Story) -> None:
        assert story(a_request_and_the_one_before, *OPENED, press("2"), see("▣ image"), press("minus", "minus"))

    @at(SMALL, MEDIUM)
    def test_words_are_found(self, story: Story, size: tuple[int, int]) -> None:
        assert story(
            a_request_and_the_one_before,
            *(*OPENED, press("2"), see("Once a night"), press("slash"), write("ledger"), see("1/25")),
            size=size,
        )

    def test_what_to_copy_is_asked(self, story: Story) -> None:
        assert story(a_request_and_the_one_before, *OPENED, press("Y"), see("Copy"))

    @at(SMALL, MEDIUM)
    @pytest.mark.parametrize(
        ("keys", "sight"),
        [(("G",), "Adapted"), (("7", "s"), "bedrock-2023-05-31"), (("8", "s"), "chunk ")],
        ids=["overview", "raw-request", "raw-response"],
    )
    def test_it_went_to_bedrock(self, story: Story, size: tuple[int, int], keys: tuple[str, ...], sight: str) -> None:
        steps = [press(key) for key in keys]
        assert story(a_request_over_bedrock, *OPENED, see("Usage and cost"), *steps, see(sight), size=size)

    @everywhere
    def test_it_is_compared_with_the_one_before(self, story: Story, size: tuple[int, int]) -> None:
        assert story(a_request_and_the_one_before, see("11:59:00"), press("d"), see("Compare", "2026-11-20"), size=size)

    def test_it_is_compared_on_paper(self, story: Story) -> None:
        steps = (see("11:59:00"), press("d"), see("Compare", "2026-11-20"))
        assert story(a_request_and_the_one_before, *steps, theme="candela-light")


class TestSigningIn:
    @pytest.fixture(autouse=True)
    def _machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No desktop, and no key of another program."""
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
            monkeypatch.delenv(name, raising=False)

    @staticmethod
    def _options() -> dict[str, Any]:
        """A machine with one profile of AWS, and nothing that moves."""
        cloud = Cloud(lambda _: False)
        words = "IAM Identity Center, until 14:00, account 111122223333"
        cloud.found = [Finding("profile work", words, True, Standing.FOUND)]
        return {
            "sign_in_setup": SignInSetup(default_paths(Path("config.toml"), Path("data"))),
            "sign_ins": cloud.sign_in,
            "settings": UiSettings(reduced_motion=True),
        }

    @at(SMALL, MEDIUM)
    def test_a_welcome_says_what_credentials_there_are(self, story: Story, size: tuple[int, int]) -> None:
        assert story(nothing, see("◔ Bedrock"), size=size, **self._options())

    @at(SMALL, MEDIUM)
    def test_a_provider_is_chosen(self, story: Story, size: tuple[int, int]) -> None:
        assert story(nothing, see("◔ Bedrock"), press("a"), see("Amazon Bedrock"), size=size, **self._options())

    @at(SMALL, MEDIUM)
    def test_a_way_is_chosen(self, story: Story, size: tuple[int, int]) -> None:
        steps = (see("◔ Bedrock"), press("a"), see("Amazon Bedrock"), press("j", "j", "enter"), see("How do you want"))
        assert story(nothing, *steps, size=size, **self._options())

    @at(SMALL, MEDIUM)
    def test_a_link_and_a_code(self, story: Story, size: tuple[int, int]) -> None:
        steps = (press("a"), see("Amazon Bedrock"), press("j", "j", "enter"), see("How do you want"), press("enter"))
        assert story(
            nothing, *steps, see("Start URL"), press("enter"), see("WDJB", "to cancel"), size=size, **self._options()
        )

    def test_a_key_is_typed(self, story: Story) -> None:
        steps = (press("a"), see("Amazon Bedrock"), press("enter"))
        assert story(nothing, *steps, see("not shown"), write("sk-ant-api03-never-seen"), **self._options())

    @at(SMALL, MEDIUM)
    def test_credentials_that_are_refused_are_in_the_header(self, story: Story, size: tuple[int, int]) -> None:
        def refused(scene: Scene) -> None:
            working_day(scene)
            words = "Google gave no access token: the sign-in was revoked. Run `candela auth login --provider gcp`"
            scene.feed.tell_credentials(CredentialState(Provider.VERTEX, Standing.REFUSED, words=words))

        assert story(refused, BUSY, see("✗ can't be used", "was revoked"), size=size, route=RouteName.VERTEX)


class TestFindingOnesWay:
    @everywhere
    def test_the_keys(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("question_mark"), see("type to filter"), size=size)

    @at(SMALL, MEDIUM)
    def test_the_command_line_completes(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("colon"), write("th"), see("theme"), size=size)

    def test_the_palette(self, story: Story) -> None:
        assert story(working_day, BUSY, press("ctrl+p"), see("Search for commands"))

    @everywhere
    def test_the_settings(self, story: Story, size: tuple[int, int]) -> None:
        assert story(nothing, see("Waiting"), press("comma"), see("proxy.port"), size=size)

    def test_a_setting_that_is_wrong(self, story: Story) -> None:
        wrong = (press("enter", "ctrl+u"), write("99999"), press("enter"), see("expected at most 65535"))
        assert story(nothing, see("Waiting"), press("comma"), see("proxy.port"), *wrong, theme="candela-light")

    def test_themes_are_tried_on(self, story: Story) -> None:
        assert story(working_day, BUSY, press("colon"), write("theme"), press("enter"), see("tokyo-night"))

    @at(SMALL, MEDIUM)
    def test_what_went_wrong(self, story: Story, size: tuple[int, int]) -> None:
        def trouble(scene: Scene) -> None:
            working_day(scene)

        async def warned(pilot: Pilot[Any]) -> None:
            app = pilot.app
            told = ("The store is locked by another program; 12 requests wait to be written.", 95)
            old = ("[ui.keys] 'zoom': no such action; did you mean 'dashboard.zoom'?", 700)
            for text, ago in (old, told):
                app.sources.feed.pass_on(Notice(text, NOW - timedelta(seconds=ago)))  # type: ignore[attr-defined]
            await shows(pilot, "⚠ 2")
            await dismiss(pilot)

        assert story(trouble, BUSY, warned, press("exclamation_mark"), see("Warnings"), size=size)

    @at(SMALL, MEDIUM)
    def test_leaving_asks_while_something_is_live(self, story: Story, size: tuple[int, int]) -> None:
        assert story(working_day, BUSY, press("q"), see("Quit candela?"), size=size)


@everywhere
def test_a_usage_report(story: Story, size: tuple[int, int]) -> None:
    assert story(a_month, press("r"), see("Usage daily · all time", "Total"), size=size)


@dark_and_light
def test_a_usage_report_with_a_what_if(story: Story, theme: str) -> None:
    assert story(
        a_month,
        press("r", "7"),
        see("Usage model", "fable-9"),
        press("w", "3"),
        see("what if ttl=5m", "requests compared"),
        size=(140, 46),
        theme=theme,
    )


def rules(scene: Scene) -> None:
    """A busy morning with rules and budgets."""
    scene.config.write_text(RULES)
    busy_morning(scene)


class TestBudgets:
    def budgets(self) -> dict[str, Any]:
        return {"control": still(Path("config.toml"), MY_DAY, OF_SESSION, TOKENS)}

    @at(SMALL, MEDIUM)
    def test_budgets_and_rules(self, story: Story, size: tuple[int, int]) -> None:
        assert story(rules, press("b"), see("my day", "no pushes"), size=size, **self.budgets())

    @at(SMALL)
    def test_a_rule_is_written(self, story: Story, size: tuple[int, int]) -> None:
        steps = (press("b"), see("no pushes"), press("G", "enter"), see("[[rules.tools]]"), press("j"))
        assert story(rules, *steps, size=size, **self.budgets())

    @at(SMALL, MEDIUM)
    def test_the_header_and_the_session_say_what_is_blocked(self, story: Story, size: tuple[int, int]) -> None:
        assert story(rules, see("blocked"), size=size, **self.budgets())


class TestKeys:
    @pytest.fixture(autouse=True)
    def _same_ids(self, monkeypatch: pytest.MonkeyPatch) -> None:
        numbers = itertools.count(1)
        monkeypatch.setattr("candela_tui.keys.store.new_id", lambda: f"key_{next(numbers):016x}")
        monkeypatch.setattr("candela_tui.keys.store.new_text", lambda: f"ck_live_{next(numbers):08d}{'aB3' * 11}xy")

    def keys(self) -> dict[str, Any]:
        paths = default_paths(Path("config.toml"), Path("data"))
        return {"sign_in_setup": SignInSetup(paths), "control": still(Path("config.toml"), SPENT)}

    @at(SMALL, MEDIUM)
    def test_the_keys(self, story: Story, size: tuple[int, int]) -> None:
        assert story(some_keys, press("K"), see("2 of 3 accepted"), size=size, **self.keys())

    @at(SMALL)
    def test_a_new_key_is_described_and_shown_once(self, story: Story, size: tuple[int, int]) -> None:
        steps = (press("K", "n"), see("A new key"), press("enter"), write("web"), press("enter", "w"))
        assert story(some_keys, *steps, see("It is shown only now"), size=size, **self.keys())


def some_keys(scene: Scene) -> None:
    """Three keys, one of which is disabled."""
    busy_morning(scene)
    paths = default_paths(Path("config.toml"), Path("data"))
    paths.make_data_directory()
    store = store_in(paths.data)
    for key in (CI, replace(CI, name="laptop", models=(), budget=None), replace(CI, name="old", disabled_at=NOW)):
        store.create(key)
