"""What the cells of the matrix share: the stand-ins, and candela towards them."""

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from candela_tui.exchange import Exchange
from tests.faults.client import View, asked
from tests.faults.places import Place
from tests.proxy.running import RunningProxy
from tests.standin import Answer, Provider
from tests.standin.bedrock import Bedrock
from tests.standin.vertex import Vertex

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Setting:
    """The stand-ins, and candela towards them."""

    anthropic: Provider
    vertex: Vertex
    bedrock: Bedrock
    candela: RunningProxy

    def stand_in(self, place: Place) -> Provider:
        """The provider of a place."""
        found: Provider = getattr(self, place.stand_in)
        return found

    async def seen(self, place: Place, answer: Answer, *, stream: bool = True) -> tuple[View, Exchange]:
        """What a client sees of an answer through candela, and what is recorded of it."""
        self.stand_in(place).answer(answer)
        return await self.asked(place, place.request(stream=stream))

    async def seen_straight(self, place: Place, answer: Answer, *, stream: bool = True) -> View:
        """What the same client sees of the same bytes without candela."""
        self.anthropic.answer(answer)
        return await asked(port_of(self.anthropic.url), "/v1/messages", place.request(stream=stream))

    async def asked(self, place: Place, body: bytes) -> tuple[View, Exchange]:
        """Ask candela, on a connection of its own."""
        field = new_session()
        view = await asked(self.candela.port, place.path, body, field)
        return view, await self.recorded(field)

    async def recorded(self, session: tuple[str, str]) -> Exchange:
        """The one exchange of a session, once it has ended and is stored."""
        exchange = await self.candela.exchange(lambda each: each.session_id == session[1] and not each.live)
        await self.candela.stored(exchange.id)
        return exchange


def new_session() -> tuple[str, str]:
    """The header field by which the record of one cell is found."""
    return "X-Claude-Code-Session-Id", f"cell-{next(_numbers)}"


def port_of(url: str) -> int:
    """The port in a URL."""
    return int(url.rpartition(":")[2])


@asynccontextmanager
async def setting(
    folder: Path, *, towards: str | None = None, more: dict[str, Any] | None = None, **proxy_settings: Any
) -> AsyncIterator[Setting]:
    """Start the stand-ins and a candela towards them; ``towards`` is a URL that every place has instead of its own.

    ``more`` are further sections of config.toml, ``proxy_settings`` the keys of [proxy].
    """
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in [*os.environ]:
            if name.startswith(("AWS_", "ANTHROPIC_", "GOOGLE_", "CLOUD_ML_", "NODE_EXTRA_")):
                patch.delenv(name)
        # A tenth of a second for each of some hundred cells would be most of their time.
        patch.setattr("candela_tui.proxy.capture.capture._TICK_S", 0.01)
        anthropic = await stack.enter_async_context(Provider())
        vertex = await stack.enter_async_context(Vertex())
        bedrock = await stack.enter_async_context(Bedrock())
        for name, value in (vertex.environment(folder) | bedrock.environment(folder)).items():
            patch.setenv(name, value)
        sections = {"vertex": {"base_url": towards or vertex.url}, "aws": {"base_url": towards or bedrock.url}}
        sections |= more or {}
        candela = RunningProxy(towards or anthropic.url, folder, sections=sections, **proxy_settings)
        yield Setting(anthropic, vertex, bedrock, await stack.enter_async_context(candela))
