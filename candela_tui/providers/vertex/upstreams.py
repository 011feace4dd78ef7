"""Open the upstreams of the routes to Vertex AI."""

from collections.abc import Mapping

from candela_tui.config import Settings, vertex_region
from candela_tui.providers.chat_completions import OpenAi
from candela_tui.providers.identity import RouteName
from candela_tui.providers.package import UpstreamContext
from candela_tui.providers.upstream import Upstream
from candela_tui.providers.vertex.credentials import GoogleCredentials
from candela_tui.providers.vertex.endpoint import vertex_endpoint
from candela_tui.providers.vertex.native import VertexNative
from candela_tui.providers.vertex.upstream import Vertex


def open_upstreams(context: UpstreamContext) -> dict[RouteName, Upstream]:
    """Open the upstream of each route to Vertex AI."""
    settings = context.settings
    google = GoogleCredentials(
        settings.vertex,
        accounts=context.accounts,
        vault_file=context.vault,
        config=context.config,
        tell=context.tell,
    )
    vertex = Vertex(settings, google, context.attempts, context.refusals)
    return {
        RouteName.VERTEX: vertex,
        RouteName.CHAT: OpenAi(vertex, cached=settings.openai.cache_breakpoints),
        RouteName.VERTEX_NATIVE: VertexNative(settings, google),
    }


def destination(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the base URL of Vertex AI. Raises ValueError if the region is invalid."""
    return vertex_endpoint(vertex_region(settings.vertex, environ), settings.vertex.base_url)
