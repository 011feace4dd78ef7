"""Messages of role ``system`` in the conversation, put into the user's turn for those who take none there.

The form is the client's own for models that know no such messages: text of the user inside <system-reminder>. Each
goes to the end of the turn that it follows, so that the same conversation always gives the same bytes, one turn longer
gives the same beginning, and a cache_control mark stays on its block.
"""

from dataclasses import dataclass, field

import msgspec

from candela_tui.protocol.splice import Span, Splice


class _Message(msgspec.Struct):
    role: str = ""


_ROLES = msgspec.json.Decoder(list[_Message])
_TEXT = b'{"type":"text","text":%s}'


@dataclass(slots=True)
class _Turn:
    """A message that stays, and the system messages (spans of their contents) that go to its end."""

    role: Span
    content: Span
    is_system: bool
    followers: list[Span] = field(default_factory=list)


def fold_system_messages(splice: Splice) -> int:
    """Record the edits, after those to the fields of blocks; returns the number of messages that were folded.

    One that has more than a role and texts (changes of tools, say) stays for the provider to judge.
    """
    messages = splice.member("messages")
    if messages is None:
        return 0
    try:
        roles = [message.role for message in _ROLES.decode(splice.decodable(messages))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return 0
    spans = splice.inside(messages)
    turns: list[_Turn] = []
    last: tuple[int, _Turn] | None = None
    folded = 0
    for number, role in enumerate(roles):
        if role != "system":
            continue
        turn = _turn(splice, spans[number], is_system=True)
        if turn is None:
            continue
        folded += 1
        before = number - 1
        if last is None or last[0] != before:
            user = _turn(splice, spans[before]) if before >= 0 and roles[before] == "user" else None
            last = (before, user) if user is not None else (number, turn)
            turns.append(last[1])
        if last[1] is not turn:
            last[1].followers.append(turn.content)
            splice.remove(messages, number)
            last = (number, last[1])
    for turn in turns:
        _fold(splice, turn)
    return folded


def _turn(splice: Splice, message: Span, *, is_system: bool = False) -> _Turn | None:
    """One message of user or system; None where it has no content, or a system message has more than texts."""
    role, content = splice.member("role", message), splice.member("content", message)
    if role is None or content is None or (is_system and not _only_texts(splice, message, content)):
        return None
    return _Turn(role, content, is_system)


def _only_texts(splice: Splice, message: Span, content: Span) -> bool:
    if {span.name for span in splice.inside(message)} != {"role", "content"}:
        return False
    if _is_string(splice, content):
        return True
    blocks = splice.inside(content)
    return bool(blocks) and all(_text_of(splice, block) is not None for block in blocks)


def _text_of(splice: Splice, block: Span) -> Span | None:
    """The text of a text block; None of another."""
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
            for block in splice.inside(content):
                _wrap(splice, _text_of(splice, block))
        if blocks:
            inside = splice.inside(content)
            at = inside[-1].end if inside else content.end - 1
            splice.replace(at, at, (b"," if inside else b"") + blocks)
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
    """A system message's content as text blocks of the user, with what else was edited in them."""
    if _is_string(splice, content):
        return _TEXT % _reminder(splice.raw(content))
    blocks = splice.inside(content)
    for block in blocks:
        _wrap(splice, _text_of(splice, block))
    return b",".join(splice.rendered(block.value, block.end) for block in blocks)


def _reminder(literal: bytes) -> bytes:
    """A JSON string inside the tags; its escapes stay as they are."""
    if literal.startswith(b'"<system-reminder>'):
        return literal
    return b'"<system-reminder>\\n' + literal[1:-1] + b'\\n</system-reminder>"'
