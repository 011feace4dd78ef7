"""The table of facts: what reads it agrees, and docs/fields.md says what it says."""

from pathlib import Path

import pytest

from candela_tui.exchange.facts import DETAILS, FACTS, Context, Detail, Fact, Unit
from tests.reports.exchanges import exchange

DOCUMENT = (Path(__file__).parents[2] / "docs" / "fields.md").read_text(encoding="utf-8")


def fact_row(fact: Fact) -> str:
    kind = {Unit.TEXT: "string", Unit.FLAG: "boolean"}.get(fact.unit, fact.unit.value)
    about = f"{fact.label[0].upper()}{fact.label[1:]}. {fact.doc}".strip()
    values = f" Values: {', '.join(f'`{value}`' for value in fact.values)}." if fact.values else ""
    return f"| `{fact.name}` | {kind} | {about}{values} |"


def detail_row(detail: Detail) -> str:
    return f"| `{detail.name}` | {detail.json_type} | {detail.doc} |"


def test_the_document_lists_every_fact_and_detail() -> None:
    rows = [line for line in DOCUMENT.splitlines() if line.startswith("| `")]
    assert rows == [*map(fact_row, FACTS), *map(detail_row, DETAILS)]


def test_no_name_is_given_twice() -> None:
    names = [each.name for each in (*FACTS, *DETAILS)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_fact_has_the_type_that_it_says(fact: Fact) -> None:
    value = fact.get(exchange(), Context())
    if value is None:
        return
    if fact.unit.json_type == "number":
        assert not isinstance(value, str | bool)
    else:
        assert isinstance(value, bool if fact.unit is Unit.FLAG else str)
