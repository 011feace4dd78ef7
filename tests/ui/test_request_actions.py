"""What can be done with a request from its screen: copy, save, open elsewhere, move on to others."""

import base64
import json
import os
import resource
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from candela_tui.exchange import Difference, Outcome
from candela_tui.files import write_new
from candela_tui.protocol.errors import ApiError
from candela_tui.ui.screens.dashboard.requests.requests_pane import RequestsPane
from candela_tui.ui.screens.dashboard.screen import DashboardScreen
from candela_tui.ui.screens.dashboard.sessions.session_rows import Selection
from candela_tui.ui.screens.request.actions.external_programs import NoProgram, command_for
from candela_tui.ui.terminal.clipboard import clipboard_command
from tests.store.recording import writing
from tests.ui.scene import LIVE, Scene, clues, event, screen_text, shows, stream, typed, until
from tests.ui.test_leaving import _running
from tests.ui.test_request import BODY

ANSWER = stream("Found ", "it.", thinking="Hm.", tool=("Edit", {"path": "a.py"}))


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the clipboard of whoever runs the tests alone."""
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)


async def told(pilot: Pilot[int], *texts: str) -> None:
    """Wait until a notice says all of it; on the screen its lines are broken."""
    await until(
        pilot, lambda: any(all(text in notice.message for text in texts) for notice in pilot.app._notifications)
    )


def _program(directory: Path, name: str, script: str) -> Path:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def _only_program(monkeypatch: pytest.MonkeyPatch, directory: Path, name: str, script: str) -> None:
    """Besides the system's own."""
    programs = directory / "programs"
    programs.mkdir()
    _program(programs, name, script)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.defpath}")


def _desktop(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    _only_program(monkeypatch, directory, "wl-copy", script)
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")


def _opening(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    _only_program(monkeypatch, directory, "xdg-open", script)
    monkeypatch.setattr("sys.platform", "linux")


async def test_the_clipboard_of_the_desktop_is_filled_where_there_is_one(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _desktop(monkeypatch, tmp_path, f"cat > {tmp_path}/clipboard")
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "Y", "r")
        await told(pilot, "Copied the request body", "and with wl-copy")
        assert (tmp_path / "clipboard").read_bytes() == BODY
        assert pilot.app.clipboard == BODY.decode()


async def test_a_clipboard_program_that_fails_is_told_and_the_terminal_has_the_text(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _desktop(monkeypatch, tmp_path, "exit 3")
    made = scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "Y", "i")
        await told(pilot, "through the terminal", "wl-copy exited with 3")
        assert pilot.app.clipboard == made.id


def test_without_a_desktop_there_is_no_program_to_ask() -> None:
    assert clipboard_command({"PATH": os.defpath}) is None


async def test_a_request_is_copied_as_curl_without_its_secret(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "Y", "c")
        await told(pilot, "Copied the request as a curl command")
        command = pilot.app.clipboard
        assert command.startswith("curl ")
        assert '"x-api-key: $ANTHROPIC_API_KEY"' in command
        assert BODY.decode() in command


async def test_a_body_too_long_for_a_command_goes_into_a_file(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    body = json.dumps({"messages": [{"role": "user", "content": "word " * 30_000}]}).encode()
    scene.request(body=body)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "Y", "c")
        await told(pilot, "Copied the request as a curl command")
        (path,) = tmp_path.glob("candela-*-request.json")
        assert path.read_bytes() == body
        assert f"@{path}" in pilot.app.clipboard


@pytest.mark.parametrize(
    ("letter", "copied"),
    [("a", "Found it."), ("u", "https://api.anthropic.com/v1/messages?beta=true"), ("p", "req_011CVq4")],
)
async def test_a_menu_asks_what_to_copy(scene: Scene, letter: str, copied: str) -> None:
    scene.request(body=BODY, answer=ANSWER)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "Y")
        await shows(pilot, "the text of the response", "the URL", "the provider's request id")
        await pilot.press(letter)
        await told(pilot, "Copied")
        assert pilot.app.clipboard == copied


async def test_the_menu_is_used_with_the_cursor_or_left(scene: Scene) -> None:
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "3")
        await shows(pilot, "You are Claude Code.")
        await pilot.press("Y", "escape")
        await until(pilot, lambda: "the URL" not in screen_text(pilot))
        assert not pilot.app.clipboard
        await pilot.press("Y", "G", "k", "enter")
        await told(pilot, "Copied the provider's request id")


