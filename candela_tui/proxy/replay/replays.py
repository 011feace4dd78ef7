"""Send recorded requests again, beside the relay, and record the answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from candela_tui.analysis.replay_cost import ExpectedCost, expected_cost
from candela_tui.audit.actor import own_user
from candela_tui.audit.entry import AuditError
from candela_tui.claude_code.models import ANTHROPIC_HOST
from candela_tui.credentials.api_key import no_key
from candela_tui.exchange import Exchange, Outcome
from candela_tui.keys.errors import KeysError
from candela_tui.pricing import Pricer
from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.providers.attempts import Attempts, BrokenOff, OpenAnswer
from candela_tui.providers.identity import Provider, RouteName
from candela_tui.providers.upstream import Attempt, ClientRequest, Reply, Upstream
from candela_tui.proxy.access.key_gate import KeyGate, KeyRefusal
from candela_tui.proxy.answer_writer import Body, TranslatedBody, UntouchedBody
from candela_tui.proxy.capture.capture import Capture
from candela_tui.proxy.capture.raw_exchange import RawExchange
from candela_tui.proxy.replay.request import NotReplayable, replayed_request

if TYPE_CHECKING:
    from candela_tui.audit.log import AuditLog

logger = logging.getLogger(__name__)


class Replays:
    """Sends requests again, each in a task of its own."""

    def __init__(
        self,
        attempts: Attempts,
        upstreams: Mapping[RouteName, Upstream],
        capture: Capture,
        pricer: Pricer,
        in_flight: Callable[[], AbstractContextManager[object]],
        not_sent: Callable[[str], None],
        keys: KeyGate,
        user_of: Callable[[str], Awaitable[str | None]],
        audit: "AuditLog | None",
    ) -> None:
        """``in_flight`` counts what candela waits for when it stops. ``not_sent`` gets the id of a request that went
        through the rules, and is not sent after all. ``keys`` finds the key that a request was sent with: its limits
        and its budget hold for what is sent again. ``user_of`` returns whose a key is, None if that is not known, and
        may raise KeysError. What is another user's is sent without their key, as what the user of this machine asks,
        with an entry in ``audit``."""
        self._keys = keys
        self._user_of = user_of
        self._audit = audit
        self._attempts = attempts
        self._upstreams = upstreams
        self._capture = capture
        self._pricer = pricer
        self._in_flight = in_flight
        self._not_sent = not_sent
        self._tasks: set[asyncio.Task[None]] = set()

    async def offer(
        self, exchange: Exchange, body: bytes | None, model: str | None, route: RouteName | None
    ) -> ExpectedCost:
        """Return what sending a request again may cost, without sending it. Raises NotReplayable, also where there are
        no credentials."""
        owner = await self._other_owner(exchange)
        request, _ = await self._step(exchange, body, model, route, owner)
        self._not_sent(request.id)
        return expected_cost(exchange, self._pricer, provider=request.route.provider, model=model)

    async def send(self, exchange: Exchange, body: bytes | None, model: str | None, route: RouteName | None) -> str:
        """Send a request again, and return the id of the new exchange. Raises NotReplayable."""
        owner = await self._other_owner(exchange)
        request, step = await self._step(exchange, body, model, route, owner)
        if owner is not None:
            try:
                await asyncio.to_thread(self._note, exchange, owner)
            except AuditError as error:
                self._not_sent(request.id)
                raise NotReplayable(str(error)) from None
        raw = RawExchange(request)
        raw.replays = exchange.id
        self._capture.begin(raw)
        task = asyncio.create_task(self._carried_out(raw, step), name="replay")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return raw.id

    async def close(self) -> None:
        """Cancel what is still being answered."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _other_owner(self, exchange: Exchange) -> str | None:
        """Return whose request it is, if it is another user's. Raises NotReplayable."""
        if exchange.key is None:
            return None
        try:
            user = await self._user_of(exchange.key)
        except KeysError as error:
            raise NotReplayable(str(error)) from None
        return user if user != own_user() else None

    def _note(self, exchange: Exchange, owner: str) -> None:
        """Record that another user's request is sent again. Blocks. Raises AuditError."""
        if self._audit is not None:
            sent = {"key": exchange.key, "user": owner, "session_id": exchange.session_id}
            with self._audit.writing() as write:
                write("request.replay", exchange.id, None, sent)

    async def _step(
        self,
        exchange: Exchange,
        body: bytes | None,
        model: str | None,
        route: RouteName | None,
        other_owner: str | None,
    ) -> tuple[ClientRequest, Attempt]:
        request = replayed_request(exchange, body, model=model, route=route)
        if exchange.key is not None and other_owner is None:
            key = await self._keys.again(exchange.key)
            if isinstance(key, KeyRefusal):
                raise NotReplayable(key.words)
            request = replace(request, key=key)
        step = await self._upstreams[request.route.name].attempt(request)
        if isinstance(step, Reply):
            raise NotReplayable(error_from_body(step.status, step.body).message)
        if not step.own_credentials and urlsplit(step.request.url).hostname == ANTHROPIC_HOST:
            self._not_sent(request.id)
            raise NotReplayable(no_key(Provider.ANTHROPIC))
        return request, step

    async def _carried_out(self, raw: RawExchange, step: Attempt) -> None:
        with self._in_flight():
            try:
                await self._answered(raw, step)
            except BrokenOff as broken:
                raw.ended(Outcome.CUT if broken.error.type == "cut" else Outcome.ERROR, broken.error)
            except asyncio.CancelledError:
                raw.ended(Outcome.INTERRUPTED)
                raise
            except Exception:
                logger.exception("a request could not be sent again")
            finally:
                raw.ended(Outcome.CUT, ApiError("cut", "the request could not be sent again"))

    async def _answered(self, raw: RawExchange, step: Attempt) -> None:
        answer = await self._attempts.carry_out(step, raw)
        if isinstance(answer, Reply):
            raw.answered(answer.status, answer.headers)
            raw.chunk(answer.body)
            raw.ended()
            return
        try:
            await self._read(answer, raw)
        finally:
            answer.close()
        raw.ended()

    async def _read(self, answer: OpenAnswer, raw: RawExchange) -> None:
        translate = answer.attempt.translate
        if translate is None:
            raw.passes_untouched()
            raw.answered(answer.status, answer.headers)
            await _drained(answer, UntouchedBody(answer), raw)
            return
        raw.provider_answered(answer.status, answer.headers)
        translation = translate(answer.status, answer.headers)
        raw.answered(answer.status, translation.headers)
        try:
            await _drained(answer, TranslatedBody(answer, translation, raw), raw)
        finally:
            raw.provider_metrics = translation.metrics


async def _drained(answer: OpenAnswer, body: Body, raw: RawExchange) -> None:
    """Note the whole body as it arrives. Raises BrokenOff."""
    progress = asyncio.Event()
    answer.on_progress(progress.set)
    while True:
        progress.clear()
        data, over = body.take()
        if data:
            raw.chunk(data)
        if over:
            return
        if (broken := answer.broken_off) is not None:
            raise broken
        await progress.wait()
