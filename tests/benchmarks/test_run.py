"""A tiny run of the real command, through real programs. It asserts that figures come, not how large they are."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import MEASUREMENTS

ROOT = Path(__file__).parents[2]


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_tells_each_figure_of_each_target(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    some = ("--cases", "one,mapped-one", "--targets", "serve", "--history", "20", "--document", str(document))
    told = _run("--quick", "--rounds", "1", *some)
    first, _, mapped = told.partition("Mapped, one at a time (90 KB")
    assert "candela serve" in first
    assert "of bare aiohttp" in first
    assert "candela to Vertex AI" in mapped
    assert "candela to Bedrock" in mapped
    assert "gave up" not in told
    assert "### Mapped, one at a time" in document.read_text()
    assert "</svg>" in (tmp_path / "performance.svg").read_text()


def test_the_help_lists_what_can_be_measured() -> None:
    assert "memory" in _run("--help")


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_each_measurement_takes_arguments(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main(["--help"])
    assert ended.value.code == 0
    assert "usage:" in capsys.readouterr().out
