"""The question why the cache missed, in a request: the field is added, and nothing else changes."""

import json
from typing import Any

import pytest

from candela_tui.protocol.cache_diagnosis import asking_for_reason

MARKED: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}],
}


def test_the_field_is_added_and_every_other_byte_stays() -> None:
    body = json.dumps(MARKED, indent=1).encode()
    asking = asking_for_reason(body, "msg_1")
    assert asking is not None
    assert json.loads(asking) == {**MARKED, "diagnostics": {"previous_message_id": "msg_1"}}
    assert asking.endswith(body[1:])


def test_a_first_request_opts_in() -> None:
    assert json.loads(asking_for_reason(json.dumps(MARKED).encode(), None) or b"")["diagnostics"] == {
        "previous_message_id": None
    }


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "messages": []},
        {**MARKED, "diagnostics": {"previous_message_id": "msg_0"}},
        [MARKED],
        "cache_control",
    ],
    ids=["without marks", "asks itself", "list", "text"],
)
def test_there_is_nothing_to_ask(body: Any) -> None:
    assert asking_for_reason(json.dumps(body).encode(), "msg_1") is None


def test_a_field_without_an_id_gets_it() -> None:
    body = json.dumps({**MARKED, "diagnostics": {"previous_message_id": None}}).encode()
    assert json.loads(asking_for_reason(body, "msg_1") or b"")["diagnostics"] == {"previous_message_id": "msg_1"}
    assert asking_for_reason(body, None) is None


def test_the_name_inside_a_tool_is_not_the_field() -> None:
    body = {**MARKED, "tools": [{"name": "ide", "input_schema": {"properties": {"diagnostics": {}}}}]}
    asking = asking_for_reason(json.dumps(body).encode(), "msg_1")
    assert json.loads(asking or b"") == {**body, "diagnostics": {"previous_message_id": "msg_1"}}


def test_what_is_not_json_is_left_alone() -> None:
    assert asking_for_reason(b'{"cache_control" "diagnostics"', "msg_1") is None
