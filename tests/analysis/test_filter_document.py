"""docs/filter.md is true: it lists every field as the table has it, and its examples are filters."""

import re
from pathlib import Path

import pytest

from candela_tui.analysis.filter import parse
from candela_tui.analysis.filter_fields import FIELDS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "filter.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.+?) \| `(.+?)` \| (.+?) \|$", DOCUMENT, re.MULTILINE)
"""Name, what it looks at, an example, and values or units."""
EXAMPLES = re.findall(r"^(\S.*?) {2,}\S", DOCUMENT.split("```")[1], re.MULTILINE)


def test_every_field_is_listed_as_it_is() -> None:
    assert {name: (about, example) for name, about, example, _ in ROWS} == {
        name: (field.about, field.example) for name, field in FIELDS.items()
    }


def test_every_value_and_unit_is_listed() -> None:
    assert {name: tuple(re.findall(r"`(.+?)`", values)) for name, _, _, values in ROWS} == {
        name: field.values if field.units is None else field.units for name, field in FIELDS.items()
    }


@pytest.mark.parametrize("text", [*EXAMPLES, *(example for _, _, example, _ in ROWS)])
def test_every_example_is_a_filter(text: str) -> None:
    assert parse(text)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 5
