"""A tiny run of the real command, through real programs. It asserts that figures come, not how large they are."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_prints_each_figure_of_each_target() -> None:
    told = _run("--quick", "--rounds", "1", "--history", "20", "--cases", "one,mapped-one", "--targets", "serve")
    first, _, mapped = told.partition("Mapped, one at a time (90 KB")
    assert "candela serve" in first
    assert "of bare aiohttp" in first
    assert "candela serve to Vertex AI" in mapped
    assert "candela serve to Bedrock" in mapped
    assert "gave up" not in told


def test_the_help_lists_what_can_be_measured() -> None:
    assert "memory" in _run("--help")
