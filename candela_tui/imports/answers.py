"""Find the answers in the transcript of a session: which lines belong to each, and what they say about its request."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from candela_tui.claude_code.recorded_requests import RecordedRequests
from candela_tui.claude_code.session_cost import exact_usd, is_usd
from candela_tui.claude_code.transcripts import (
    LOCAL_MODEL,
    NO_BRANCH,
    BadLine,
    Place,
    SessionFiles,
    TranscriptLine,
    agent_type_of,
    read_lines,
    text_of,
    time_of,
)
from candela_tui.protocol.claude_code.user_text import LONGEST_WORDS, first_words
from candela_tui.protocol.raw_json import decode_json

_MOST_PARENTS: Final = 10_000
"""Lines whose times are remembered. A line's parent is nearly always one of the last few."""
_TITLES: Final = ("custom_title", "ai_title", "summary")
"""Where a title may be, the one that counts first."""


@dataclass(slots=True)
class Answer:
    """One answer of the model. Its lines have a block each; every one has the usage known when it was written."""

    message_id: str
    session_id: str
    file: Path
    requests: RecordedRequests
    first_at: datetime
    """The time of its first line."""
    last_at: datetime
    places: list[Place] = field(default_factory=list)
    model: str | None = None
    requested_model: str | None = None
    request_id: str | None = None
    request_ref: str | None = None
    asked_at: datetime | None = None
    """When its request was made, if the transcript says so."""
    parent_at: datetime | None = None
    """The time of the line that it answers."""
    agent_id: str | None = None
    agent_type: str | None = None
    task: str | None = None
    """The first words of a sub-agent's task."""
    prompt_id: str | None = None
    client: str | None = None
    cwd: str | None = None
    branch: str | None = None
    stop_reason: str | None = None
    aborted: bool = False
    """Whether the user interrupted it."""

    @property
    def started_at(self) -> datetime:
        """When its request was made, as far as that is known."""
        return min(self.asked_at or self.parent_at or self.first_at, self.first_at)

    @property
    def ended(self) -> bool:
        """Whether the transcript has its end."""
        return self.stop_reason is not None or self.aborted


@dataclass(slots=True)
class SessionTranscript:
    """What the files of one session say."""

    session_id: str | None = None
    """The session of the file itself; those of its answers may be others if it is a fork."""
    answers: list[Answer] = field(default_factory=list)
    """In the order of their first lines, file by file."""
    title: str | None = None
    first_words: str | None = None
    """What the user asked first."""
    client_usd: Decimal | None = None
    """What the client says that the session cost. A fork begins with the amount of the session that it copied."""
    stated_at: datetime | None = None
    """The time of the last line before the client said so, which has no time itself."""


def read_session(
    session: SessionFiles, on_bad_line: Callable[[BadLine], None], breathe: Callable[[], None] = lambda: None
) -> SessionTranscript:
    """Read all files of a session. ``breathe`` is called between lines. Blocks."""
    transcript = SessionTranscript()
    parent: RecordedRequests | None = None
    for number, file in enumerate(session.files):
        reader = _FileReader(file, RecordedRequests(file, parent), transcript, is_session=not number)
        parent = parent or reader.requests
        try:
            for place, line in read_lines(file):
                breathe()
                if isinstance(line, BadLine):
                    on_bad_line(line)
                else:
                    reader.read(line, place)
        except OSError as error:
            on_bad_line(BadLine(file, 0, f"it can't be read: {error.strerror}"))
        transcript.answers += reader.answers.values()
    return transcript


