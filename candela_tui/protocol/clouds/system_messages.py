"""Messages of role ``system`` in the conversation, moved into the user's turn for clouds that do not accept them.

The form is the client's own for models without such messages: text of the user inside <system-reminder>. Each is
appended to the turn that it follows. So the same conversation always gives the same bytes, a longer one begins with the
same bytes, and a cache_control mark stays on its block.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from candela_tui.protocol.json_spans import Span
from candela_tui.protocol.json_splice import Splice

_TEXT = b'{"type":"text","text":%s}'


@dataclass(slots=True)
class _Turn:
    """A message that stays, and the system messages (spans of their contents) to append to it."""

    role: Span
    content: Span
    is_system: bool
    followers: list[Span] = field(default_factory=list)


def remove_emptied_messages(splice: Splice, system: Sequence[int]) -> None:
    """Remove the system messages that have lost all they said to other edits, such as a change of effort alone.

    ``system`` are the numbers of the system messages. The Claude API refuses a message without content and
    output_config.
    """
    messages = splice.member("messages")
    if messages is None:
        return
    for number in system:
        if _is_emptied(splice, splice.inside(messages)[number]):
            splice.remove(messages, number)


def _is_emptied(splice: Splice, message: Span) -> bool:
    content = splice.member("content", message)
    if content is not None and (splice.kept(content) or (_is_string(splice, content) and splice.raw(content) != b'""')):
        return False
    if any(member.name == "output_config" for member in splice.kept(message)):
        return False
    return splice.member("output_config", message) is not None or (content is not None and splice.empties(content))


def fold_system_messages(splice: Splice, system: Sequence[int]) -> int:
    """Edit the document, after the edits to fields of blocks, and return the number of messages that moved.

    ``system`` are the numbers of the system messages. A message with more than a role and texts (such as changes of
    tools) stays, for the provider to judge.
    """
    messages = splice.member("messages")
    if messages is None:
        return 0
    spans = splice.inside(messages)
    turns: list[_Turn] = []
    last: tuple[int, _Turn] | None = None
    """The number of the newest message of the turn to append to, and the turn."""
    folded = 0
    for number in system:
        if splice.is_removed(messages, number):
            continue
        turn = _turn(splice, spans[number], is_system=True)
        if turn is None:
            continue
        folded += 1
        before = number - 1
        while splice.is_removed(messages, before) and (last is None or last[0] != before):
            before -= 1
        if last is None or last[0] != before:
            user = _user_turn(splice, spans[before]) if before >= 0 else None
            last = (before, user) if user is not None else (number, turn)
            turns.append(last[1])
        if last[1] is not turn:
            last[1].followers.append(turn.content)
            splice.remove(messages, number)
            last = (number, last[1])
    for turn in turns:
        _fold(splice, turn)
    return folded


def _user_turn(splice: Splice, message: Span) -> _Turn | None:
    role = splice.member("role", message)
    return _turn(splice, message) if role is not None and splice.raw(role) == b'"user"' else None


def _turn(splice: Splice, message: Span, *, is_system: bool = False) -> _Turn | None:
    """Return a message of the user or system, or None if it has no content, or is a system message beyond texts."""
    role, content = splice.member("role", message), splice.member("content", message)
    if role is None or content is None or (is_system and not _only_texts(splice, message, content)):
        return None
    return _Turn(role, content, is_system)


def _only_texts(splice: Splice, message: Span, content: Span) -> bool:
    if {span.name for span in splice.kept(message)} != {"role", "content"}:
        return False
    if _is_string(splice, content):
        return True
    blocks = splice.kept(content)
    return bool(blocks) and all(_text_of(splice, block) is not None for block in blocks)


def _text_of(splice: Splice, block: Span) -> Span | None:
    """Return the text of a text block, or None for another block."""
    kind, text = splice.member("type", block), splice.member("text", block)
    is_text = kind is not None and splice.raw(kind) == b'"text"' and text is not None and _is_string(splice, text)
    return text if is_text else None


def _is_string(splice: Splice, span: Span) -> bool:
    return splice.raw(span)[:1] == b'"'


def _fold(splice: Splice, turn: _Turn) -> None:
    content = turn.content
    blocks = b",".join(_blocks(splice, follower) for follower in turn.followers)
    if turn.is_system:
        splice.replace(turn.role.value, turn.role.end, b'"user"')
    if not _is_string(splice, content):
        if turn.is_system:
            for block in splice.kept(content):
                _wrap(splice, _text_of(splice, block))
        if blocks:
            kept = splice.kept(content)
            at = splice.inside(content)[-1].end if kept else content.end - 1
            splice.replace(at, at, (b"," if kept else b"") + blocks)
        return
    if turn.is_system:
        _wrap(splice, content)
    if blocks:
        first, last = _TEXT.split(b"%s")
        splice.replace(content.value, content.value, b"[" + first)
        splice.replace(content.end, content.end, last + b"," + blocks + b"]")


def _wrap(splice: Splice, text: Span | None) -> None:
    if text is not None:
        splice.replace(text.value, text.end, _reminder(splice.raw(text)))


def _blocks(splice: Splice, content: Span) -> bytes:
    """Return a system message's content as text blocks of the user, with the other edits applied."""
    if _is_string(splice, content):
        return _TEXT % _reminder(splice.raw(content))
    blocks = splice.kept(content)
    for block in blocks:
        _wrap(splice, _text_of(splice, block))
    return b",".join(splice.rendered(block.value, block.end) for block in blocks)


def _reminder(literal: bytes) -> bytes:
    """Wrap a JSON string in the tags; its escapes stay unchanged."""
    if literal.startswith(b'"<system-reminder>'):
        return literal
    return b'"<system-reminder>\\n' + literal[1:-1] + b'\\n</system-reminder>"'
