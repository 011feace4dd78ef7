"""What a dashboard can do to a server on another machine: the server decides by the role, the rest says why not."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from candela_tui.attach.client import Client
from candela_tui.attach.control import Control
from candela_tui.providers.identity import RouteName
from candela_tui.store.errors import StoreError
from candela_tui.wire import ReplayOffer, RulesState


class TeamControl(Control):
    """Acts on one server, as far as that is possible from elsewhere."""

    def __init__(self, client: Client, notify: Callable[[str], None]) -> None:
        super().__init__(client, notify)
        self._where = client.where

    def intercept(self, wanted: str) -> None:
        """Raise StoreError."""
        self._refuse("Requests of a team can't be held from another machine")

    def release(self, exchange_id: str, body: bytes | None = None) -> bool:
        """Raise StoreError."""
        self._refuse("A held request can't be let go from another machine")

    def replay_cost(self, exchange_id: str, model: str | None, route: RouteName | None) -> ReplayOffer:
        """Raise StoreError."""
        self._refuse("A request of a team can't be sent again from another machine")

    def replay(self, exchange_id: str, model: str | None, route: RouteName | None) -> str:
        """Raise StoreError."""
        self._refuse("A request of a team can't be sent again from another machine")

    def rules(self) -> RulesState | None:
        """Return None: they are in a file of another machine."""
        return None

    def why_not_followed(self, config: Path) -> str:
        """Return that the rules of this machine are not the server's."""
        return f"These are the rules of this machine. Those of {self._where} are in its own config.toml."

    def _refuse(self, what: str) -> NoReturn:
        raise StoreError(f"{what}. Whoever runs {self._where} can do that there.")
