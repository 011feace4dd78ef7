"""Find and read Claude Code's transcripts: one JSON document a line, a file for each session and sub-agent.

Source: observed with 2.1.197 and 2.1.332. A session is ``projects/DIRECTORY/SESSION.jsonl`` below the client's config
directory, its sub-agents and workflows are in files below ``SESSION/``. The client deletes them after 30 days
(``cleanupPeriodDays``).
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from candela_tui.claude_code.own_login import settings_directory

SUFFIX: Final = ".jsonl"
LOCAL_MODEL: Final = "<synthetic>"
"""The model of lines that the client wrote itself, such as an error: no request was answered with them."""
NO_BRANCH: Final = "HEAD"
"""The branch of lines that were written outside of a repository, or while no branch was checked out."""
_YEARS: Final = range(2000, 2200)
"""Years in which a client may run. Sums and ids of times far from them would not hold."""
_MOST_LINES_WITHOUT_TIME: Final = 100


class TranscriptLine(msgspec.Struct, rename="camel"):
    """The fields of a line that candela reads. Any of them may be missing, or of another type."""

    type: Any = None
    session_id: Any = None
    request_session_id: Any = None
    """In a line that a fork copied: the session in which the request was made."""
    agent_id: Any = None
    uuid: Any = None
    parent_uuid: Any = None
    timestamp: Any = None
    request_id: Any = None
    """The answer's ``request-id``."""
    request_ref: Any = None
    """The id of an ``api-request`` line."""
    requested_model: Any = None
    prompt_id: Any = None
    attribution_agent: Any = None
    """The type of the sub-agent, such as ``Explore``."""
    is_api_error_message: Any = None
    is_aborted_mid_stream: Any = None
    version: Any = None
    cwd: Any = None
    git_branch: Any = None
    message: msgspec.Raw = msgspec.Raw(b"null")
    custom_title: Any = None
    ai_title: Any = None
    summary: Any = None
    total_cost_usd: Any = msgspec.field(default=None, name="totalCostUSD")
    # Lines about whole requests (see recorded_requests.py).
    id: Any = None
    hash: Any = None
    shape_hash: Any = None
    shape: msgspec.Raw = msgspec.Raw(b"null")
    params: msgspec.Raw = msgspec.Raw(b"null")
    base: Any = None
    keep: Any = None
    tail: Any = None
    cache_control: Any = None
    request_digest: Any = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is in a file."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that can't be read."""

    file: Path
    number: int
    """Counted from 1; 0: the file itself."""
    why: str


@dataclass(frozen=True, slots=True)
class SessionFiles:
    """The files of one session: its own first, then those of its sub-agents and workflows."""

    files: tuple[Path, ...]
    begins: datetime
    """The time of the first line that has one. A fork's is later than that of the session that it copied."""


_DECODER = msgspec.json.Decoder(TranscriptLine)
_NOT_DECODED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NEVER = datetime.max.replace(tzinfo=UTC)


def projects_directory(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """Return the directory below which the client keeps all transcripts."""
    return settings_directory(environ, home) / "projects"


def find_transcripts(paths: Iterable[Path], since: datetime | None = None) -> list[SessionFiles]:
    """Return the sessions of transcripts, and of all below directories, those that began first at the front.

    With ``since``, only sessions of which a file has changed since then. Blocks. Raises OSError if a path is missing.
    """
    groups: dict[Path, set[Path]] = {}
    for path in paths:
        found = _below(path) if path.is_dir() else [path]
        for file in found:
            if file.stat().st_size:
                groups.setdefault(_session_file(file), set()).add(file)
    sessions = []
    for own, files in groups.items():
        if since is None or any(datetime.fromtimestamp(file.stat().st_mtime, UTC) >= since for file in files):
            ordered = tuple(sorted(files, key=lambda file: (file != own, file)))
            sessions.append(SessionFiles(ordered, _first_time(ordered[0])))
    return sorted(sessions, key=lambda session: (session.begins, session.files))


def _below(directory: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(directory):
        names.sort()
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(SUFFIX))


def _session_file(file: Path) -> Path:
    """Return the file of the session that a file belongs to."""
    for folder in file.parents:
        if folder.name == "subagents":
            return folder.parent.with_suffix(SUFFIX)
    return file


def _first_time(file: Path) -> datetime:
    with file.open("rb") as opened:
        for _, raw in zip(range(_MOST_LINES_WITHOUT_TIME), opened, strict=False):
            line = _decoded(raw)
            moment = time_of(line) if isinstance(line, TranscriptLine) else None
            if moment is not None:
                return moment
    return _NEVER


def read_lines(file: Path) -> Iterator[tuple[Place, TranscriptLine | BadLine]]:
    """Yield each line with its place, one at a time, however long the file is. Blocks. Raises OSError."""
    offset = 0
    with file.open("rb") as opened:
        for number, raw in enumerate(opened, 1):
            place, offset = Place(offset, len(raw)), offset + len(raw)
            if raw.isspace():
                continue
            line = _decoded(raw)
            yield place, BadLine(file, number, line) if isinstance(line, str) else line


def read_at(file: Path, places: Sequence[Place]) -> list[TranscriptLine]:
    """Return the lines at these places, without those that have changed meanwhile. Blocks. Raises OSError."""
    lines = []
    with file.open("rb") as opened:
        for place in places:
            opened.seek(place.offset)
            line = _decoded(opened.read(place.length))
            if isinstance(line, TranscriptLine):
                lines.append(line)
    return lines


def agent_type_of(file: Path) -> str | None:
    """Return the type of the sub-agent whose transcript this is, from the file beside it. Blocks."""
    try:
        about = json.loads(file.with_suffix(".meta.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return text_of(about.get("agentType")) if isinstance(about, dict) else None


def time_of(line: TranscriptLine) -> datetime | None:
    """Return the time of a line in UTC, or None if it states none."""
    if not isinstance(line.timestamp, str):
        return None
    try:
        moment = datetime.fromisoformat(line.timestamp)
        return in_utc(moment) if moment.tzinfo is not None else None
    except ValueError:
        return None


def in_utc(moment: datetime) -> datetime:
    """Return a time in UTC. Raises ValueError if no clock of a client can have said it."""
    if moment.year not in _YEARS:
        raise ValueError("a time of another century")
    return moment.astimezone(UTC)


def text_of(value: object) -> str | None:
    """Return a value that is text and not empty, otherwise None."""
    return value if isinstance(value, str) and value else None


def _decoded(raw: bytes) -> TranscriptLine | str:
    """Return a line, or why it can't be read."""
    try:
        return _DECODER.decode(raw)
    except _NOT_DECODED:
        pass
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return "it is cut off" if not raw.endswith(b"\n") else "it is not JSON"
    if not isinstance(document, dict):
        return "it is not an object"
    try:
        # JavaScript writes half of an emoji as an escape that stands for no character.
        return _DECODER.decode(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except _NOT_DECODED:
        return "it is nested too deeply, or has numbers that are not JSON"
