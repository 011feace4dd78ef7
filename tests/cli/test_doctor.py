"""``candela doctor`` as its user runs it."""

import json

import pytest

from tests.cli.command import Home
from tests.cli.test_start_up import imported_by


async def test_it_says_what_is_wrong_with_its_fix_and_fails(home: Home) -> None:
    home.with_programs(claude="echo '2.1.332 (Claude Code)'")
    ran = await home.run("doctor", ANTHROPIC_BASE_URL=f"http://127.0.0.1:{home.port}")
    assert ran.code == 1
    assert ran.err == ""
    assert f"  ! candela: not running: nothing listens on 127.0.0.1:{home.port}\n    → Start it: " in ran.out
    assert "  ✗ ANTHROPIC_BASE_URL: this shell points at candela" in ran.out
    assert "1 problem: Claude Code started here reaches nothing." in ran.out.splitlines()[-1]


async def test_with_a_candela_that_runs_and_a_provider_that_answers_nothing_is_wrong(home: Home) -> None:
    home.with_programs(claude="echo '2.1.197 (Claude Code)'")
    await home.run("start")
    base_url = f"http://127.0.0.1:{home.port}/proxy/anthropic-direct"
    ran = await home.run(
        "doctor", "--json", ANTHROPIC_BASE_URL=base_url, ANTHROPIC_API_KEY="k", ENABLE_TOOL_SEARCH="true"
    )
    document = json.loads(ran.out)
    states = {check["id"]: check["state"] for check in document["checks"]}
    assert [name for name, state in states.items() if state == "bad"] == []
    assert (ran.code, document["ok"]) == (0, True)
    for name in ("proxy.port", "client.base-url", "client.version", "provider.anthropic", "data.store"):
        assert states[name] == "ok", name
    assert list(document["checks"][0]) == ["id", "title", "state", "words", "fix"]


async def test_mistakes_in_the_settings_do_not_keep_it_from_looking(home: Home) -> None:
    home.config.write_text("[proxy]\nidle_timeout_s = 'long'\n[nosuch]\nx = 1\n")
    ran = await home.run("doctor", "--json", "--offline")
    [check] = [check for check in json.loads(ran.out)["checks"] if check["id"] == "data.config"]
    assert (ran.code, check["state"]) == (1, "bad")
    assert "proxy.idle_timeout_s: expected a number" in check["words"]
    assert "nosuch: no such section" in check["words"]


async def test_offline_no_provider_hears_of_it(home: Home) -> None:
    ran = await home.run("doctor", "--offline")
    assert "not asked (--offline)" in ran.out


@pytest.mark.parametrize("name", ["report.md", "report.json"])
async def test_the_report_is_a_new_file_without_the_home(home: Home, name: str) -> None:
    report = home.directory / name
    ran = await home.run("doctor", "--offline", "--report", str(report))
    assert f"The report is in {report}." in ran.err
    text = report.read_text()
    assert str(home.directory) not in text
    assert "~" in text
    if name.endswith(".json"):
        assert json.loads(text)["checks"]
    else:
        assert text.startswith("# candela doctor, ")
    again = await home.run("doctor", "--offline", "--report", str(report))
    assert (again.code, again.out) == (1, "")
    assert "the file already exists" in again.err
    assert report.read_text() == text


async def test_its_help_imports_no_heavy_package(home: Home) -> None:
    assert imported_by(home, "doctor", "--help") == []
