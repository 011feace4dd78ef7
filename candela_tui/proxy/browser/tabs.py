"""All tabs: how many there are, and their end."""

import asyncio
import contextlib
from collections.abc import Sequence

from aiohttp import WSCloseCode, WSMsgType, web

from candela_tui.proxy.browser import packets
from candela_tui.proxy.browser.tab import Tab

MOST_TABS = 8
"""Each has a process of about 100 MB."""
_HEARTBEAT_S = 15.0
_MOST_MESSAGE = 4 * 1024 * 1024
_TOO_MANY = f"There are {MOST_TABS} dashboards in browsers already. Close one of them, and open this one again.\r\n"


class Tabs:
    """Runs a dashboard for each WebSocket, until ``close``."""

    def __init__(self, command: Sequence[str]) -> None:
        """``command`` starts a dashboard that is attached to this candela."""
        self._command = command
        self._open: set[Tab] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False

    async def serve(self, request: web.BaseRequest, width: int, height: int) -> web.StreamResponse:
        """Show a dashboard at the other end of a WebSocket until either ends."""
        page = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, compress=False, max_msg_size=_MOST_MESSAGE)
        await page.prepare(request)
        if self._closed or len(self._open) >= MOST_TABS:
            await page.send_bytes(_TOO_MANY.encode())
            await page.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return page
        tab = Tab(self._command, width, height)
        self._open.add(tab)
        # The process outlives a handler that is cancelled because its browser is gone, for as long as it needs to quit.
        running = asyncio.create_task(_run(tab, page), name="tab")
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            async for message in page:
                if message.type is WSMsgType.TEXT:
                    told = packets.from_page(message.data)
                    if told[:1] == ["ping"]:
                        await page.send_json(["pong", *told[1:2]])
                    else:
                        await tab.take(told)
        except ConnectionError:
            pass
        finally:
            self._open.discard(tab)
            tab.end()
        return page

    async def close(self) -> None:
        """End all tabs and wait for their processes."""
        self._closed = True
        for tab in self._open:
            tab.end()
        if self._running:
            await asyncio.wait(self._running)


async def _run(tab: Tab, page: web.WebSocketResponse) -> None:
    await tab.run(page)
    with contextlib.suppress(ConnectionError):
        await page.close()
