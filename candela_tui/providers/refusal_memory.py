"""Remember for an hour what models refused, so that it is left out the next time.

A refusal is remembered by provider, model, and flag or field; messages and token counts are apart, because a part that
is refused in one may be accepted in the other.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from candela_tui.protocol.clouds.refusals import ALL_BETAS, RefusedParts
from candela_tui.protocol.model_ids import same_model
from candela_tui.providers.flag_search import FlagSearch
from candela_tui.providers.identity import Provider

FORGET = "candela providers --forget"
"""The command that forgets what a model refused, without the model."""

_REMEMBERED_FOR = timedelta(hours=1)
"""Long enough that a refusal costs no more than one attempt an hour, short enough that a cloud that learns something is
noticed."""
_NOTHING = RefusedParts()
_MOST_MODELS = 200
_MOST_PARTS = 100
"""The most flags and fields to remember for a model. More of them would come from a client that sends anything."""
_BETA, _FIELD = "beta", "field"


@dataclass(frozen=True, slots=True)
class Remembered:
    """One part of a request that a model refused, and that is left out until a time."""

    provider: Provider
    model: str
    """The provider's id of the model."""
    counts: bool
    """Whether it was refused in a token count, instead of a message."""
    what: str
    """``beta`` for a flag of anthropic-beta, ``field`` for a field of the body."""
    name: str
    """The flag as the provider spells it, or the field's place, such as ``tools.custom.strict``."""
    said: str
    """The provider's message."""
    until: datetime
    certain: bool = True
    """False if the message named no flag, and this is one of those that it may have meant."""


class _OfModel:
    """What one model refused."""

    def __init__(self, risky: frozenset[str]) -> None:
        self.parts: dict[tuple[str, str], Remembered] = {}
        self.search = FlagSearch(risky)
        self.unnamed = ""
        """The message of the last refusal that named no flag."""
        self.search_until: datetime | None = None
        """When the flags under suspicion are no longer suspected; None if there are none."""


