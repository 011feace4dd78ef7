"""The providers that are asked in turn for one request."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from candela_tui.protocol.errors import ApiError, error_from_body
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.providers.identity import RouteName, title_of
from candela_tui.providers.upstream import Attempt, ClientRequest, Failure, Reply, Trial, Upstream, with_following
from candela_tui.redaction import redact_text
from candela_tui.rules.reading import beside_the_loop
from candela_tui.rules.routes.circuit_breaker import CircuitBreaker, Permit

logger = logging.getLogger(__name__)

NAME: Final = "rules.fallback"
Condition = Literal["5xx", "timeout", "rate_limit", "overloaded"]


def conditions_of(status: int) -> frozenset[Condition]:
    """Return the conditions of ``on`` that an error with this status meets; none for an error of the caller's."""
    found: set[Condition] = set()
    if status >= 500:
        found.add("5xx")
    if status in (408, 504):
        found.add("timeout")
    if status == 429:
        found.add("rate_limit")
    if status == 529:
        found.add("overloaded")
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Step:
    """A provider that may be asked."""

    route: RouteName
    upstream: Upstream
    request: ClientRequest
    """The request as the client sent it."""
    form: Callable[[ClientRequest], ClientRequest | None]
    """Returns the request as this provider gets it, or None if it can't have that form. It takes time for a large one.
    """
    circuit: CircuitBreaker

    @property
    def title(self) -> str:
        """The provider's name, for words."""
        return title_of(self.route)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a chain goes on to the next provider, and how far."""

    on: frozenset[Condition]
    timeout_s: float | None
    """None: a slow answer is waited for."""
    most: int
    """How many providers are asked."""


class Chain:
    """Asks providers in turn until one answers, or the error is the caller's own."""

    def __init__(
        self,
        steps: Iterable[Step],
        limits: Limits,
        note: Callable[[RuleAction], None],
        answered: Callable[[RouteName], None],
        failed: Callable[[], None],
    ) -> None:
        """``note`` gets what is done, ``answered`` the route whose answer the client gets. ``failed`` is called if the
        rule itself fails."""
        self._steps = list(steps)
        self._limits = limits
        self._say = note
        self._answered = answered
        self._failed = failed
        self._asked = 0
        self._first: Failure | Reply | None = None
        """What the client gets if no provider answers: the first failure, as without the rule."""

    async def begin(self) -> Attempt | Reply | None:
        """Return the attempt at the first provider, or a reply. None: no provider can be asked for this."""
        following = await self._next("")
        assert not isinstance(following, Failure)
        return following

    async def _next(self, why: str) -> Attempt | Reply | Failure | None:
        """Return the attempt at the next provider, or what the client gets if none is left."""
        while (chosen := self._take()) is not None:
            step, permit = chosen
            # Only now, so that a request is not changed for providers that are not asked.
            request = await beside_the_loop(step.request, step.form)
            if request is None:
                continue
            if why:
                self._note(f"{why}; {step.title} is asked")
            self._asked += 1
            made = await step.upstream.attempt(request)
            if isinstance(made, Attempt):
                timeout_s = self._limits.timeout_s if self._goes_on else None
                return tried(made, _Trial(self, step, permit, timeout_s))
            if not self.concerns(made.status):
                self._answered(step.route)
                return made
            why = _words(step, made.status, error_from_body(made.status, made.body))
            self._first = self._first or made
        if self._asked > 1:
            self._note(f"{why}; no other provider is left, so the first error is the answer")
        return self._first

    def _take(self) -> tuple[Step, Permit | None] | None:
        """Take the next step whose circuit lets a request pass. If there is none at the beginning, the first is asked
        nevertheless."""
        if not self._goes_on:
            return None
        for number, step in enumerate(self._steps):
            permit = step.circuit.admit()
            if permit is not None:
                for each in self._steps[:number]:
                    self._note(f"{each.title} is left out for now, because it failed often; {step.title} is next")
                del self._steps[: number + 1]
                return step, permit
        return (self._steps.pop(0), None) if not self._asked else None

    @property
    def _goes_on(self) -> bool:
        """Whether there is another provider to ask."""
        return bool(self._steps) and self._asked < self._limits.most

    def concerns(self, status: int) -> bool:
        """Return whether the next provider is asked after an error with this status."""
        if self._asked > 1:
            # The client did not choose this provider, so what it refuses is not the client's mistake: there may be no
            # credentials for it, or the account may lack the model.
            return status >= 400
        return not self._limits.on.isdisjoint(conditions_of(status))

    def passed(self, step: Step) -> None:
        """Take note of the step whose answer the client gets."""
        self._answered(step.route)

    async def after(self, step: Step, failure: Failure) -> Attempt | Reply | Failure:
        """Return what comes after a step that failed."""
        self._first = self._first or failure
        try:
            return await self._next(_words(step, failure.status, failure.error)) or failure
        except Exception:
            logger.exception("[%s] failed; the request has the answer that it would have without the rule", NAME)
            self._failed()
            return failure

    def _note(self, words: str) -> None:
        self._say(RuleAction(NAME, "fallback", False, words))


class _Trial:
    """The trial of one step."""

    holds = True

    def __init__(self, chain: Chain, step: Step, permit: Permit | None, timeout_s: float | None) -> None:
        self._chain = chain
        self._step = step
        self._permit = permit
        self.timeout_s = timeout_s
        self.concerns = chain.concerns

    def passed(self) -> None:
        self._settle(succeeded=True)
        self._chain.passed(self._step)

    async def after(self, failure: Failure) -> Attempt | Reply | Failure:
        self._settle(succeeded=False)
        return await self._chain.after(self._step, failure)

    def _settle(self, *, succeeded: bool) -> None:
        if self._permit is not None:
            self._step.circuit.settle(self._permit, succeeded=succeeded)


def tried(step: Attempt | Reply, trial: Trial) -> Attempt | Reply:
    """Return the attempt with its trial, which further attempts at the same provider have, too."""
    if isinstance(step, Reply):
        return step
    return replace(with_following(step, lambda following: tried(following, trial)), trial=trial)


class DryChain:
    """The trial of a chain that is only tried: it notes which failures would go to another provider."""

    timeout_s = None
    holds = False

    def __init__(self, first: str, then: str, on: frozenset[Condition], note: Callable[[RuleAction], None]) -> None:
        """``first`` and ``then`` are the names of the provider that is asked and of the next."""
        self._first = first
        self._then = then
        self._on = on
        self._note = note

    def concerns(self, status: int) -> bool:
        """Return whether the next provider would be asked after an error with this status."""
        return not self._on.isdisjoint(conditions_of(status))

    def passed(self) -> None:
        """Do nothing: the client gets the answer."""

    async def after(self, failure: Failure) -> Failure:
        """Note what would come after a failure."""
        why = f"{self._first} failed: {failure.status} {redact_text(failure.error.message)}"
        self._note(RuleAction(NAME, "fallback", True, f"{why}; {self._then} would be asked"))
        return failure


def _words(step: Step, status: int, error: ApiError) -> str:
    return f"{step.title} failed: {status} {redact_text(error.message)}"
