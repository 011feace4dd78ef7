"""Header fields named X-Candela-… are between a client and candela: none goes on, in either direction."""

from collections.abc import Callable

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candela_tui.network.header_fields import answer_fields, request_fields
from candela_tui.protocol.headers import HeaderList
from tests.proxy.running import BODY, RunningProxy
from tests.standin import Provider

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~", max_size=20)
CASES: list[Callable[[str], str]] = [str.upper, str.lower, str.title, str.swapcase]


@given(TOKEN, st.sampled_from(CASES), st.text())
def test_no_such_field_goes_on_in_any_spelling(name: str, spelled: Callable[[str], str], value: str) -> None:
    others: HeaderList = [("X-Candel", "1"), ("X-Candelabra", "2"), ("anthropic-beta", "3")]
    own = (spelled(f"x-candela-{name}"), value)
    for go_on in (request_fields, answer_fields):
        assert go_on([others[0], own, *others[1:], own]) == others


@pytest.mark.parametrize("path", ["/v1/messages", "/proxy/anthropic-direct/v1/messages", "/v1/models"])
async def test_the_provider_sees_none(
    candela: RunningProxy, provider: Provider, client: aiohttp.ClientSession, path: str
) -> None:
    headers = {"X-Candela-Project": "secret", "x-CANDELA-estimate": "accept", "X-Candela-New-2027": "1", "X-Other": "1"}
    method, body = ("GET", None) if path.endswith("models") else ("POST", BODY)
    async with client.request(method, f"{candela.origin}{path}", data=body, headers=headers) as answer:
        await answer.read()
    names = [name.lower() for name, _ in (await provider.request(0)).headers]
    assert "x-other" in names
    assert [name for name in names if name.startswith("x-candela")] == []
