import json
from typing import Any

import pytest

from candela_tui.protocol.claude_code.session_clues import SessionClues, first_user_text, session_clues
from candela_tui.protocol.request import MessagesRequest, decode_request
from tests.protocol import claude_code_bodies as bodies


def decoded(body: dict[str, Any]) -> MessagesRequest:
    request = decode_request(json.dumps(body).encode())
    assert request is not None
    return request


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (bodies.opus_of_332("say hi"), "claude-opus-5-5"),
        (bodies.sonnet_of_332("say hi"), "claude-sonnet-4-5"),
        (bodies.opus_of_197("say hi"), "claude-opus-4-8[1m]"),
    ],
)
def test_clues_are_read_wherever_the_client_puts_them(body: dict[str, Any], model: str) -> None:
    assert session_clues(decoded(body)) == SessionClues("say hi", "/srv/reef", "feature/reef", model)


def test_what_a_file_of_the_users_says_is_no_clue() -> None:
    body = bodies.opus_of_332("say hi")
    body["messages"] = [bodies.user(bodies.CLAUDE_MD, "Current branch: mine\nWorking directory: /mine")]
    clues = session_clues(decoded(body))
    assert (clues.cwd, clues.git_branch) == (None, None)


def test_the_git_status_is_found_behind_a_huge_file_of_the_users() -> None:
    body = bodies.opus_of_332()
    status = bodies.GIT_STATUS.partition("# gitStatus")[2]
    file = 'é – "x"' * 40_000
    body["messages"][0] = bodies.user(f"<system-reminder>\n# claudeMd\n{file}\n# gitStatus{status}", "hi")
    assert session_clues(decoded(body)) == SessionClues("hi", "/srv/reef", "feature/reef", "claude-opus-5-5")


@pytest.mark.parametrize("make", [bodies.opus_of_332, bodies.sonnet_of_332, bodies.opus_of_197])
@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("Fix the parser",), "Fix the parser"),
        ((bodies.CAVEAT, bodies.LOCAL_COMMAND.format(name="clear"), "Fix the parser"), "Fix the parser"),
        (
            ("<bash-input>ls</bash-input>\n", "<bash-stdout>a</bash-stdout><bash-stderr></bash-stderr>", "Fix it"),
            "Fix it",
        ),
        ((bodies.PROMPT_COMMAND, "Please analyze this codebase and create a CLAUDE.md file"), "/init with care"),
        ((bodies.CONTINUED, bodies.CAVEAT, bodies.LOCAL_COMMAND.format(name="compact"), "and again"), "and again"),
        (('<pasted_content id="4f">Traceback: x</pasted_content id="4f">',), "Traceback: x"),
        ((bodies.CAVEAT, bodies.LOCAL_COMMAND.format(name="clear")), None),
    ],
)
def test_the_title_is_what_the_user_wrote(make: Any, words: tuple[str, ...], title: str | None) -> None:
    assert first_user_text(decoded(make(*words))) == title


def test_where_the_client_tells_no_environment_auto_mode_does() -> None:
    context = {"live_cwd": "/srv/reef", "git_state": {"branch": "feature/reef", "status": None}}
    body = bodies.opus_of_332("Fix it")
    body["messages"] = [bodies.user(bodies.CAVEAT, bodies.LOCAL_COMMAND.format(name="clear"), "Fix it")]
    body["safeguards"] = [{"type": "dangerous_tool_use", "classifier_context": context}]
    assert session_clues(decoded(body)) == SessionClues("Fix it", "/srv/reef", "feature/reef", None)


@pytest.mark.parametrize(
    "safeguards", [5, [], [5], [{"classifier_context": 5}], [{"classifier_context": {"live_cwd": 5}}]]
)
def test_safeguards_of_any_form_are_no_fault(safeguards: Any) -> None:
    body = {"model": "m", "messages": [bodies.user("Fix it")], "safeguards": safeguards}
    assert session_clues(decoded(body)) == SessionClues("Fix it", None, None, None)
