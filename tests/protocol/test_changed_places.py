"""The places in which two documents differ are named by member and item; layout is no difference."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.changed_places import changed_places, compact

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.text(min_size=1), VALUES, max_size=5)


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ({"model": "a", "x": 1}, {"model": "b", "x": 1}, ["model"]),
        ({"messages": [1, 2, 3]}, {"messages": [1, 5, 3]}, ["messages[1]"]),
        ({"messages": [1]}, {"messages": [1, 2]}, ["messages[1]"]),
        ({"messages": [1, 2]}, {"messages": []}, ["messages[0]", "messages[1]"]),
        ({"system": "a"}, {"system": ["a"]}, ["system[0]"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"a": []}, {"a": {}}, ["a"]),
        ([], {}, ["body"]),
    ],
)
def test_each_place_is_named(before: Any, after: Any, places: list[str]) -> None:
    assert changed_places(json.dumps(before).encode(), json.dumps(after).encode()) == places


@given(DOCUMENTS)
def test_layout_is_no_difference(document: dict[str, Any]) -> None:
    one, other = json.dumps(document).encode(), json.dumps(document, indent=3).encode()
    assert changed_places(one, other) == []
    assert compact(one) == compact(other)


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_named_differs_and_nothing_else_does(before: dict[str, Any], after: dict[str, Any]) -> None:
    named = {
        place.partition("[")[0] for place in changed_places(json.dumps(before).encode(), json.dumps(after).encode())
    }
    missing = object()
    differ = {
        name
        for name in before | after
        if name not in before or name not in after or json.dumps(before.get(name, missing)) != json.dumps(after[name])
    }
    if not any("[" in name for name in before | after):
        assert named == differ
