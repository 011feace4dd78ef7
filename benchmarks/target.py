"""What a target is: one way from the client to the provider, and what is known of it while it runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.programs import Candela, Program


class Unavailable(Exception):
    """A target can't run on this machine. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the targets of one run share."""

    upstream: Program
    directory: Path
    """For their files; removed after the run."""
    history: int
    """So many requests are in the store of each candela."""

    def own(self, name: str) -> Path:
        """Return a new directory for the files of one target."""
        path = self.directory / name
        path.mkdir()
        return path


@dataclass(frozen=True, slots=True)
class Running:
    """A target that runs."""

    url: str
    version: str
    processes: tuple[Program, ...]
    user: Candela | None = None
    """The candela on whose terminal someone can type."""
    share: float = 1.0
    """Of each case's requests: fewer where each takes much longer than elsewhere, so that rounds stay short."""
    routes: dict[str, str] = field(default_factory=dict)
    """URLs of further targets in the same process, by their id."""

    def processor_seconds(self) -> float:
        return sum(each.processor_seconds() for each in self.processes)


@dataclass(frozen=True, slots=True)
class Target:
    """One way from the client to the provider."""

    id: str
    label: str
    start: Callable[[Setting], AbstractContextManager[Running]]
