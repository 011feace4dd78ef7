"""docs/threat-model.md names tests that exist, and at least one for each threat."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "threat-model.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and "| what " not in line]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def names_of(file: str) -> set[str]:
    path = ROOT / file
    if not path.exists():
        return set()
    found = ast.walk(ast.parse(path.read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_threat_has_what_stops_it_and_a_test() -> None:
    assert len(ROWS) > 20
    assert [row[0] for row in ROWS if len(row) != 3 or not NAMED.search(row[2])] == []


def test_each_test_that_it_names_exists() -> None:
    missing = {f"{file}::{name}" for file, name in NAMED.findall(PAGE) if name not in names_of(file)}
    assert missing == set()
    assert PAGE.count("tests/") == len(NAMED.findall(PAGE))
