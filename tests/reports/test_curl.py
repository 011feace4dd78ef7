"""A request as a command that a shell understands."""

import asyncio
import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.exchange import Exchange
from candela_tui.providers.identity import ROUTES, Route
from candela_tui.reports.curl import curl_command, fits_a_command
from candela_tui.text.terminal_safe import is_terminal_safe_lines
from candela_tui.text.times import utc_now
from tests.standin import Provider, message, text

HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, br"),
    ("Connection", "keep-alive"),
    ("Content-Length", "5"),
    ("Content-Type", "application/json"),
    ("Host", "127.0.0.1:8181"),
    ("anthropic-version", "2023-06-01"),
    ("x-api-key", "[redacted]"),
)


def _exchange(url: str = "https://api.anthropic.com/v1/messages", **facts: Any) -> Exchange:
    known = Exchange(
        id="1",
        started_at=utc_now(),
        method="POST",
        path="/v1/messages?beta=true",
        route="anthropic-direct",
        url=url,
        request_headers=HEADERS,
    )
    return replace(known, **facts)


def _words(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", " "))


def test_the_command_says_method_place_and_the_fields_that_curl_does_not_write_itself() -> None:
    words = _words(curl_command(_exchange(), None))
    assert words == [
        "curl",
        "--compressed",
        "--request",
        "POST",
        "https://api.anthropic.com/v1/messages?beta=true",
        *("--header", "Accept: application/json"),
        *("--header", "Content-Type: application/json"),
        *("--header", "anthropic-version: 2023-06-01"),
        *("--header", "x-api-key: $ANTHROPIC_API_KEY"),
    ]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.provider != "anthropic"])
def test_what_candela_maps_or_signs_goes_by_way_of_candela(route: Route) -> None:
    """The body is the client's own, which the provider itself would not take so."""
    mapped = {"route": route.name, "provider": route.provider, "path": "/v1/messages?beta=true"}
    command = curl_command(_exchange("https://aiplatform.googleapis.com/v1/x:streamRawPredict", **mapped), None)
    assert f"http://127.0.0.1:8181{route.prefix}/v1/messages?beta=true" in _words(command)
    elsewhere = curl_command(_exchange(request_headers=(("Host", "localhost:9000"),), **mapped), None)
    assert f"http://localhost:9000{route.prefix}/v1/messages?beta=true" in _words(elsewhere)


def test_a_secret_is_read_from_the_environment_when_the_command_runs() -> None:
    command = curl_command(_exchange(request_headers=(("x-api-key", "[redacted]"), ("b`$(x)", "[redacted]"))), None)
    assert '--header "x-api-key: $ANTHROPIC_API_KEY"' in command
    assert '--header "b\\`\\$(x): $ANTHROPIC_API_KEY"' in command
    assert "[redacted]" not in command


def test_a_bearer_token_is_not_taken_for_a_key() -> None:
    command = curl_command(_exchange(request_headers=(("Authorization", "Bearer [redacted]"),)), None)
    assert '--header "Authorization: Bearer $ANTHROPIC_AUTH_TOKEN"' in command


def test_a_streamed_answer_is_printed_as_it_comes() -> None:
    assert "--no-buffer" in _words(curl_command(_exchange(streamed=True), None))


def test_a_body_in_a_file_is_named() -> None:
    words = _words(curl_command(_exchange(), Path("/tmp/a b's.json")))
    assert words[-2:] == ["--data-binary", "@/tmp/a b's.json"]


def test_a_body_that_holds_the_end_mark_does_not_end_there() -> None:
    command = curl_command(_exchange(), b"one\nJSON\ntwo")
    assert command.endswith("<<'JSON_'\none\nJSON\ntwo\nJSON_\n")


@pytest.mark.parametrize("body", [b"a\0b", b"\xff\xfe", b"\x1b[201~\nrm", "\x9b201~".encode(), b"a\rb"])
def test_what_no_shell_holds_or_a_terminal_acts_on_does_not_fit_a_command(body: bytes) -> None:
    assert not fits_a_command(body)
    assert fits_a_command("{\"é\": '$(x)'}".encode())


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_categories=["Cc"]), max_size=40))
def test_any_value_of_a_field_is_one_word_of_the_command(value: str) -> None:
    words = _words(curl_command(_exchange(request_headers=(("X-Any", value),)), None))
    assert words[-1] == (f"X-Any: {value}" if value else "X-Any;")


def test_the_shell_makes_an_unsafe_value_from_numbers_again() -> None:
    value = "\x9b1 %s \\ \u202e' $HOME \x1b]0"
    command = curl_command(_exchange(request_headers=(("X-Any", value), ("X-Key", f"{value}[redacted]"))), None)
    assert is_terminal_safe_lines(command)
    script = f'curl() {{ printf "%s\\n" "$@"; }}\n{command}'
    printed = subprocess.run(
        ["sh", "-c", script], capture_output=True, env={"ANTHROPIC_API_KEY": "sk"}, check=True
    ).stdout
    assert printed.decode().splitlines()[-3:] == [f"X-Any: {value}", "--header", f"X-Key: {value}sk"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_sends_the_same_request_again(provider: Provider, tmp_path: Path) -> None:
    provider.answer(message(text("Again.")))
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "it's $HOME `x` \\ \n é"}]}).encode()
    script = tmp_path / "again.sh"
    script.write_text(curl_command(_exchange(f"{provider.url}/v1/messages", streamed=True), body))
    environment = {"PATH": os.defpath, "ANTHROPIC_API_KEY": "sk-test"}
    curl = await asyncio.create_subprocess_exec("sh", str(script), env=environment, stdout=subprocess.PIPE)
    printed, _ = await curl.communicate()
    received = provider.requests[-1]
    assert (received.method, received.target) == ("POST", "/v1/messages?beta=true")
    assert received.body == body + b"\n"
    assert received.header("x-api-key") == "sk-test"
    assert received.header("anthropic-version") == "2023-06-01"
    assert received.header("Content-Type") == "application/json"
    assert b"Again." in printed
