"""Which cache lifetimes a request is read to ask for."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.protocol.cache_control import asked_lifetimes

FIVE_MINUTES = {"type": "ephemeral"}
ONE_HOUR = {"type": "ephemeral", "ttl": "1h"}


def lifetimes(body: bytes) -> set[str]:
    found: set[str] = set()
    for _ in asked_lifetimes(body, found):
        pass
    return found


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    "request_with",
    [
        lambda mark: {"system": [{"type": "text", "text": "a", "cache_control": mark}]},
        lambda mark: {"tools": [{"name": "Bash", "cache_control": mark}]},
        lambda mark: {
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": mark}]}]
        },
        lambda mark: {"cache_control": mark},
    ],
)
def test_a_mark_counts_wherever_it_is(request_with, indent):
    assert lifetimes(json.dumps(request_with(FIVE_MINUTES), indent=indent).encode()) == {"5m"}
    assert lifetimes(json.dumps(request_with(ONE_HOUR), indent=indent).encode()) == {"1h"}


def test_text_that_speaks_of_marks_is_none():
    text = json.dumps({"cache_control": ONE_HOUR})
    assert lifetimes(json.dumps({"messages": [{"role": "user", "content": text}]}).encode()) == set()


@pytest.mark.parametrize("mark", [{"type": "object"}, {"type": "ephemeral", "ttl": "9y"}, {"type": ["ephemeral"]}, {}])
def test_what_is_no_mark_of_the_api_counts_for_nothing(mark):
    assert lifetimes(json.dumps({"cache_control": mark}).encode()) == set()
    assert lifetimes(json.dumps({"cache_control": {"type": "ephemeral", "ttl": [mark]}}).encode()) == set()


@given(before=st.integers(0, 300_000), between=st.integers(0, 300_000))
def test_no_place_in_a_long_body_hides_a_mark(before: int, between: int) -> None:
    def filler(length: int) -> dict[str, Any]:
        return {"type": "text", "text": "x" * length}

    blocks = [filler(before), {"cache_control": ONE_HOUR}, filler(between), {"cache_control": FIVE_MINUTES}]
    assert lifetimes(json.dumps({"messages": blocks}).encode()) == {"5m", "1h"}


@given(st.binary(max_size=300))
def test_no_bytes_can_crash_it(body: bytes) -> None:
    lifetimes(b'{"cache_control": {' + body + b"}")