async def test_what_is_saved_never_replaces_a_file(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = scene.request(body=BODY, answer=ANSWER)
    async with scene.opened((160, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "e", "r")
        await told(pilot, f"candela-{made.id}-request.json")
        await pilot.press("w", "r")
        await told(pilot, f"candela-{made.id}-request-2.json")
        await pilot.press("e", "a")
        await told(pilot, f"candela-{made.id}-answer.sse")
        await pilot.press("e", "t")
        await told(pilot, f"candela-{made.id}-overview.txt")
    assert (tmp_path / f"candela-{made.id}-request.json").read_bytes() == BODY
    assert (tmp_path / f"candela-{made.id}-request-2.json").read_bytes() == BODY
    assert (tmp_path / f"candela-{made.id}-answer.sse").read_bytes() == ANSWER
    assert "Usage and cost" in (tmp_path / f"candela-{made.id}-overview.txt").read_text()


async def test_a_directory_that_cannot_be_written_is_told(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setattr(Path, "cwd", lambda: gone)
    gone.rmdir()
    scene.request(body=BODY)
    async with scene.opened((160, 40)) as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "e", "r")
        await told(pilot, "No such file or directory")


def test_a_file_name_holds_nothing_that_a_path_would_read(tmp_path: Path) -> None:
    path = write_new(tmp_path, "../a b/c:d", ".txt", "x")
    assert path.parent == tmp_path
    assert path.name == "a-b-c-d.txt"


def test_a_file_that_cannot_be_written_whole_is_not_left(tmp_path: Path) -> None:
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            write_new(tmp_path, "body", ".json", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert not list(tmp_path.iterdir())


def test_the_variables_say_which_pager_and_editor_with_their_options() -> None:
    environment = {"PATH": os.defpath, "PAGER": "cat -n 'a b'", "EDITOR": "sh -x", "VISUAL": " "}
    assert command_for("pager", environment) == ["cat", "-n", "a b"]
    assert command_for("editor", environment) == ["sh", "-x"]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PATH": os.defpath, "PAGER": "no-such-pager -R"}, "the program 'no-such-pager' was not found"),
        ({"PATH": os.defpath, "PAGER": "less 'x"}, "which is not a command"),
        ({"PATH": ""}, "set $PAGER"),
    ],
)
def test_a_pager_that_is_not_there_is_told_in_words(environment: dict[str, str], said: str) -> None:
    with pytest.raises(NoProgram, match="PAGER") as missing:
        command_for("pager", environment)
    assert said in str(missing.value)


async def test_a_terminal_that_cannot_be_given_away_says_so(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "cat")
    scene.request(body=BODY)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "v")
        await told(pilot, "This terminal can't be handed over to a pager")


async def test_the_tab_opens_in_the_pager_and_the_dashboard_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    seen.mkdir()
    pager = _program(
        tmp_path, "pager", f'cp "$1" {seen}/text; ls -l "$1" > {seen}/mode; echo "$1" > {seen}/path\necho PAGED; read _'
    )
    monkeypatch.setenv("PAGER", str(pager))
    scene = Scene(tmp_path)
    made = scene.make()
    with writing(scene.store) as (writer, _):
        writer.begin(replace(made, outcome=Outcome.LIVE), BODY)
        writer.end(made, [ANSWER], [812.0])
    async with _running(tmp_path) as program:
        await program.shows(b"Requests", b"opus-4-8")
        program.type("l\r")
        await program.shows(b"Overview", b"Usage and cost")
        program.type("7")
        await program.shows(b'"model"')
        program.type("v")
        await program.shows(b"PAGED")
        program.seen = b""
        program.type("\n")
        await program.shows(b"Overview")
        program.type("\x03")
        await program.end()
    assert (seen / "text").read_bytes() == BODY
    assert (seen / "mode").read_text().startswith(stat.filemode(stat.S_IFREG | 0o600))
    assert not Path((seen / "path").read_text().strip()).exists()