class RefusalMemory:
    """What one provider's models refused in messages, or in token counts, by the provider's id of the model."""

    def __init__(self, provider: Provider, *, counts: bool, risky: frozenset[str], now: Callable[[], datetime]) -> None:
        """``risky`` flags are suspected first after a refusal that names none."""
        self._provider = provider
        self._counts = counts
        self._risky = risky
        self._now = now
        self._models: dict[str, _OfModel] = {}

    def of(self, model: str, wanted: Iterable[str] = ()) -> RefusedParts:
        """Return what to leave out of a request with the ``wanted`` flags."""
        known = self._models.get(model)
        if known is None or not (known.parts or known.search_until):
            return _NOTHING
        self._expire(known)
        names = {what: frozenset(name for kind, name in known.parts if kind == what) for what in (_BETA, _FIELD)}
        suspects = known.search.left_out(frozenset(wanted))
        told = {name: until_words(each.until, model) for (_, name), each in known.parts.items()}
        if known.search_until is not None:
            told |= dict.fromkeys(suspects, until_words(known.search_until, model))
        fields = names[_FIELD]
        return RefusedParts(names[_BETA], ALL_BETAS in fields, fields - {ALL_BETAS}, suspects=suspects, remembered=told)

    def to_leave_out(self, model: str, sent: Iterable[str], refused: RefusedParts) -> RefusedParts:
        """Return what a second attempt leaves out after this refusal of a request with the flags ``sent``."""
        if not refused.unnamed:
            return refused
        known = self._models.get(model) or _OfModel(self._risky)
        return refused | RefusedParts(suspects=known.search.left_out_again(frozenset(sent)))

    def unproven(self, model: str, flags: Iterable[str]) -> frozenset[str]:
        """Return those of the flags of which it is not known that the model accepts them."""
        known = self._models.get(model)
        return known.search.unproven(frozenset(flags)) if known is not None else frozenset(flags)

    def add(self, model: str, refused: RefusedParts, said: str, sent: Iterable[str] = ()) -> datetime:
        """Remember what a model refused in a request with the flags ``sent``, and return until when.

        At the limits, the oldest are dropped."""
        known = self._known(model)
        until = self._now() + _REMEMBERED_FOR
        fields = refused.fields | ({ALL_BETAS} if refused.all_betas else set())
        for what, names in ((_BETA, refused.betas), (_FIELD, fields)):
            self._put(known, model, what, names, said, until)
        if refused.unnamed:
            known.unnamed, known.search_until = said, until
            self._note(known, model, known.search.refused(frozenset(sent)))
        return until

    def accepted(self, model: str, sent: tuple[str, ...]) -> None:
        """Take note that a model accepted a request with these flags."""
        known = self._models.get(model) or self._known(model)
        self._note(known, model, known.search.accepted(frozenset(sent)))

    def remembered(self) -> Iterator[Remembered]:
        """Yield everything that is remembered, by model."""
        for model, known in self._models.items():
            self._expire(known)
            yield from known.parts.values()
            if known.search_until is not None:
                for flag in sorted(known.search.suspects):
                    yield self._entry(model, _BETA, flag, known.unnamed, known.search_until, certain=False)

    def forget(self, model: str | None) -> int:
        """Forget what a model refused, or all models for None, and return how many parts that were. The model's name
        may be the client's."""
        models = [each for each in self._models if model is None or each == model or same_model(each, model)]
        forgotten = [each for each in self.remembered() if each.model in models]
        for each in models:
            del self._models[each]
        return len(forgotten)

    def _known(self, model: str) -> _OfModel:
        known = self._models.pop(model, None) or _OfModel(self._risky)
        self._models[model] = known
        if len(self._models) > _MOST_MODELS:
            del self._models[next(iter(self._models))]
        return known

    def _note(self, known: _OfModel, model: str, found: frozenset[str]) -> None:
        """Remember flags that were found to be refused, and end the search if none is suspected any more."""
        if known.search_until is None:
            return
        until = self._now() + _REMEMBERED_FOR
        self._put(known, model, _BETA, found, known.unnamed, until, certain=len(found) == 1)
        if not known.search.suspects:
            known.search_until = None

    def _put(
        self,
        known: _OfModel,
        model: str,
        what: str,
        names: Iterable[str],
        said: str,
        until: datetime,
        *,
        certain: bool = True,
    ) -> None:
        for name in sorted(names):
            known.parts[what, name] = self._entry(model, what, name, said, until, certain=certain)
        while len(known.parts) > _MOST_PARTS:
            del known.parts[next(iter(known.parts))]

    def _entry(
        self, model: str, what: str, name: str, said: str, until: datetime, *, certain: bool = True
    ) -> Remembered:
        return Remembered(self._provider, model, self._counts, what, name, said, until, certain)

    def _expire(self, known: _OfModel) -> None:
        now = self._now()
        known.parts = {key: each for key, each in known.parts.items() if each.until > now}
        if known.search_until is not None and known.search_until <= now:
            known.search, known.search_until = FlagSearch(self._risky), None


def until_words(until: datetime, model: str) -> str:
    """Return the end of a sentence about a refused part: until when it is remembered, and how to forget it."""
    return f"remembered until {until.astimezone():%H:%M}, `{FORGET} {model}` forgets it"


class Refusals:
    """The refusals that this process remembers, of all providers."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._memories: list[RefusalMemory] = []

    def memory(self, provider: Provider, *, counts: bool, risky: frozenset[str] = frozenset()) -> RefusalMemory:
        """Return a new memory for a provider, which is listed and forgotten with the others."""
        memory = RefusalMemory(provider, counts=counts, risky=risky, now=self._now)
        self._memories.append(memory)
        return memory

    def remembered(self) -> list[Remembered]:
        """Return everything that is remembered."""
        return [each for memory in self._memories for each in memory.remembered()]

    def forget(self, model: str | None = None) -> int:
        """Forget what a model refused, or all models for None, and return how many parts that were."""
        return sum(memory.forget(model) for memory in self._memories)
