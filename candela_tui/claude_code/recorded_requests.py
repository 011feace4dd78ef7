"""Put whole requests together from the parts that a transcript keeps (Claude Code 2.1.332).

Source: observed with 2.1.332, and its program. An ``api-request`` line names the messages of a request by hashes: the
first ``keep`` of the request ``base``, and those of ``tail``. A hash is the SHA-256 of the message as JSON with sorted
keys, without ``cache_control``, its content always a list. A message is in an ``api-request-blob`` line, or it is a run
of lines of the conversation: the user's that follow one another, or those of one answer. System prompt and tools are in
``api-request-shape`` lines. ``requestDigest`` is the SHA-256 of all that together, with the cache breakpoints, which
proves that a request was put together rightly. It leaves out ``metadata``, ``stream``, ``thread``, ``diagnostics``,
``safeguards`` and ``data_flow``, which are not kept, and the billing block before the system prompt.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from candela_tui.claude_code.transcripts import Place, TranscriptLine, read_at, text_of

_MOST_REMEMBERED: Final = 32 * 2**20
"""Bytes of messages that are kept in memory, since each request has those of the one before it."""
_NOT_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, msgspec.EncodeError, TypeError, ValueError)
_SORTED = msgspec.json.Encoder(order="sorted")
_IN_THE_HEADERS: Final = "betas"


@dataclass(frozen=True, slots=True)
class RebuiltRequest:
    """A request as JSON, equal to what the client sent but for the order of its keys and the fields that are not
    kept."""

    body: bytes
    betas: tuple[str, ...]
    params: Mapping[str, Any]
    """Its fields besides the messages, the system prompt and the tools."""


@dataclass(frozen=True, slots=True)
class _Request:
    shape: str
    place: Place
    base: str | None
    keep: int
    tail: tuple[str, ...]


@dataclass(slots=True)
class _Run:
    """The user's lines that follow one another, or those of one answer: one message."""

    role: str
    answer: str | None
    places: tuple[Place, ...] = ()
    content: tuple[bytes, ...] = ()
    """The JSON of its blocks with sorted keys."""


@dataclass(frozen=True, slots=True)
class _Message:
    json: bytes
    """As the transcript has it."""
    canonical: bytes
    """With sorted keys."""


class RecordedRequests:
    """The requests that the file of a session or sub-agent keeps. ``note`` each of its lines in order."""

    def __init__(self, file: Path, parent: "RecordedRequests | None" = None) -> None:
        """``parent``: the requests of the session that a sub-agent belongs to, which may share its beginning."""
        self._file = file
        self._parent = parent
        self._shapes: dict[str, Place] = {}
        self._messages: dict[str, tuple[Place, ...]] = {}
        self._requests: dict[str, _Request] = {}
        self._run: _Run | None = None
        self._hashes: tuple[str, tuple[str, ...]] = "", ()
        """The request that was put together last, and the hashes of its messages."""
        self._remembered: OrderedDict[str, _Message] = OrderedDict()
        self._remembered_bytes = 0

    def note(self, line: TranscriptLine, place: Place) -> None:
        """Note where a part of a request is."""
        if line.type in ("user", "assistant"):
            self._note_message(line, place)
        elif line.type == "api-request-blob" and isinstance(line.hash, str):
            self._messages.setdefault(line.hash, (place,))
        elif line.type == "api-request-shape" and isinstance(line.shape_hash, str):
            self._shapes.setdefault(line.shape_hash, place)
        elif line.type == "api-request" and isinstance(line.id, str) and isinstance(line.shape_hash, str):
            tail = line.tail if isinstance(line.tail, list) else []
            keep = line.keep if isinstance(line.keep, int) else 0
            self._requests[line.id] = _Request(line.shape_hash, place, text_of(line.base), keep, tuple(map(str, tail)))

    def _note_message(self, line: TranscriptLine, place: Place) -> None:
        try:
            message = msgspec.json.decode(line.message)
            role, answer, content = message["role"], text_of(message.get("id")), _blocks(message["content"])
            blocks = tuple(_SORTED.encode(_without_breakpoints(block)) for block in content)
        except (*_NOT_JSON, KeyError, AttributeError):
            self._run = None
            return
        run = self._run
        if run is None or run.role != role or run.answer != answer or (role == "assistant" and answer is None):
            run = self._run = _Run(role, answer)
        run.places, run.content = (*run.places, place), (*run.content, *blocks)
        self._messages.setdefault(_hash(_message_json(role, run.content)), run.places)

    def rebuilt(self, request_id: str) -> RebuiltRequest | None:
        """Return a request, or None if not all of it is kept. Blocks. Raises OSError."""
        request = self._requests.get(request_id)
        if request is None:
            return None
        hashes = self._hashes_of(request_id)
        shape = self._shape(request.shape)
        lines = read_at(self._file, [request.place])
        if hashes is None or shape is None or not lines:
            return None
        messages = [self._message(digest) for digest in hashes]
        if None in messages:
            return None
        try:
            return _together(lines[0], shape, cast("list[_Message]", messages))
        except (*_NOT_JSON, KeyError, IndexError):
            return None

    def _hashes_of(self, request_id: str) -> tuple[str, ...] | None:
        """Return the hashes of a request's messages; None if a request that it is based on is not kept."""
        chain: list[_Request] = []
        known: tuple[str, ...] = ()
        wanted: str | None = request_id
        while wanted is not None:
            if wanted == self._hashes[0]:
                known = self._hashes[1]
                break
            request = self._requests.get(wanted)
            if request is None or len(chain) > len(self._requests):
                return None
            chain.append(request)
            wanted = request.base
        for request in reversed(chain):
            known = (*known[: request.keep], *request.tail)
        self._hashes = request_id, known
        return known

    def _shape(self, digest: str) -> dict[str, Any] | None:
        place = self._shapes.get(digest)
        if place is None:
            return self._parent._shape(digest) if self._parent is not None else None
        lines = read_at(self._file, [place])
        try:
            shape = msgspec.json.decode(lines[0].shape) if lines else None
        except _NOT_JSON:
            return None
        return shape if isinstance(shape, dict) else None

    def _message(self, digest: str) -> _Message | None:
        known = self._remembered.get(digest)
        if known is not None:
            self._remembered.move_to_end(digest)
            return known
        places = self._messages.get(digest)
        if places is None:
            return self._parent._message(digest) if self._parent is not None else None
        message = _read_message(read_at(self._file, places))
        if message is not None:
            self._remembered[digest] = message
            self._remembered_bytes += len(message.json) + len(message.canonical)
            while self._remembered_bytes > _MOST_REMEMBERED:
                _, oldest = self._remembered.popitem(last=False)
                self._remembered_bytes -= len(oldest.json) + len(oldest.canonical)
        return message