async def test_the_headline_says_where_the_request_stands_and_what_is_in_view(scene: Scene) -> None:
    text = "\n".join(f"line {number}" for number in range(500))
    for number in range(3):
        scene.request(ago=60 - number, body=json.dumps({"system": text}).encode())
    async with scene.opened((120, 34)) as pilot:
        await shows(pilot, "11:59:02")
        await pilot.press("enter", "3")
        await shows(pilot, "line 5")
        await until(pilot, lambda: "3/3" in screen_text(pilot).splitlines()[0])
        await pilot.press("K")
        await until(pilot, lambda: "2/3" in screen_text(pilot).splitlines()[0])
        await pilot.press("G")
        await until(pilot, lambda: "100%" in screen_text(pilot).splitlines()[0])
        assert "of 50" in screen_text(pilot).splitlines()[0]


async def test_requests_of_one_agent_of_another_and_with_errors_are_a_key_away(scene: Scene) -> None:
    def asked(number: int, **facts: Any) -> None:
        body = {"messages": [{"role": "user", "content": f"question {number}"}]}
        scene.request(ago=60 - number, body=json.dumps(body).encode(), **facts)

    asked(1)
    asked(2, agent_id="a1")
    asked(3)
    asked(4, agent_id="a1", status=500, outcome=Outcome.ERROR, error=ApiError("api_error", "oh"), stop_reason=None)
    asked(5)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:05")
        await pilot.press("enter", "2")
        await shows(pilot, "question 5")
        for key, question in (("{", 3), ("{", 1), ("A", 2), ("}", 4), ("A", 5), ("{", 3), ("E", 4)):
            await pilot.press({"{": "left_curly_bracket", "}": "right_curly_bracket"}.get(key, key))
            await shows(pilot, f"question {question}")
        await pilot.press("E")
        await told(pilot, "There is no later request that failed.")
        await pilot.press("right_curly_bracket")
        await told(pilot, "There is no later request of agent 1.")


async def test_d_compares_with_the_request_before(scene: Scene) -> None:
    for number in (1, 2):
        body = {"model": "m", "messages": [{"role": "user", "content": f"question {number}"}]}
        scene.request(ago=60 - number, body=json.dumps(body).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:02")
        await pilot.press("enter")
        await shows(pilot, "Overview")
        await pilot.press("d")
        await until(pilot, lambda: "Overview" not in screen_text(pilot))
        await pilot.press("escape")
        await shows(pilot, "Overview")


async def test_hits_are_counted_as_words_are_typed(scene: Scene) -> None:
    text = "\n".join(f"line {number} {'needle' if number % 100 == 50 else ''}" for number in range(500))
    scene.request(body=json.dumps({"system": text}).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "3")
        await shows(pilot, "line 5")
        await pilot.press("slash")
        await typed(pilot, "needle")
        await shows(pilot, "1/5")
        await pilot.press(*" x")
        await shows(pilot, "no matches")


async def test_f_stays_at_the_end_of_a_live_answer(scene: Scene) -> None:
    whole = stream(*(f"line {number}\n" for number in range(200)), end=False)
    live = scene.request(answer=whole, **LIVE)
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "5")
        await shows(pilot, "line 199")
        await pilot.press("g")
        await shows(pilot, "line 0")
        await pilot.press("f")
        await shows(pilot, "line 199")
        more = "".join(f"more {number}\n" for number in range(50))
        scene.grow(live, event("content_block_delta", index=0, delta={"type": "text_delta", "text": more}))
        await shows(pilot, "more 49")


async def test_each_event_has_its_time_since_the_start_and_since_the_one_before(scene: Scene) -> None:
    scene.request(answer=stream("x" * 900))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "8")
        screen = await shows(pilot, "message_start", "message_stop")
        rows = [line for line in screen.splitlines() if " content_block_delta " in line]
        assert "0.832 s" in rows[0]
        assert "+20ms" in rows[0]


def _with_a_picture(name: str) -> bytes:
    picture = {"type": "base64", "media_type": name, "data": base64.b64encode(b"\x89PNG picture").decode()}
    return json.dumps(
        {"messages": [{"role": "user", "content": [{"type": "image", "source": picture}]}]},
    ).encode()


