"""Where budgets count: in this process alone, or together with other replicas (``shared/books.py``)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from candela_tui.exchange import Exchange
from candela_tui.rules.budgets.account import Account, Amount, Balance, Limit
from candela_tui.rules.budgets.asked import Asked
from candela_tui.rules.budgets.budget import Budget, Concerned
from candela_tui.rules.budgets.windows import Window


class Unreachable(Exception):
    """The counters that replicas share can't be reached."""

    def __init__(self, why: str = "PostgreSQL does not answer") -> None:
        super().__init__(why)


class Books(Protocol):
    """Counts what requests reserve and cost. Used on the proxy's loop."""

    @property
    def shared(self) -> bool:
        """Whether other replicas count in the same books."""

    def balance(self, limit: Limit, window: Window) -> Balance:
        """Return the account of a target of which nothing is known yet."""

    def target(self, target: str) -> str:
        """Return how a target is named here."""

    def configure(self, budgets: Sequence[Budget], timezone: str | None) -> None:
        """Count for these budgets from now on."""

    async def claim(
        self, asked: Asked, expected: Amount | None, concerned: Sequence[Concerned], binds: Callable[[Budget], bool]
    ) -> bool | None:
        """Bring the accounts up to date and reserve what a request is expected to cost, unless it does not fit in one
        whose budget binds it, as ``binds`` says. Return whether it is reserved; None leaves that to ``reserve``.
        Raises Unreachable."""

    def reserve(self, asked: Asked, expected: Amount | None, concerned: Sequence[Concerned]) -> None:
        """Reserve what a request is expected to cost, whether it fits or not."""

    def grow(self, request_id: str, so_far: Amount, concerned: Iterable[Concerned]) -> None:
        """Reserve at least what a request already cost."""

    def give_back(self, request_id: str, concerned: Iterable[Concerned]) -> None:
        """Reserve nothing for a request any more."""

    def settle(self, exchange: Exchange, amount: Amount, concerned: Sequence[Concerned], now: datetime) -> None:
        """Count what a request cost, in place of what was reserved."""

    def count_earlier(self, exchange: Exchange, amount: Amount, concerned: Sequence[Concerned], now: datetime) -> None:
        """Count what a request cost that ended before the budgets were taken."""

    async def earlier_counted(self) -> None:
        """Wait until all that is counted which ``count_earlier`` got. Raises Unreachable."""

    def first_to_tell(self, budget: Budget, target: str, mark: float, tell: Callable[[], None]) -> None:
        """Report a mark that was reached, unless another replica does."""

    async def close(self) -> None:
        """Keep what was counted, and end."""


class LocalBooks:
    """Counts in the accounts themselves."""

    shared = False

    def balance(self, limit: Limit, window: Window) -> Balance:
        """Return the account of a target."""
        return Account(limit, window)

    def target(self, target: str) -> str:
        """Return the target."""
        return target

    def configure(self, budgets: Sequence[Budget], timezone: str | None) -> None:
        """Do nothing: the accounts are those of the budgets."""

    async def claim(
        self, asked: Asked, expected: Amount | None, concerned: Sequence[Concerned], binds: Callable[[Budget], bool]
    ) -> None:
        """Do nothing: the accounts are up to date."""

    def reserve(self, asked: Asked, expected: Amount | None, concerned: Sequence[Concerned]) -> None:
        """Reserve in each account."""
        request_id, at, most = asked.exchange.id, asked.exchange.started_at, asked.most
        for account in _accounts(concerned):
            account.reserve(request_id, at, expected, most)

    def grow(self, request_id: str, so_far: Amount, concerned: Iterable[Concerned]) -> None:
        """Reserve more in each account."""
        for account in _accounts(concerned):
            account.grow(request_id, so_far)

    def give_back(self, request_id: str, concerned: Iterable[Concerned]) -> None:
        """Reserve nothing in each account."""
        for account in _accounts(concerned):
            account.give_back(request_id)

    def settle(self, exchange: Exchange, amount: Amount, concerned: Sequence[Concerned], now: datetime) -> None:
        """Count in each account."""
        self.count_earlier(exchange, amount, concerned, now)
        self.give_back(exchange.id, concerned)

    def count_earlier(self, exchange: Exchange, amount: Amount, concerned: Sequence[Concerned], now: datetime) -> None:
        """Count in each account."""
        for budget, _, account in concerned:
            assert isinstance(account, Account)
            account.begin_at(budget.bounds(now).start)
            account.add(exchange.started_at, amount)
            if exchange.unpriced_model is not None:
                account.unpriced[exchange.unpriced_model] = None

    async def earlier_counted(self) -> None:
        """Do nothing: it is counted."""

    def first_to_tell(self, budget: Budget, target: str, mark: float, tell: Callable[[], None]) -> None:
        """Tell at once."""
        tell()

    async def close(self) -> None:
        """Do nothing: what was spent is recorded."""


def _accounts(concerned: Iterable[Concerned]) -> Iterable[Account]:
    for _, _, account in concerned:
        assert isinstance(account, Account)
        yield account
