"""What models refused while the process lives, so that it is left out the next time."""

from candela_tui.protocol.refusals import Refused

_NOTHING = Refused()
_MOST_MODELS = 200
_MOST_PLACES = 100
"""More flags and fields of one model are no knowledge of it but a client that sends whatever it likes."""


class RefusalMemory:
    """Of one provider, by the provider's spelling of the model."""

    def __init__(self) -> None:
        self._refused: dict[str, Refused] = {}

    def of(self, model: str) -> Refused:
        """Everything that this model refused so far."""
        return self._refused.get(model, _NOTHING)

    def add(self, model: str, refused: Refused) -> None:
        """Leave this out from now on, too. Where a limit is reached, what is oldest is forgotten."""
        known = self._refused.pop(model, _NOTHING) | refused
        self._refused[model] = known if len(known.betas) + len(known.fields) <= _MOST_PLACES else refused
        if len(self._refused) > _MOST_MODELS:
            del self._refused[next(iter(self._refused))]
