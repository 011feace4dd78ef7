"""The dashboard in browsers, opened when it is first asked for: most never do."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from candela_tui.api_root import PAGE_ROOT

if TYPE_CHECKING:
    from candela_tui.proxy.browser.page import DashboardPage


class PageOnDemand:
    """Makes what shows dashboards in browsers, once."""

    def __init__(self, token: Callable[[], str | None], port: int, dashboard: Sequence[str]) -> None:
        """``token`` returns that of the local API. ``dashboard`` is the command for a dashboard, empty for none."""
        self._token = token
        self._port = port
        self._dashboard = dashboard
        self._page: DashboardPage | None = None

    def opened(self) -> "DashboardPage | None":
        """Return what shows dashboards in browsers, or None if there is no command for one."""
        if self._page is None and self._dashboard:
            from candela_tui.proxy.browser.access import Access
            from candela_tui.proxy.browser.page import DashboardPage

            self._page = DashboardPage(Access(self._token, self._port), self._dashboard)
        return self._page

    def new_link(self) -> str | None:
        """Return a path that opens the dashboard once, or None if there is no command for one."""
        page = self.opened()
        return f"{PAGE_ROOT}?token={page.access.new_link()}" if page is not None else None

    async def close(self) -> None:
        """Close what was opened."""
        if self._page is not None:
            await self._page.close()
