"""Read and write the pid file, which identifies the background candela of a data directory."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from candela_tui.cli.process.termination import birth
from candela_tui.files import write_atomically


@dataclass(frozen=True, slots=True)
class BackgroundProcess:
    """The process described by the pid file."""

    pid: int
    born: str
    """The result of ``termination.birth``, which differs for a later process with the same pid."""
    port: int


def write(path: Path, port: int) -> None:
    """Write the pid file for this process. Raises OSError."""
    pid = os.getpid()
    write_atomically(path, json.dumps(asdict(BackgroundProcess(pid, birth(pid) or "", port))).encode())


def remove(path: Path) -> None:
    """Remove the pid file if it describes this process."""
    if (said := _read(path)) and said.pid == os.getpid():
        path.unlink(missing_ok=True)


def background(path: Path) -> BackgroundProcess | None:
    """Return the running background process, or None if the file is missing, damaged or describes an ended process."""
    said = _read(path)
    return said if said and birth(said.pid) == said.born else None


def _read(path: Path) -> BackgroundProcess | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return BackgroundProcess(int(document["pid"]), str(document["born"]), int(document["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
