"""Keys that a terminal delivers in one read: a fast typist, a paste, a hung connection that comes back."""

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen

from candela_tui.credentials.sign_in.context import SignInSetup
from candela_tui.paths import default_paths
from candela_tui.ui.screens.compare.screen import CompareScreen
from candela_tui.ui.screens.dashboard.screen import DashboardScreen
from candela_tui.ui.screens.dialogs.choose import ChooseDialog
from candela_tui.ui.screens.request.screen import RequestScreen
from tests.ui.scene import Scene, busy_morning, shows, stream, until
from tests.ui.sign_in_cloud import Cloud

SCREENS: dict[str, tuple[str, ...]] = {
    "dashboard": (),
    "sort": ("o",),
    "columns": ("C",),
    "keys": ("?",),
    "warnings": ("!",),
    "export": ("e",),
    "command line": (":",),
    "palette": ("ctrl+p",),
    "settings": (",",),
    "theme": (":", *"theme", "enter"),
    "sign-in": ("a",),
    "filter": ("/",),
    "leave": ("q",),
    "request": ("enter",),
    "copy": ("enter", "Y"),
    "save": ("enter", "w"),
    "compare": ("d",),
}
"""Each screen, and the keys that open it from the list of requests."""

# Not `v` and `V`, which hand the terminal to a pager and an editor.
_KEYS = [
    *"abcdefghijklmnopqrstuwxyzACDEFGJKLNOPRSTYZ0123456789?:,;/!+-[]{}<>=~^ ",
    *("enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    *("ctrl+f", "ctrl+b", "ctrl+p", "ctrl+d", "ctrl+u", "backspace", "delete", "f1"),
]
_CLOSING = ("q", "escape", "enter", "y", "n", "q", "enter")
"""Drawn more often than others: these close screens."""


def _send(pilot: Pilot[int], keys: Iterable[str]) -> None:
    """Deliver keys without letting the app run between them, as the driver does with one read."""
    for key in keys:
        named = {"?": "question_mark", ":": "colon", ",": "comma", "/": "slash", "!": "exclamation_mark"}
        pilot.app.post_message(events.Key(named.get(key, key), key if len(key) == 1 else None))


def _healthy(pilot: Pilot[int]) -> None:
    app = pilot.app
    assert app._exception is None
    assert isinstance(app.screen_stack[0], DashboardScreen)


async def _opened(pilot: Pilot[int], keys: Iterable[str]) -> None:
    for key in keys:
        _send(pilot, [key])
        await pilot.pause()


async def _play(directory: Path, name: str, bursts: Sequence[Sequence[str]]) -> None:
    scene = Scene(
        directory,
        sign_in_setup=SignInSetup(default_paths(directory / "config.toml", directory)),
        sign_ins=Cloud(lambda _: False).sign_in,
    )
    busy_morning(scene)
    async with scene.opened((100, 30)) as pilot:
        await shows(pilot, "fix the flaky test")
        _send(pilot, ["2"])
        await pilot.pause()
        await _opened(pilot, SCREENS[name])
        for burst in bursts:
            _send(pilot, burst)
            await pilot.pause()
            if pilot.app._exit:
                return
            _healthy(pilot)


@pytest.fixture(autouse=True)
def _nothing_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)


@settings(max_examples=15, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(
    name=st.sampled_from(sorted(SCREENS)),
    bursts=st.lists(
        st.lists(st.one_of(st.sampled_from(_CLOSING), st.sampled_from(_KEYS)), min_size=2, max_size=6),
        min_size=1,
        max_size=4,
    ),
)
def test_no_keys_in_one_read_end_the_dashboard_by_an_error(name: str, bursts: list[list[str]]) -> None:
    before = Path.cwd()
    with TemporaryDirectory() as directory:
        # Exports and saved bodies go to the working directory.
        os.chdir(directory)
        try:
            asyncio.run(_play(Path(directory), name, bursts))
        finally:
            os.chdir(before)


@pytest.mark.parametrize("keys", [("d", "e"), ("enter", "enter"), ("escape", "q"), tuple("dedcode")])
async def test_a_choice_is_made_once(scene: Scene, keys: tuple[str, ...]) -> None:
    busy_morning(scene)
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await _opened(pilot, ("2", "o"))
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseDialog))
        _send(pilot, keys)
        await until(pilot, lambda: isinstance(pilot.app.screen, DashboardScreen))
        _healthy(pilot)


@pytest.mark.parametrize(
    ("opening", "kind"), [(("enter",), RequestScreen), (("enter", "d"), CompareScreen)], ids=["request", "compare"]
)
async def test_a_second_key_that_closes_leaves_the_screen_below_open(
    scene: Scene, opening: tuple[str, ...], kind: type[Screen[object]]
) -> None:
    scene.request(ago=90, answer=stream("before"))
    scene.request(ago=60, answer=stream("after"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59")
        await _opened(pilot, ("2", *opening))
        await until(pilot, lambda: isinstance(pilot.app.screen, kind))
        below = pilot.app.screen_stack[-2]
        _send(pilot, ("q", "q"))
        await until(pilot, lambda: pilot.app.screen is below)
        await pilot.pause()
        assert pilot.app.screen is below
        _healthy(pilot)
