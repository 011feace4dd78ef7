"""What a page and a dashboard process say to each other, whatever it is."""

import asyncio
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.proxy.browser.packets import (
    BrokenPacket,
    for_driver,
    for_page,
    from_page,
    meta,
    packet,
    read_packet,
    read_until_ready,
)


async def _packets(data: bytes) -> list[tuple[bytes, bytes]]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while (one := await read_packet(reader)) is not None:
        found.append(one)
    return found


@given(st.lists(st.tuples(st.sampled_from([b"D", b"M", b"P"]), st.binary(max_size=300))))
def test_packets_are_read_as_they_were_written(sent: list[tuple[bytes, bytes]]) -> None:
    assert asyncio.run(_packets(b"".join(packet(*one) for one in sent))) == sent


@given(st.binary(max_size=200))
def test_no_bytes_of_a_process_raise_anything_but_a_broken_packet(data: bytes) -> None:
    try:
        found = asyncio.run(_packets(data))
    except BrokenPacket:
        return
    for kind, payload in found:
        if kind == b"M":
            with contextlib.suppress(BrokenPacket):
                for_page(payload)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr))
def test_no_message_of_a_page_raises(text: str) -> None:
    for_driver(from_page(text))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (["stdin", "é"], packet(b"D", "é".encode())),
        (["resize", {"width": 120, "height": 36}], meta("resize", width=120, height=36)),
        (["resize", {"width": 10**9, "height": -1}], meta("resize", width=1000, height=2)),
        (["focus"], meta("focus")),
        (["blur"], meta("blur")),
        (["resize", {"width": "120", "height": 36}], None),
        (["stdin", 7], None),
        (["quit"], None),
        ([], None),
    ],
)
def test_a_page_types_resizes_and_has_the_focus_and_no_more(message: list[Any], expected: bytes | None) -> None:
    assert for_driver(message) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (b'{"type":"exit"}', ("exit", None)),
        (
            b'{"type":"open_url","url":"https://a.example","new_tab":false}',
            ("open_url", '["open_url",{"url":"https://a.example","new_tab":false}]'),
        ),
        (b'{"type":"open_url","url":"javascript:alert(1)"}', ("open_url", None)),
        (b'{"type":"deliver_file_start","key":"k"}', ("deliver_file_start", None)),
    ],
)
def test_a_process_opens_web_addresses_and_no_other_links(told: bytes, expected: tuple[str, str | None]) -> None:
    assert for_page(told) == expected


async def test_what_is_printed_before_the_first_packet_is_skipped() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"a warning\n__GANGLION__\nD\0\0\0\1x")
    reader.feed_eof()
    assert await read_until_ready(reader)
    assert await read_packet(reader) == (b"D", b"x")
    assert not await read_until_ready(reader)