class _FileReader:
    """Reads one file, line by line."""

    def __init__(
        self, file: Path, requests: RecordedRequests, transcript: SessionTranscript, *, is_session: bool
    ) -> None:
        self.requests = requests
        self.answers: dict[str, Answer] = {}
        self._file = file
        self._transcript = transcript
        self._is_session = is_session
        self._titles: dict[str, str] = {}
        self._agent_type = None if is_session else agent_type_of(file)
        self._task: str | None = None
        self._prompt_id: str | None = None
        self._asked_at: dict[str, datetime] = {}
        """When each request was made that the transcript keeps."""
        self._times: OrderedDict[str, datetime] = OrderedDict()
        self._latest: datetime | None = None
        """The time of the latest line."""

    def read(self, line: TranscriptLine, place: Place) -> None:
        self.requests.note(line, place)
        moment = time_of(line)
        if moment is not None and line.type != "cost-state":
            self._latest = max(self._latest or moment, moment)
        if self._is_session and text_of(line.session_id):
            self._transcript.session_id = line.session_id
        if line.type == "assistant":
            self._read_answer(line, place, moment)
        elif line.type == "user":
            self._read_user(line)
        elif line.type == "api-request" and isinstance(line.id, str) and moment is not None:
            self._asked_at[line.id] = moment
        elif self._is_session:
            self._read_about_session(line)
        if isinstance(line.uuid, str) and moment is not None:
            self._times[line.uuid] = moment
            if len(self._times) > _MOST_PARENTS:
                self._times.popitem(last=False)

    def _read_about_session(self, line: TranscriptLine) -> None:
        for name in _TITLES:
            title = text_of(getattr(line, name))
            if title is not None:
                self._titles[name] = " ".join(title.split())[:LONGEST_WORDS]
                self._transcript.title = next(self._titles[name] for name in _TITLES if name in self._titles)
        if line.type == "cost-state" and is_usd(line.total_cost_usd):
            self._transcript.client_usd = exact_usd(line.total_cost_usd)
            self._transcript.stated_at = self._latest

    def _read_user(self, line: TranscriptLine) -> None:
        self._prompt_id = text_of(line.prompt_id) or self._prompt_id
        if self._task is None:
            message = decode_json(line.message)
            self._task = _words(message.get("content")) if isinstance(message, dict) else None
            if self._is_session and self._transcript.first_words is None:
                self._transcript.first_words = self._task

    def _read_answer(self, line: TranscriptLine, place: Place, moment: datetime | None) -> None:
        message = decode_json(line.message)
        if not isinstance(message, dict) or moment is None or line.is_api_error_message is True:
            return
        message_id, session_id = (
            text_of(message.get("id")),
            text_of(line.request_session_id) or text_of(line.session_id),
        )
        model = text_of(message.get("model"))
        if (
            message_id is None
            or session_id is None
            or model == LOCAL_MODEL
            or not isinstance(message.get("usage"), dict)
        ):
            return
        answer = self.answers.get(message_id)
        if answer is None:
            answer = self.answers[message_id] = Answer(
                message_id, session_id, self._file, self.requests, first_at=moment, last_at=moment
            )
            answer.parent_at = self._times.get(line.parent_uuid) if isinstance(line.parent_uuid, str) else None
            answer.prompt_id = self._prompt_id
            answer.task = None if self._is_session else self._task
        answer.places.append(place)
        answer.first_at, answer.last_at = min(answer.first_at, moment), max(answer.last_at, moment)
        answer.model = model or answer.model
        answer.requested_model = text_of(line.requested_model) or answer.requested_model
        # A sub-agent that repeats an answer of its session writes another request id for it: the first is the real one.
        answer.request_id = answer.request_id or text_of(line.request_id)
        answer.request_ref = answer.request_ref or text_of(line.request_ref)
        answer.asked_at = self._asked_at.get(answer.request_ref or "")
        answer.agent_id = answer.agent_id or text_of(line.agent_id)
        answer.agent_type = answer.agent_type or text_of(line.attribution_agent) or self._agent_type
        answer.client = f"claude-cli/{line.version}" if text_of(line.version) else answer.client
        answer.cwd = text_of(line.cwd) or answer.cwd
        if line.git_branch != NO_BRANCH:
            answer.branch = text_of(line.git_branch) or answer.branch
        answer.stop_reason = text_of(message.get("stop_reason")) or answer.stop_reason
        answer.aborted = answer.aborted or line.is_aborted_mid_stream is True


def _words(content: Any) -> str | None:
    texts = [content] if isinstance(content, str) else []
    if isinstance(content, list):
        texts = [block["text"] for block in content if isinstance(block, dict) and isinstance(block.get("text"), str)]
    return next(filter(None, map(first_words, texts)), None)
