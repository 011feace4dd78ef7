"""Which way each route leads."""

import aiohttp

from candela_tui.config import Settings
from candela_tui.credentials.accounts import Accounts
from candela_tui.credentials.anthropic import AnthropicKey
from candela_tui.credentials.aws import AwsCredentials
from candela_tui.credentials.google import GoogleCredentials
from candela_tui.credentials.state import TellState
from candela_tui.paths import Paths
from candela_tui.proxy.outgoing import Upstream
from candela_tui.proxy.upstreams.bedrock import Bedrock
from candela_tui.proxy.upstreams.bedrock_native import BedrockNative
from candela_tui.proxy.upstreams.direct import Direct
from candela_tui.proxy.upstreams.openai import OpenAi
from candela_tui.proxy.upstreams.vertex import Vertex
from candela_tui.proxy.upstreams.vertex_native import VertexNative


def open_upstreams(
    settings: Settings, session: aiohttp.ClientSession, paths: Paths | None, tell: TellState
) -> dict[str, Upstream]:
    """An upstream for each route, by its name. Whoever opens them closes each once. ``tell`` is called whenever a
    provider's credentials stand otherwise. Without ``paths`` nobody has signed in."""
    accounts = Accounts(paths.accounts) if paths else None
    vault = paths.vault if paths else None
    config = paths.config if paths else None
    key = AnthropicKey(settings.anthropic, accounts, vault, tell) if accounts and vault else None
    google = GoogleCredentials(settings.vertex, accounts=accounts, vault_file=vault, config=config, tell=tell)
    aws = AwsCredentials(settings.aws, accounts=accounts, vault_file=vault, config=config, tell=tell)
    vertex = Vertex(settings, google, session)
    return {
        "anthropic-direct": Direct(settings.anthropic.base_url, key),
        "anthropic-vertex": vertex,
        "anthropic": OpenAi(vertex, cached=settings.openai.cache_breakpoints),
        "vertex": VertexNative(settings, google),
        "anthropic-bedrock": Bedrock(settings, aws, session),
        "bedrock": BedrockNative(settings, aws),
    }
