"""What models refused while the process lives, so that it is left out the next time."""

from candela_tui.protocol.refusals import Refused

_NOTHING = Refused()


class RefusalMemory:
    """Of one provider, by the provider's spelling of the model."""

    def __init__(self) -> None:
        self._refused: dict[str, Refused] = {}

    def of(self, model: str) -> Refused:
        """Everything that this model refused so far."""
        return self._refused.get(model, _NOTHING)

    def add(self, model: str, refused: Refused) -> None:
        """Leave this out from now on, too."""
        self._refused[model] = self.of(model) | refused
