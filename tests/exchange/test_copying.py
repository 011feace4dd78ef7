"""A changed exchange is what dataclasses.replace makes of it."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.exchange import Exchange, with_changes
from tests.store.recording import exchange

NAMES = [field.name for field in fields(Exchange)]


@given(st.dictionaries(st.sampled_from(NAMES), st.integers()))
def test_it_is_what_replace_makes(changes: dict[str, Any]) -> None:
    before = exchange(1)
    made = with_changes(before, **changes)
    assert made == replace(before, **changes)
    assert before == exchange(1)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_can_be_changed(name: str) -> None:
    assert getattr(with_changes(exchange(1), **{name: "other"}), name) == "other"


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="an exchange has no field colour"):
        with_changes(exchange(1), colour="red")
