"""No unsafe character reaches a terminal, whichever way text takes there."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.style import Style

from candela_tui.cli.process.logging_setup import _OneLineEach
from candela_tui.cli.process.serving import line
from candela_tui.cli.terminal.prompter import _shown
from candela_tui.cli.terminal.request_overview import overview
from candela_tui.exchange import Exchange
from candela_tui.protocol.errors import ApiError
from candela_tui.protocol.user_agent import client_of
from candela_tui.providers.attempts import redirect_target
from candela_tui.proxy.listen import _safe
from candela_tui.reports.curl import curl_command, fits_a_command
from candela_tui.reports.json_text import json_text
from candela_tui.text.cells import fitted
from candela_tui.text.tables import table
from candela_tui.text.terminal_safe import is_terminal_safe, is_terminal_safe_lines, terminal_safe, terminal_safe_lines
from candela_tui.text.times import utc_now
from candela_tui.text.wrap import wrapped
from candela_tui.ui.notifications.attention import escape_sequence
from candela_tui.ui.style.styled_text import TEXT_STYLES, strip_of

UNSAFE = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"),
    *"\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2064\u2066\u2069\u206f\ufeff\ufff9\ufffb",
    *"\U000e0001\U000e0041\U000e0100\ud800\udc9b",
]
"""The C0 and C1 controls and DEL, separators, direction controls, invisible text, tags, and surrogates."""
HARMLESS = "[é]  中文 ไทย नमस्ते e\u0301 👩\u200d💻 ❤\ufe0f \u200c \u00a0"


def _exchange(text: str) -> Exchange:
    known = Exchange(id="1", started_at=utc_now(), method="POST", path=f"/v1/{text}", route="anthropic-direct")
    headers = (("x-any", f"a{text}%\\'1"), ("x-api-key", f"{text}[redacted]"))
    url = f"https://api.anthropic.com/v1/{text}"
    return replace(known, url=url, model=text, request_headers=headers, error=ApiError(text, text))


def _curl(text: str) -> str:
    body = text.encode("utf-8", "surrogatepass")
    return curl_command(_exchange(text), body if fits_a_command(body) else None)


def _logged(text: str) -> str:
    return _OneLineEach().format(logging.LogRecord("any", logging.INFO, "", 1, "%s", (text,), None))


def _drawn(text: str) -> str:
    return strip_of(((text, "text"),), 9, dict.fromkeys(TEXT_STYLES, Style()), Style()).text


USERS: dict[str, Callable[[str], str]] = {
    "a line": terminal_safe,
    "several lines": terminal_safe_lines,
    "a cell": lambda text: fitted(text, 8),
    "a table": lambda text: table(("A", text), [(text, text)], flexible=1, width=20),
    "a paragraph": lambda text: "\n".join(wrapped(text, 20)),
    "JSON": lambda text: json_text({text: text}),
    "a curl command": _curl,
    "a desktop notification": lambda text: escape_sequence("osc9", text, tmux=False)[4:-2],
    "a desktop notification of urxvt": lambda text: escape_sequence("osc777", text, tmux=False)[4:-2],
    "the log": _logged,
    "a line of candela serve": lambda text: line(_exchange(text)),
    "candela show": lambda text: overview(_exchange(text)),
    "a question of a sign-in": _shown,
    "a line of the dashboard": lambda text: (
        strip_of(((text, "text"),), 9, dict.fromkeys(TEXT_STYLES, Style()), Style()).text
    ),
    "a word of another candela": _safe,
    "the name of a program": lambda text: client_of([("x-title", f"a{text}b")]) or "",
    "the place of a redirect": lambda text: redirect_target(f"https://a{text}b/") or "",
}


@pytest.mark.parametrize("way", USERS)
def test_no_unsafe_character_reaches_a_terminal(way: str) -> None:
    reached = {character for character in UNSAFE if character in USERS[way](f"x{character}y")}
    assert reached == set()


def test_what_is_refused_has_an_unsafe_character() -> None:
    assert not any(is_terminal_safe(f"x{character}y") for character in (*UNSAFE, "\n", "\t"))
    assert not any(is_terminal_safe_lines(f"x{character}y") for character in UNSAFE)
    assert is_terminal_safe(HARMLESS)
    assert is_terminal_safe_lines(f"{HARMLESS}\n\t{HARMLESS}")


@pytest.mark.parametrize("way", ["JSON", "a curl command"])
def test_harmless_text_of_any_script_is_exact_where_it_is_to_be_used_again(way: str) -> None:
    assert HARMLESS in USERS[way](HARMLESS)
