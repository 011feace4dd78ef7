"""What a dashboard does to a running candela over its local API: hold requests, and let them go."""

import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from candela_tui import wire
from candela_tui.attach.client import Client
from candela_tui.attach.errors import NotRecorded, Unreachable
from candela_tui.providers.identity import RouteName
from candela_tui.rules.budgets.state import BudgetState, Override
from candela_tui.store.errors import StoreError
from candela_tui.wire import Released, ReplayOffer, RulesState, Sent, SetIntercept

_JOIN_S = 2.0


class Control:
    """Acts on one candela. The methods block, may be called from any thread, and raise StoreError."""

    def __init__(self, client: Client, notify: Callable[[str], None]) -> None:
        """``notify`` gets a message for the user if an intercept ends by itself."""
        self._client = client
        self._notify = notify
        self._intercept: _Intercept | None = None

    @property
    def intercepting(self) -> str | None:
        """The filter whose requests are held, or None."""
        intercept = self._intercept
        return intercept.wanted if intercept is not None and intercept.lasts else None

    def intercept(self, wanted: str) -> None:
        """Hold what a filter matches, until ``stop_intercepting`` or another filter. What an earlier one holds goes on
        unchanged."""
        new = _Intercept(self._client, wanted, self._notify)
        new.start()
        before, self._intercept = self._intercept, new
        if before is not None:
            before.close()

    def stop_intercepting(self) -> None:
        """Hold nothing any more. What is held goes on unchanged."""
        before, self._intercept = self._intercept, None
        if before is not None:
            before.close()

    def release(self, exchange_id: str, body: bytes | None = None) -> bool:
        """Let a held request go, with another body if one is given. Return whether that changed it."""
        try:
            with self._client.ask("held", exchange_id, method="POST", give=body or b"") as answer:
                return self._client.understood(answer.whole(), Released).changed
        except NotRecorded:
            raise StoreError("The request is no longer held: it has gone on, or its client has left.") from None

    def replay_cost(self, exchange_id: str, model: str | None, route: RouteName | None) -> ReplayOffer:
        """Return what sending a recorded request again is expected to cost; None for the same model or route. Raises
        StoreError also where it can't be sent, such as without credentials."""
        with self._client.ask("requests", exchange_id, "replay", model=model, route=route) as answer:
            return self._client.understood(answer.whole(), ReplayOffer)

    def replay(self, exchange_id: str, model: str | None, route: RouteName | None) -> str:
        """Send a recorded request again with candela's credentials, and return the id of the new request."""
        with self._client.ask(
            "requests", exchange_id, "replay", method="POST", give=b"", model=model, route=route
        ) as answer:
            return self._client.understood(answer.whole(), Sent).id

    def rules(self) -> RulesState | None:
        """Return where the rules in force come from; None if that is a file of another machine."""
        with self._client.ask("rules") as answer:
            return self._client.understood(answer.whole(), RulesState)

    def read_rules(self) -> RulesState:
        """Make it read its rules again. They apply to new requests once this returns, unless there is ``trouble``."""
        with self._client.ask("rules", method="POST", give=b"") as answer:
            return self._client.understood(answer.whole(), RulesState)

    def why_not_followed(self, config: Path) -> str:
        """Make it read its rules again, and return why those in ``config`` are not in force; "" if they are."""
        state = self.read_rules()
        if Path(state.file).resolve() != config.resolve():
            return f"The candela on {self._client.where} follows the rules in {state.file}, not those in {config}."
        return state.trouble or ""

    def budgets(self) -> list[BudgetState]:
        """Return how every budget stands, for each of its targets."""
        with self._client.ask("budgets") as answer:
            return self._client.understood(answer.whole(), list[BudgetState])

    def override_budget(self, name: str, *, for_s: float, why: str) -> Override:
        """Let requests pass a budget for so many seconds, and return what holds then."""
        give = wire.encode({"for_s": for_s, "why": why})
        with self._client.ask("budgets", name, "override", method="POST", give=give) as answer:
            return self._client.understood(answer.whole(), Override)

    def end_override(self, name: str) -> None:
        """End the override of a budget, if there is one."""
        with self._client.ask("budgets", name, "override", method="DELETE") as answer:
            answer.whole()


class _Intercept:
    """One intercept: a thread reads its stream, which keeps it set."""

    def __init__(self, client: Client, wanted: str, notify: Callable[[str], None]) -> None:
        self.wanted = wanted
        self.lasts = False
        self._client = client
        self._notify = notify
        self._closed = False
        self._socket: socket.socket | None = None
        self._begun: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="intercept", daemon=True)

    def start(self) -> None:
        """Return once the intercept is set. Raises StoreError."""
        self._thread.start()
        self._begun.result()

    def close(self) -> None:
        """End the stream, and with it the intercept."""
        self._closed = True
        self.lasts = False
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        try:
            self._follow()
        except StoreError as error:
            self.lasts = False
            if not self._begun.done():
                self._begun.set_exception(error)
            elif not self._closed:
                self._notify(f"{str(error).rstrip('.')}. Nothing is held any more; what was held went on unchanged.")

    def _follow(self) -> None:
        give = wire.encode(SetIntercept(self.wanted))
        with self._client.ask("intercept", method="POST", give=give, connected=self._connected) as answer:
            for _ in answer.pieces():
                if not self._begun.done():
                    self.lasts = True
                    self._begun.set_result(None)
        raise Unreachable(f"The candela on {self._client.where} has ended the intercept.")

    def _connected(self, sock: socket.socket) -> None:
        self._socket = sock
