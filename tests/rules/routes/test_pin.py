"""X-Candela-Route chooses the provider of a request, and never leaves candela."""

from collections.abc import Awaitable, Callable

import pytest

from candela_tui.exchange import Outcome
from candela_tui.providers.identity import RouteName
from candela_tui.rules.routes.pin import Pin
from tests.faults.client import Client, View
from tests.faults.places import BEDROCK, CHAT, DIRECT, PLACES, VERTEX, Place
from tests.faults.setting import Setting, new_session
from tests.rules.routes.conftest import CHAIN
from tests.standin import Provider, error

Ruled = Callable[..., Awaitable[Setting]]
PIN = "X-Candela-Route"


async def asked(here: Setting, place: Place, *fields: tuple[str, str]) -> View:
    async with Client(here.candela.port) as client:
        client.ask(place.path, place.request(), *fields)
        return await client.answer()


def requests(of: Provider) -> list[str]:
    """The paths of what a stand-in got, without what is for its credentials."""
    return [request.path for request in of.requests if "messages" in request.path or "model" in request.path]


@pytest.mark.parametrize(
    ("word", "route"),
    [
        ("bedrock", RouteName.BEDROCK),
        ("Bedrock ", RouteName.BEDROCK),
        ("anthropic-bedrock", RouteName.BEDROCK),
        ("anthropic", RouteName.DIRECT),
        ("direct", RouteName.DIRECT),
        ("vertex", RouteName.VERTEX),
        ("claude_aws", RouteName.CLAUDE_AWS),
        ("claude-aws", RouteName.CLAUDE_AWS),
        ("", None),
    ],
)
def test_a_route_has_several_names(word: str, route: RouteName | None) -> None:
    assert Pin().route([("x-candela-route", word)]) == route
    assert Pin(["X-Other"]).route([("X-OTHER", word)]) == route
    assert Pin().route([("X-Other", word)]) is None


@pytest.mark.parametrize("own", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize("chosen", [DIRECT, BEDROCK, VERTEX], ids=lambda place: place.name)
async def test_it_chooses_the_provider_without_any_rule(ruled: Ruled, own: Place, chosen: Place) -> None:
    here = await ruled()
    session = new_session()
    view = await asked(here, own, (PIN, chosen.name), session)
    exchange = await here.recorded(session)
    assert (view.status, own.last in view.body) == (200, True)
    assert (exchange.provider, exchange.route, exchange.outcome) == (
        chosen.stand_in,
        RouteName.CHAT if own is CHAT else f"anthropic-{own.name}",
        Outcome.OK,
    )
    for stand_in in (here.anthropic, here.vertex, here.bedrock):
        assert bool(requests(stand_in)) == (stand_in is here.stand_in(chosen))
        assert all(request.header(PIN) is None for request in stand_in.requests)
    elsewhere = here.stand_in(own) is not here.stand_in(chosen)
    assert [each.action for each in exchange.rules] == ["route"] * elsewhere


async def test_other_names_of_the_field_are_not_sent_either(ruled: Ruled) -> None:
    here = await ruled(routes={"headers": ["X-Respan-Route-Provider"]})
    assert (await asked(here, DIRECT, ("x-respan-route-provider", "bedrock"))).status == 200
    assert (await asked(here, DIRECT, ("x-respan-route-provider", "anthropic"))).status == 200
    assert len(here.bedrock.invocations) == len(here.anthropic.requests) == 1
    for request in (*here.bedrock.requests, *here.anthropic.requests):
        assert request.header("x-respan-route-provider") is None


async def test_a_name_that_no_setting_lists_is_like_any_other_field(ruled: Ruled) -> None:
    here = await ruled()
    await asked(here, DIRECT, ("x-respan-route-provider", "bedrock"))
    assert here.anthropic.requests[0].header("x-respan-route-provider") == "bedrock"


async def test_a_pinned_request_goes_to_no_other_provider(ruled: Ruled) -> None:
    here = await ruled(fallback=CHAIN)
    here.bedrock.answer(here.bedrock.throttled())
    assert (await asked(here, DIRECT, (PIN, "bedrock"))).status == 429
    assert here.anthropic.requests == []


async def test_an_unknown_route_is_refused_with_the_names_that_there_are(ruled: Ruled) -> None:
    here = await ruled()
    session = new_session()
    view = await asked(here, DIRECT, (PIN, "moon"), session)
    assert view.status == 402
    assert view.json["error"]["message"] == (
        "candela can't choose the provider: the header field X-Candela-Route must be direct, vertex, bedrock, mantle,"
        " claude-aws, foundry or claude-google-cloud."
    )
    assert (await here.recorded(session)).outcome is Outcome.BLOCKED
    assert here.anthropic.requests == []


async def test_the_rules_about_models_hold_for_it(ruled: Ruled) -> None:
    here = await ruled(models={"deny": ["claude-opus-*"]})
    assert (await asked(here, DIRECT, (PIN, "bedrock"))).status == 402
    assert here.bedrock.requests == []


async def test_the_list_of_models_is_that_of_the_provider(ruled: Ruled) -> None:
    here = await ruled()
    here.anthropic.respond = lambda _: error(500, "not this one")
    async with Client(here.candela.port) as client:
        client.writer.write(
            b"GET /proxy/anthropic-direct/v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Candela-Route: bedrock\r\n\r\n"
        )
        head = await client.reader.readuntil(b"\r\n")
    assert b" 200 " in head
