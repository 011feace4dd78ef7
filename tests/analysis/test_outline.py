"""JSON as the lines that a comparison shows."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.analysis.outline import outline


def lines(value: Any) -> list[str]:
    return list(outline(msgspec.Raw(json.dumps(value).encode())))


def test_a_member_is_a_line_and_text_keeps_its_own_lines():
    value = {"command": "ls", "n": [1, {"deep": True}], "script": "one\n two", "none": {}, "empty": []}
    assert lines(value) == [
        "command: ls",
        "n:",
        "  - 1",
        "  -",
        "    deep: true",
        "script:",
        "  one",
        "   two",
        "none: {}",
        "empty: []",
    ]


def test_text_is_its_lines():
    assert lines("one\n\ntwo") == ["one", "", "two"]


@pytest.mark.parametrize("data", ["A" * 5_000, "word " * 100_000])
def test_data_and_endless_text_are_told_by_size_and_digest(data):
    (line,) = lines({"data": data})
    (other,) = lines({"data": data[:-1] + "B"})
    assert f"{len(data) + 2:,} bytes" in line
    assert line != other


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_any_value_has_a_line_at_least_and_none_with_a_newline(value):
    assert lines(value)
    assert not any("\n" in line for line in lines(value))


def test_depth_without_end_is_no_trouble():
    deep = b"[" * 300 + b"]" * 300
    assert len(list(outline(msgspec.Raw(deep)))) < 300


@given(st.binary(max_size=60))
def test_no_bytes_can_crash_it(body):
    list(outline(msgspec.Raw(body)))
