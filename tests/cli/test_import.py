"""``candela import``: what it says, and what other commands then say of imported requests."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.command import Home
from tests.imports.written import SESSION, Transcript


@pytest.fixture
def transcript(home: Home) -> Path:
    """A transcript in the client's config directory, with a line that can't be read."""
    written = Transcript()
    written.user("count the fish")
    written.assistant("msg_1")
    written.add("cost-state", totalCostUSD=0.04)
    file = written.write(home.directory / ".claude" / "projects")
    with file.open("ab") as opened:
        opened.write(b"{\n")
    return file


async def test_all_sessions_of_the_client_are_imported(home: Home, transcript: Path) -> None:
    done = await home.run("import")
    assert done.code == 0
    assert done.out.splitlines() == [
        "Imported 1 request of 1 session: $0.029",
        "1 line can't be read, and is left out:",
        f"  {transcript}:4: it is not JSON",
        "Claude Code's own sum is another for 1 session:",
        f"  {SESSION}: $0.040, not $0.029",
        "    requests that the transcript does not keep, such as titles, or other prices: $0.011 more",
    ]
    again = await home.run("import", str(transcript))
    assert again.out.splitlines()[:2] == ["Imported nothing new.", "  1 imported before: left out"]


async def test_the_config_directory_is_the_clients(home: Home, transcript: Path) -> None:
    elsewhere = home.directory / "elsewhere"
    (home.directory / ".claude").rename(elsewhere)
    done = await home.run("import", "--json", CLAUDE_CONFIG_DIR=str(elsewhere))
    result = json.loads(done.out, parse_float=Decimal)
    assert (result["imported"], result["cost_usd"], result["sessions"]) == (1, Decimal("0.029363"), [SESSION])
    assert [(line["line"], line["why"]) for line in result["bad_lines"]] == [(4, "it is not JSON")]
    assert result["differences"][0]["client_usd"] == Decimal("0.04")


async def test_a_dry_run_says_what_it_would_do(home: Home, transcript: Path) -> None:
    done = await home.run("import", "--dry-run")
    assert done.out.startswith("Would import 1 request of 1 session: $0.029\n")
    assert (await home.run("sessions", "--json")).out == "[]\n"


async def test_imported_requests_are_marked(home: Home, transcript: Path) -> None:
    await home.run("import")
    assert "1 (1 imported)" in (await home.run("sessions")).out
    assert "ok, imported" in (await home.run("requests")).out
    [request] = json.loads((await home.run("requests", "--json")).out)
    assert (request["imported"], request["rebuilt"], request["route"], request["streamed"]) == (
        "transcript",
        "response",
        None,
        None,
    )
    assert request["request_bytes"] is None
    shown = (await home.run("show", request["id"])).out
    assert "from a transcript of Claude Code; response rebuilt from parts" in shown
    assert "the request is not known" in shown
    exported = (await home.run("export", "--session", SESSION, "--format", "md", "-o", "-")).out
    assert "Imported requests | 1" in exported


async def test_what_can_not_be_imported_is_said(home: Home) -> None:
    missing = await home.run("import", "nowhere.jsonl")
    assert (missing.code, missing.err.strip()) == (
        1,
        "Error: nowhere.jsonl: can't be read: No such file or directory",
    )
    other = home.directory / "notes.txt"
    other.write_text("")
    assert "not a transcript (.jsonl), a HAR file (.har) or a directory" in (await home.run("import", str(other))).err
