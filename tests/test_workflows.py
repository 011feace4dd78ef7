"""The workflows run what CONTRIBUTING.md names, on every Python, with pinned actions and few permissions."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOWS = {path.stem: path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml")}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_an_action_is_pinned_by_its_commit_and_says_its_version(name: str) -> None:
    used = re.findall(r"uses: (.+)", WORKFLOWS[name])
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_one_action_has_one_version_everywhere() -> None:
    used = {one for text in WORKFLOWS.values() for one in re.findall(r"uses: (.+)", text)}
    assert len({one.partition("@")[0] for one in used}) == len(used)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_has_no_permission_but_those_it_names(name: str) -> None:
    text = WORKFLOWS[name]
    assert "\npermissions: {}\n" in text
    written = set(re.findall(r"(\w[\w-]*): write", text))
    assert written == ({"id-token", "contents"} if name == "release" else set())
    assert "pull_request_target" not in text
    assert "secrets." not in text
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


def test_the_tests_run_on_every_python_that_candela_names_and_on_linux_and_macos() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [one.rpartition(" ")[2] for one in project["classifiers"] if re.search(r":: 3\.\d+$", one)]
    listed = re.search(r"python: \[(.+)\]", WORKFLOWS["checks"])
    assert listed is not None
    assert re.findall(r"[\d.]+", listed[1]) == named
    assert "os: [ubuntu-latest, macos-latest]" in WORKFLOWS["checks"]


def test_every_check_of_the_guide_is_run() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text().partition("## Check\n")[2].partition("```\n")[0]
    wanted = {command.strip() for command in re.findall(r"uv run (?:ruff|mypy|lint-imports)[^#&\n]*", guide)}
    assert len(wanted) == 4
    assert {command for command in wanted if f"run: {command}\n" not in WORKFLOWS["checks"]} == set()
    assert "run: .ci/run\n" in WORKFLOWS["checks"]
