"""docs/dependencies.md has a reason for each dependency, and the code imports no others."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGE = (ROOT / "docs" / "dependencies.md").read_text()
MODULES = {"azure": "azure-identity", "google": "google-auth", "opentelemetry": "opentelemetry-sdk", "grpc": "grpcio"}
"""The packages of modules that are not named like them."""


def names(requirements: Iterable[str]) -> list[str]:
    return [re.match(r"[\w.-]+", requirement)[0] for requirement in requirements]  # type: ignore[index]


def table(heading: str) -> list[list[str]]:
    """The cells of each row of the table below a heading."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    return rows[1:]


def first_words(rows: list[list[str]], column: int = 0) -> list[str]:
    return [row[column].strip("`") for row in rows]


def imported() -> Iterator[str]:
    for file in (ROOT / "candela_tui").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module


def test_each_dependency_has_a_row_with_its_reason_in_the_order_of_the_alphabet() -> None:
    rows = table("Always installed")
    assert first_words(rows) == sorted(names(PROJECT["project"]["dependencies"]))
    assert all(len(row) == 3 and all(row) for row in rows)


def test_each_extra_has_its_rows() -> None:
    rows = table("Extras")
    wanted = [(extra, name) for extra, of in PROJECT["project"]["optional-dependencies"].items() for name in names(of)]
    assert list(zip(first_words(rows), first_words(rows, 1), strict=True)) == wanted


def test_each_package_of_the_tests_has_a_row() -> None:
    wanted = {name for group in PROJECT["dependency-groups"].values() for name in names(group)}
    assert first_words(table("For the tests")) == sorted(wanted)


def test_the_code_imports_no_package_that_the_page_does_not_name() -> None:
    modules = {name.partition(".")[0] for name in imported()} - set(sys.stdlib_module_names) - {"candela_tui"}
    packages = {MODULES.get(name, name.replace("_", "-")) for name in modules} - {"pydantic-core"}
    section = PAGE.partition("\n## For the tests\n")[0]
    assert packages - set(re.findall(r"`([\w-]+)`", section)) == set()


def test_every_dependency_is_bounded() -> None:
    groups = PROJECT["dependency-groups"].values()
    every = [*PROJECT["project"]["dependencies"], *(one for group in groups for one in group)]
    assert [one for one in every if not re.search(r">=(\d+!)?[\d.]+,<(\d+!)?[\d.]+", one)] == []
