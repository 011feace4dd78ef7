"""What a request is expected to cost: as much as the latest ones of its session, agent and model."""

from collections import OrderedDict, deque
from collections.abc import Collection
from decimal import Decimal

from candela_tui.exchange import Exchange, Outcome
from candela_tui.protocol.model_ids import model_name
from candela_tui.rules.budgets.account import Amount

_LATEST = 5
_MOST_CALLERS = 10_000

Caller = tuple[str | None, str | None, str]
"""A session, an agent and a model's name without place, date and suffixes."""


def caller_of(exchange: Exchange) -> Caller:
    """Return whose request it is."""
    return exchange.session_id, exchange.agent_id, base_model(exchange) or ""


def base_model(exchange: Exchange) -> str | None:
    """Return the name of the model that the provider was asked for, without place, date and suffixes."""
    model = exchange.model_sent or exchange.model
    return model_name(model).base if model else None


def amount_of(exchange: Exchange) -> Amount:
    """Return what an exchange cost, as far as is known."""
    usage, cost = exchange.usage, exchange.cost
    tokens = (usage.prompt_tokens or 0) + (usage.output_tokens or 0) if usage is not None else 0
    return Amount(cost.total if cost is not None else Decimal(0), tokens)


class RecentCosts:
    """The costs of the latest answers of each caller."""

    def __init__(self) -> None:
        self._known: OrderedDict[Caller, deque[Amount]] = OrderedDict()
        self._means: dict[Caller, Amount] = {}
        """Worked out after an answer, so that a request does not wait for it."""

    def add(self, caller: Caller, exchange: Exchange) -> None:
        """Remember what an answer cost, if it is whole."""
        if exchange.outcome is not Outcome.OK or exchange.usage is None or exchange.unread is not None:
            return
        known = self._known.setdefault(caller, deque(maxlen=_LATEST))
        known.append(amount_of(exchange))
        self._means[caller] = _mean(known)
        self._known.move_to_end(caller)
        if len(self._known) > _MOST_CALLERS:
            del self._means[self._known.popitem(last=False)[0]]

    def expected(self, caller: Caller) -> Amount | None:
        """Return the mean of the latest costs. None: there are none."""
        return self._means.get(caller)


def _mean(amounts: Collection[Amount]) -> Amount:
    usd = sum((each.usd for each in amounts), Decimal(0)) / len(amounts)
    return Amount(usd, sum(each.tokens for each in amounts) // len(amounts))