async def test_a_picture_opens_in_the_desktops_own_program(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opening(monkeypatch, tmp_path, f'cp "$1" {tmp_path}/opened; basename "$1" > {tmp_path}/name')
    scene.request(body=_with_a_picture("image/png"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "▣ image")
        await pilot.press("v")
        await until(pilot, (tmp_path / "name").exists)
    assert (tmp_path / "opened").read_bytes() == b"\x89PNG picture"
    assert (tmp_path / "name").read_text() == "image-1.png\n"


async def test_what_could_be_a_program_is_not_opened_but_can_be_saved(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _opening(monkeypatch, tmp_path, f"touch {tmp_path}/opened")
    scene.request(body=_with_a_picture("image/svg+xml"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "▣ image")
        await pilot.press("v")
        await told(pilot, "image/svg+xml is not opened")
        await pilot.press("e", "b")
        await told(pilot, "Saved ")
    assert not (tmp_path / "opened").exists()
    assert next(tmp_path.glob("image-1*")).read_bytes() == b"\x89PNG picture"


async def test_a_picture_is_opened_by_its_type_whatever_its_title_says(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _opening(monkeypatch, tmp_path, f'basename "$1" > {tmp_path}/name')
    # Not every machine's table of types knows WebP, and then the title alone would be the file's name.
    monkeypatch.setattr("mimetypes.guess_extension", lambda kind: None)
    body = json.loads(_with_a_picture("image/webp"))
    body["messages"][0]["content"][0]["title"] = "holiday.terminal"
    scene.request(body=json.dumps(body).encode())
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "▣ image")
        await pilot.press("v")
        await until(pilot, (tmp_path / "name").exists)
        await until(pilot, lambda: (tmp_path / "name").read_text() == "holiday.terminal.webp\n")


async def test_a_picture_that_is_not_base64_can_not_be_saved_and_the_dashboard_says_so(scene: Scene) -> None:
    scene.request(body=_with_a_picture("image/png").replace(b"iVBOR", b"iV!OR"))
    async with scene.opened() as pilot:
        await shows(pilot, "11:59:00")
        await pilot.press("enter", "2")
        await shows(pilot, "▣ image")
        await pilot.press("e", "b")
        await told(pilot, "The data can't be decoded")


async def test_the_text_of_a_tab_is_copied_as_it_was_before_it_was_broken(scene: Scene) -> None:
    text = "many words that go on and on " * 20 + "\nand a second line"
    scene.request(answer=stream(text[:300], text[300:]))
    async with scene.opened((80, 24)) as pilot:
        await until(pilot, lambda: "opus" in screen_text(pilot))
        await pilot.press("l", "enter", "5")
        await shows(pilot, "and a second line")
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.clipboard)
        assert text in "\n".join(line.removeprefix("   ") for line in pilot.app.clipboard.split("\n"))


async def test_a_narrow_headline_keeps_the_place_in_the_list(scene: Scene) -> None:
    difference = Difference("model", "claude-opus-4-8", "claude-sonnet-4-5")
    for number in range(3):
        scene.request(ago=60 - number, clues=clues("a title that has no room"), differences=(difference,))
    async with scene.opened((80, 24)) as pilot:
        await until(pilot, lambda: "opus" in screen_text(pilot))
        await pilot.press("l", "enter")
        await until(pilot, lambda: "3/3" in screen_text(pilot).splitlines()[0])
        assert "≠ not opus-4-8" in screen_text(pilot).splitlines()[0]


async def test_the_way_to_other_requests_stays_open_when_the_list_shows_another_session(scene: Scene) -> None:
    for number in (1, 2):
        body = {"messages": [{"role": "user", "content": f"question {number}"}]}
        scene.request(ago=60 - number, body=json.dumps(body).encode(), session_id="first", clues=clues("the first"))
    async with scene.opened((120, 36)) as pilot:
        await shows(pilot, "11:59:02")
        await pilot.press("enter", "2")
        await shows(pilot, "question 2")
        scene.request(ago=1, session_id="second", clues=clues("the second"))
        dashboard = pilot.app.screen_stack[0]
        assert isinstance(dashboard, DashboardScreen)
        requests = dashboard.query_one(RequestsPane)
        requests.show(Selection("second"))
        await until(pilot, lambda: [other.session_id for other in requests.exchanges] == ["second"])
        await pilot.press("K")
        await shows(pilot, "question 1")
        await pilot.press("K")
        await told(pilot, "There is no earlier request.")
