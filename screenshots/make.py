"""Makes the README's pictures from the demo, without a terminal: ``uv run python screenshots/make.py [DIRECTORY]``.

The real proxy, store and dashboard; only the provider and the sessions are simulated. Takes a good minute.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from pathlib import Path

from page_picture import shoot_page
from textual.pilot import Pilot

from candela_tui.analysis.retries import Call, calls
from candela_tui.cli.invocation import Invocation
from candela_tui.cli.process.engine import Engine
from candela_tui.cli.process.port import take_port
from candela_tui.config import AnthropicSettings, Settings
from candela_tui.demo.play import Demo
from candela_tui.exchange import Exchange
from candela_tui.store.reader import StoreReader
from candela_tui.ui.app import CandelaApp
from candela_tui.ui.screens.dashboard.selection import Selection
from candela_tui.ui.state.proxy_status import ProxyStatus
from candela_tui.ui.widgets.rows.row_list import RowList

_DEFAULTS = Settings()
_STATUS = ProxyStatus(
    address=f"127.0.0.1:{_DEFAULTS.proxy.port}",
    route=_DEFAULTS.proxy.default_route,
    base_url=_DEFAULTS.anthropic.base_url,
)
_SESSION = "Fix flaky scheduler test"
_PATIENCE_S = 180
_LOOK_EVERY_S = 0.1


class _Camera:
    """One dashboard of some size, and where its pictures go."""

    def __init__(self, app: CandelaApp, pilot: Pilot[int], directory: Path) -> None:
        self._app = app
        self._pilot = pilot
        self._directory = directory

    async def shoot(self, name: str) -> None:
        """Take the picture once everything has settled."""
        await self._pilot.pause()
        picture = self._app.export_screenshot(title="candela")
        # Some renderers drop spaces at the edges of a text, and none may have to load a font from elsewhere.
        picture = picture.replace("<svg ", '<svg xml:space="preserve" ', 1)
        picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
        (self._directory / name).write_text(picture, encoding="utf-8")

    async def press(self, *keys: str) -> None:
        """Press keys, by Textual's names."""
        await self._pilot.press(*keys)

    async def choose_session(self, title: str, ready: Callable[[list[Exchange]], bool]) -> list[Exchange]:
        """Choose the session of this title once its exchanges, oldest first, are as the picture needs; return them."""
        loaded = self._app.sources.loaded
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                # Once over, the story is played again, as "Run 2: …".
                for session in loaded.sessions():
                    exchanges = loaded.requests(session.session_id)
                    if (session.title or "").endswith(title) and ready(exchanges):
                        self._move("#session-rows", Selection(session.session_id))
                        await self._pilot.pause()
                        return exchanges
                await self._pilot.pause(_LOOK_EVERY_S)

    async def open(self, call: Call, page: int) -> None:
        """Open a call of the chosen session, on the page of this number."""
        self._move("#request-rows", call.tries[0].id)
        await self._pilot.press("enter", str(page))

    def _move(self, rows: str, key: Hashable) -> None:
        found = self._app.screen.query_one(rows, RowList).move_to(key)
        assert found, f"no row {key} in {rows}"


@asynccontextmanager
async def _camera(
    engine: Engine, history: StoreReader, directory: Path, size: tuple[int, int]
) -> AsyncIterator[_Camera]:
    app = CandelaApp(feed=engine.feed, history=history, status=_STATUS)
    async with app.run_test(size=size) as pilot:
        yield _Camera(app, pilot, directory)


def _far_into_it(exchanges: list[Exchange]) -> bool:
    return len(exchanges) > 18 and exchanges[-1].live and exchanges[-1].output_characters > 0


def _ended(exchanges: list[Exchange]) -> bool:
    return len(exchanges) > 18 and not any(each.live for each in exchanges)


async def _make(engine: Engine, history: StoreReader, directory: Path) -> None:
    async with _camera(engine, history, directory, (200, 50)) as camera:
        await camera.choose_session(_SESSION, _far_into_it)
        await camera.shoot("dashboard-200x50.svg")
        await camera.press("T", "T")
        await camera.shoot("agents.svg")
    async with _camera(engine, history, directory, (120, 36)) as camera:
        exchanges = await camera.choose_session(_SESSION, _far_into_it)
        await camera.shoot("dashboard.svg")
        retried = next(call for call in reversed(calls(exchanges)) if len(call.tries) > 1)
        await camera.open(retried, page=1)
        await camera.shoot("request.svg")
        await camera.press("2", "G")
        await camera.shoot("messages.svg")
        await camera.press("5")
        await camera.shoot("response.svg")
        await camera.press("d")
        await camera.shoot("compare.svg")
    async with _camera(engine, history, directory, (80, 24)) as camera:
        await camera.choose_session(_SESSION, bool)
        await camera.shoot("dashboard-80x24.svg")
        exchanges = await camera.choose_session(_SESSION, _ended)
    await asyncio.to_thread(shoot_page, exchanges, history, directory)


def main() -> None:
    """Play the demo and take the pictures."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    directory.mkdir(parents=True, exist_ok=True)
    demo = Demo()
    with tempfile.TemporaryDirectory(prefix="candela-pictures-") as data:
        invocation = Invocation(Path(data) / "config.toml", Path(data))
        provider = AnthropicSettings(base_url=demo.start_provider())
        engine = Engine(Settings(anthropic=provider), invocation, take_port(0))
        engine.start()
        history = StoreReader(invocation.paths.store)
        try:
            demo.start_client(f"http://{engine.address}", engine.feed.notify)
            asyncio.run(_make(engine, history, directory))
        finally:
            demo.stop()
            engine.stop()
            history.close()


if __name__ == "__main__":
    main()
