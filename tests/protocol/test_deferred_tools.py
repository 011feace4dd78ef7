"""Which tools the conversation loaded."""

import json

from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.deferred_tools import referenced_tools


def found(message: object) -> list[str]:
    return list(referenced_tools(json.dumps(message).encode()))


def test_a_reference_names_its_tool_wherever_it_stands():
    result = [{"type": "tool_reference", "tool_name": "a"}, {"tool_name": "b", "type": "tool_reference"}]
    assert found({"role": "user", "content": [{"type": "tool_result", "content": result}]}) == ["a", "b"]


def test_a_change_of_tools_and_a_reference_without_a_name_load_nothing():
    assert found([{"type": "tool_removal", "tool": {"type": "tool_reference", "name": "a"}}]) == []
    assert found([{"type": "tool_reference", "tool_name": 5}]) == []


@given(st.text())
def test_no_text_is_taken_for_a_reference(text):
    assert found({"text": text + '{"type":"tool_reference","tool_name":"a"}' + text}) == []


@given(st.binary())
def test_no_bytes_fail_to_be_read(data):
    list(referenced_tools(data + b'"tool_reference"' + data))