def _read_message(lines: Sequence[TranscriptLine]) -> _Message | None:
    try:
        parts = [msgspec.json.decode(line.message) for line in lines]
        if not parts:
            return None
        blocks = [_without_breakpoints(block) for part in parts for block in _blocks(part["content"])]
        # Only blobs have more than role and content: the other lines are answers, which have an id and so on.
        more = parts[0] if lines[0].type == "api-request-blob" else {"role": parts[0]["role"]}
        message = {**more, "content": blocks}
        return _Message(msgspec.json.encode(message), _SORTED.encode(message))
    except (*_NOT_JSON, KeyError):
        return None


def _together(line: TranscriptLine, shape: Mapping[str, Any], messages: Sequence[_Message]) -> RebuiltRequest | None:
    """Return the request whose parts these are, or None if its digest is another."""
    params = msgspec.json.decode(line.params)
    breakpoints = line.cache_control if isinstance(line.cache_control, list) else []
    top: dict[str, Any] = {**params, **shape}
    marked: dict[int, Any] = {}
    for each in breakpoints:
        where, value = each["path"], each["value"]
        if where[0] == "messages":
            index = where[1]
            marked.setdefault(index, msgspec.json.decode(messages[index].json))
            _put(marked[index], where[2:], value)
        else:
            _put(top, where, value)
    canonical = [message.canonical for message in messages]
    written = [message.json for message in messages]
    for index, message in marked.items():
        canonical[index], written[index] = _SORTED.encode(message), msgspec.json.encode(message)
    parts = {name: [_SORTED.encode(value)] for name, value in top.items()}
    parts["messages"] = _array(canonical)
    digest = hashlib.sha256()
    for piece in _object(sorted(parts.items())):
        digest.update(piece)
    if digest.hexdigest() != line.request_digest:
        return None
    betas = params.get(_IN_THE_HEADERS)
    body = {name: [msgspec.json.encode(value)] for name, value in top.items() if name != _IN_THE_HEADERS}
    first = {"model": body.pop("model", [b"null"]), "messages": _array(written)}
    return RebuiltRequest(
        b"".join(_object([*first.items(), *body.items()])),
        tuple(each for each in betas if isinstance(each, str)) if isinstance(betas, list) else (),
        params,
    )


def _put(document: Any, path: Sequence[Any], value: Any) -> None:
    for step in path:
        document = document[step]
    document["cache_control"] = value


def _object(members: Sequence[tuple[str, Sequence[bytes]]]) -> Iterator[bytes]:
    """Yield the JSON of an object whose values are in pieces, in pieces: together they may have many MB."""
    between = b"{"
    for name, value in members:
        yield b"%b%b:" % (between, msgspec.json.encode(name))
        yield from value
        between = b","
    yield b"}" if members else b"{}"


def _array(items: Sequence[bytes]) -> list[bytes]:
    pieces = [b"["]
    for number, item in enumerate(items):
        pieces += (b",", item) if number else (item,)
    return [*pieces, b"]"]


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _without_breakpoints(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_breakpoints(inner) for name, inner in value.items() if name != "cache_control"}
    return [_without_breakpoints(inner) for inner in value] if isinstance(value, list) else value


def _message_json(role: str, blocks: Sequence[bytes]) -> bytes:
    return b'{"content":[%b],"role":%b}' % (b",".join(blocks), msgspec.json.encode(role))


def _hash(canonical: bytes) -> str:
    return hashlib.sha256(canonical).hexdigest()
