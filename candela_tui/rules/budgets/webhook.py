"""Tells a webhook of a budget, beside the requests."""

import asyncio
import logging
from decimal import Decimal
from urllib.parse import urlsplit

import msgspec

from candela_tui.config import BudgetRule
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.upstream import Attempt, ProviderRequest
from candela_tui.rules.budgets.engine import Reached

logger = logging.getLogger(__name__)

_PAUSES_S = (1.0, 10.0, 60.0, 300.0)
"""How long to wait before each further attempt."""
_ATTEMPT_S = 30.0
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Webhooks:
    """Posts JSON, each message in a task of its own until it is taken. Used only on the proxy's event loop."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._tasks: set[asyncio.Task[None]] = set()

    def reached(self, budget: BudgetRule, reached: Reached) -> None:
        """Tell the budget's webhook, if it has one, that a part of the limit is reached."""
        if budget.webhook is not None:
            task = asyncio.create_task(self._post(budget.webhook, webhook_document(reached)), name="webhook")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what was not taken yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _post(self, url: str, document: bytes) -> None:
        request = ProviderRequest("POST", url, [("Content-Type", "application/json")], document)
        status = 0
        for pause_s in (*_PAUSES_S, None):
            try:
                async with asyncio.timeout(_ATTEMPT_S):
                    status = (await self._attempts.fetch(Attempt(request=request))).status
            except TimeoutError:
                status = 504
            if status < 300:
                return
            if pause_s is None or (status < 500 and status not in (408, 429)):
                break
            await asyncio.sleep(pause_s)
        # The path of such a URL is often a secret.
        logger.warning("the webhook at %s did not take a message (HTTP %d)", urlsplit(url).hostname, status)


def webhook_document(reached: Reached) -> bytes:
    """Return what a webhook gets: the budget's state, the part of the limit that is reached, and a sentence, which chat
    services show as it is."""
    state = msgspec.to_builtins(reached.state, builtin_types=(Decimal,))
    return _ENCODER.encode({"text": reached.words, "reached": reached.mark, **state})
