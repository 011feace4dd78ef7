"""The pid file: which process is the background candela of a data directory."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from candela_tui.cli.processes import birth


@dataclass(frozen=True, slots=True)
class Background:
    """What the pid file says."""

    pid: int
    born: str
    """See ``processes.birth``: a later process with the same pid was born otherwise."""
    port: int


def write(path: Path, port: int) -> None:
    """Say that this process is the one in the background. Raises OSError."""
    pid = os.getpid()
    beside = path.with_name(f".{path.name}.{pid}")
    beside.write_text(json.dumps(asdict(Background(pid, birth(pid) or "", port))), encoding="utf-8")
    beside.replace(path)


def remove(path: Path) -> None:
    """Take the pid file away if it is about this process."""
    if (said := _read(path)) and said.pid == os.getpid():
        path.unlink(missing_ok=True)


def background(path: Path) -> Background | None:
    """The background process that runs now; None where the file is missing, damaged or about a process that ended."""
    said = _read(path)
    return said if said and birth(said.pid) == said.born else None


def _read(path: Path) -> Background | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return Background(int(document["pid"]), str(document["born"]), int(document["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
