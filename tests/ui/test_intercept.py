"""``i`` holds requests: they are listed, opened, edited in the user's editor, and let go."""

import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.attach.server import LocalServer
from candela_tui.ui.app import CandelaApp
from candela_tui.ui.screens.dashboard.intercept.edited_body import editable, problem
from candela_tui.ui.screens.dashboard.intercept.screen import InterceptScreen
from candela_tui.ui.screens.request.screen import RequestScreen
from tests.proxy.running import BODY, RunningProxy, WireClient, running
from tests.standin import Provider, message, text
from tests.ui.scene import Scene, clues, shows, typed, until

END = b"0\r\n\r\n"


@pytest.fixture
async def candela(provider: Provider, tmp_path: Path) -> AsyncIterator[RunningProxy]:
    """A proxy whose traffic the dashboard shows."""
    provider.answer(message(text("hello")), message(text("hello")))
    async with running(provider, tmp_path / "data") as proxy:
        yield proxy


@pytest.fixture
def scene(candela: RunningProxy, tmp_path: Path) -> Scene:
    """Its dashboard."""
    control = Control(Client(LocalServer(candela.port, candela.paths.token)), candela.feed.notify)
    scene = Scene(tmp_path, feed=candela.feed, control=control)
    scene.request(clues=clues("fix the flaky test"), usage=(12, 0, 0, 18400, 214))
    return scene


def edits(monkeypatch: pytest.MonkeyPatch, directory: Path, *scripts: str) -> None:
    """Let the user's editor do this to the file ``$1``: the first script at its first run, and so on."""
    cases = "\n".join(f"{number}) {script};;" for number, script in enumerate(scripts))
    editor = directory / "editor"
    editor.write_text(
        f"#!/bin/sh\nrun=$(cat {directory}/runs 2>/dev/null || echo 0)\necho $((run + 1)) > {directory}/runs\n"
        f"case $run in\n{cases}\nesac\n"
    )
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(editor))
    monkeypatch.setenv("PATH", os.defpath)
    # The driver of tests can't hand a terminal over.
    monkeypatch.setattr(CandelaApp, "suspend", contextlib.nullcontext)


async def intercept(pilot: Pilot[int], wanted: str = "model:opus") -> None:
    """Set an intercept."""
    await shows(pilot, "fix the flaky test")
    await pilot.press("i")
    await typed(pilot, wanted)
    await pilot.press("enter")
    await shows(pilot, f"Intercepting {wanted}  ·  none is held")


async def test_what_matches_is_listed_and_goes_on_when_it_is_let_go(
    scene: Scene, candela: RunningProxy, provider: Provider
) -> None:
    async with scene.opened() as pilot, WireClient(candela.port) as client:
        await intercept(pilot)
        await client.post()
        await shows(pilot, "1 held, each for 4 minutes at most", "opus-4-8", "101 B")
        assert not provider.requests
        await pilot.press("escape")
        await shows(pilot, "Intercepting model:opus · 1 held · i shows them")
        await pilot.press("i", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RequestScreen))
        await shows(pilot, "◌ held", "claude-opus-4-8")
        await pilot.press("escape", "l")
        await client.until(END)
        await shows(pilot, "none is held")
        assert provider.requests[0].body == BODY
        await pilot.press("x")
        await shows(pilot, "Nothing is intercepted")


async def test_the_edited_text_goes_on_instead(
    scene: Scene, candela: RunningProxy, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits(monkeypatch, tmp_path, """sed -i 's/"max_tokens": 64/"max_tokens": 65/' $1""")
    async with scene.opened() as pilot, WireClient(candela.port) as client:
        await intercept(pilot)
        await client.post()
        await shows(pilot, "1 held")
        await pilot.press("e")
        await client.until(END)
        assert provider.requests[0].json == json.loads(BODY) | {"max_tokens": 65}
        await shows(pilot, "none is held")
    ended = await candela.exchange(lambda each: each.held_ms is not None and not each.live)
    assert [(each.what, each.name) for each in ended.adaptations] == [("edit", "max_tokens")]


async def test_invalid_json_is_said_and_edited_again_from_where_it_was_left(
    scene: Scene, candela: RunningProxy, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits(
        monkeypatch,
        tmp_path,
        """sed -i -e 's/"max_tokens": 64/"max_tokens": 65/' -e 's/^}$//' $1""",
        "echo '}' >> $1",
    )
    async with scene.opened() as pilot, WireClient(candela.port) as client:
        await intercept(pilot)
        await client.post()
        await shows(pilot, "1 held")
        await pilot.press("e")
        await shows(pilot, "before the JSON is complete", "Edit it again")
        assert not provider.requests
        await pilot.press("e")
        await client.until(END)
        assert provider.requests[0].json["max_tokens"] == 65


async def test_an_editor_that_changes_nothing_leaves_the_request_held(
    scene: Scene, candela: RunningProxy, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits(monkeypatch, tmp_path, "true", "exit 3")
    async with scene.opened() as pilot, WireClient(candela.port) as client:
        await intercept(pilot)
        await client.post()
        await shows(pilot, "1 held")
        for words in ("Nothing was changed", "exited with status 3"):
            await pilot.press("e")
            await until(pilot, lambda words=words: any(words in each.message for each in pilot.app._notifications))
        assert not provider.requests
        await pilot.press("L")
        await client.until(END)


async def test_a_field_of_the_answer_is_refused_below_its_place(scene: Scene) -> None:
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("i")
        await typed(pilot, "cost>1")
        await pilot.press("enter")
        await shows(pilot, "^ cost is not known before the request is sent", "Nothing is intercepted")


async def test_another_filter_takes_the_place_of_the_first_and_an_empty_one_ends_it(
    scene: Scene, candela: RunningProxy
) -> None:
    async with scene.opened() as pilot:
        await intercept(pilot)
        await pilot.press("slash", "space")
        await typed(pilot, "kind:messages")
        await pilot.press("enter")
        await shows(pilot, "Intercepting model:opus kind:messages")
        await until(pilot, lambda: candela.proxy._intercepts.filters == ("model:opus kind:messages",))
        await pilot.press("slash", "ctrl+u", "enter")
        await shows(pilot, "Nothing is intercepted")
        await until(pilot, lambda: not candela.proxy._intercepts)


async def test_a_dashboard_that_reaches_no_proxy_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.request(clues=clues("fix the flaky test"))
    async with scene.opened() as pilot:
        await shows(pilot, "fix the flaky test")
        await pilot.press("i")
        await shows(pilot, "Requests can't be held from here")
        assert not isinstance(pilot.app.screen, InterceptScreen)


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        (b'{"a": 1, "b": [1.50, "\\ud83d"]}', None),
        (b'{"a": }', "It is not valid JSON at line 1, column 7."),
        (b'{"a": 1,\n', "It ends in line 2, before the JSON is complete."),
        (b'{"a": NaN}', "NaN is not a JSON value."),
        (b"[]", "It must be a JSON object: { … }."),
        (b'{"a":\n "\xff"}', "It is not UTF-8 in line 2."),
        (b"[" * 100_000, "It is nested too deep."),
    ],
)
def test_what_is_wrong_with_an_edited_text_is_said_with_its_place(edited: bytes, said: str | None) -> None:
    assert problem(edited) == said


def test_a_body_is_laid_out_without_touching_its_numbers_and_escapes() -> None:
    assert editable(b'{"b":1.50,"a":["\\u00e9"]}', ()) == b'{\n  "b": 1.50,\n  "a": [\n    "\\u00e9"\n  ]\n}'
