"""[proxy] providers: which routes are open."""

from candela_tui.config import Settings
from candela_tui.providers.identity import ROUTES
from candela_tui.proxy.routes import Routes


def routes(*providers: str, default_route: str = "anthropic-direct") -> Routes:
    return Routes(Settings.model_validate({"proxy": {"providers": providers, "default_route": default_route}}))


def test_without_providers_every_route_is_open() -> None:
    assert routes().names == [route.prefix for route in ROUTES]


def test_with_some_only_theirs_are() -> None:
    some = routes("bedrock", "direct")

    assert some.names == ["/proxy/anthropic-direct", "/proxy/anthropic-bedrock", "/bedrock"]
    assert some.resolve("/proxy/anthropic-vertex/v1/messages") is None
    assert some.resolve("/proxy/anthropic-bedrock/v1/messages") is not None
    assert some.resolve("/v1/messages") is not None


def test_the_bare_url_is_closed_with_its_provider() -> None:
    assert routes("bedrock").resolve("/v1/messages") is None
    assert routes("bedrock", default_route="anthropic-bedrock").resolve("/v1/messages") is not None
