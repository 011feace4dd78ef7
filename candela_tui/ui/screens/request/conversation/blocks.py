"""The content blocks of a conversation as foldable blocks, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from candela_tui.analysis import labels
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.held_call import REFUSED, are_held_words
from candela_tui.protocol.image_size import image_size
from candela_tui.protocol.raw_json import decode_json, raw_members
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.text import amounts
from candela_tui.text.cells import shortened
from candela_tui.ui.screens.request.conversation.attachments import Attachment, file_name
from candela_tui.ui.screens.request.conversation.tool_arguments import ArgumentsContent
from candela_tui.ui.style.styled_text import Line
from candela_tui.ui.widgets.text_view.folding.content import Content, ContentSequence, LinesContent
from candela_tui.ui.widgets.text_view.folding.folds import Fold
from candela_tui.ui.widgets.text_view.folding.json_content import JsonContent
from candela_tui.ui.widgets.text_view.folding.text_content import TextContent

INDENT = 3
_ABSENT = msgspec.Raw(b"")
_LONGEST_HELD_WORDS = 4096
_REMINDER, _REMINDER_END = b"<system-reminder>", b"</system-reminder>"
_REMINDER_TAGS = (_REMINDER.decode(), _REMINDER_END.decode())


class _Block(msgspec.Struct):
    type: str = ""
    text: msgspec.Raw = _ABSENT
    thinking: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    id: str = ""
    name: str = ""
    input: msgspec.Raw = _ABSENT
    tool_use_id: str = ""
    content: msgspec.Raw = _ABSENT
    is_error: bool = False
    source: msgspec.Raw = _ABSENT
    title: str | None = None
    tool_name: str = ""
    cache_control: msgspec.Raw = _ABSENT


class _Source(msgspec.Struct):
    type: str = ""
    media_type: str = ""
    data: msgspec.Raw = _ABSENT
    url: str = ""
    file_id: str = ""


class _CacheControl(msgspec.Struct):
    type: str = ""
    ttl: str = "5m"


_BLOCK = msgspec.json.Decoder(_Block)
_SOURCE = msgspec.json.Decoder(_Source)
_CACHE = msgspec.json.Decoder(_CacheControl)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class _ToolCall:
    name: str
    failed: bool = False
    result: Content | None = None

    def outcome(self) -> str:
        """The result of the call in a few words."""
        if self.result is None:
            return ""
        return "✗ failed" if self.failed else self.result.amount()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where content belongs: its kind, name, style and indent."""

    kind: str
    name: str
    style: str = "text"
    indent: int = INDENT


class Blocks:
    """Make the foldable blocks of one conversation. Remembers tool calls, so that their results can name them."""

    def __init__(self, ruled: Mapping[str, RuleAction] | None = None) -> None:
        """``ruled`` has what rules did about calls, by the id of the call."""
        self._ruled = ruled or {}
        self._calls: dict[str, _ToolCall] = {}
        self._attachments = 0

    def content(
        self, content: msgspec.Raw | bytes, kind: str, name: str, *, style: str = "text"
    ) -> Iterator[Fold | None]:
        """Yield the blocks of a message's or system prompt's content, a string or a list of blocks; None after each
        step."""
        yield from self._content(bytes(content), _Place(kind, name, style))

    def block(self, body: bytes, kind: str, name: str) -> Iterator[Fold | None]:
        """Yield one content block. A block of unknown type is shown as JSON."""
        yield from self._block(body, _Place(kind, name))

    def _content(self, body: bytes, place: _Place) -> Iterator[Fold | None]:
        if body[:1] == b'"':
            yield from _texts(body, place)
            return
        try:
            blocks = _LIST.decode(_listed(body))
        except UNREADABLE:
            yield _json(body, place)
            return
        for block in blocks:
            yield None
            yield from self._block(bytes(block), place)

    def _block(self, body: bytes, place: _Place) -> Iterator[Fold | None]:
        try:
            block = _BLOCK.decode(body)
        except UNREADABLE:
            yield _json(body, place)
            return
        folds = self._folds(block, body, place)
        if not block.cache_control:
            yield from folds
            return
        last: Fold | None = None
        for fold in folds:
            if fold is not None and last is not None:
                yield last
            last = fold or last
            yield None
        if last is not None:
            last.foot = breakpoint_line(block.cache_control)
            yield last

    def _folds(self, block: _Block, body: bytes, place: _Place) -> Iterator[Fold | None]:
        if block.type == "text" and block.text:
            held = _are_held_words(bytes(block.text))
            yield from _texts(bytes(block.text), replace(place, style="bad") if held else place)
        elif block.type == "thinking" and block.thinking:
            yield _thinking(bytes(block.thinking), place)
        elif block.type == "redacted_thinking":
            size = f"   {amounts.size(len(block.data))}"
            line: Line = (("∴ redacted thinking", "thinking"), (size, "dim"))
            yield Fold("", LinesContent(line), "redacted thinking", indent=place.indent)
        elif block.type in TOOL_CALLS:
            yield None
            yield self._call(block, place)
        elif block.type.endswith("tool_result"):
            yield from self._result(block, place)
        elif block.type == "tool_reference" and block.tool_name:
            line = (("⌕ ", "accent"), (block.tool_name, "accent"), ("   tool loaded by this search", "dim"))
            yield Fold("", LinesContent(line), f"tool {block.tool_name}", indent=place.indent, gap=0)
        elif block.type in ("image", "document"):
            yield from self._attachment(block, place)
        else:
            yield _json(body, place, block.type)

    def _call(self, block: _Block, place: _Place) -> Fold:
        name = block.name or block.type
        call = self._calls[block.id] = _ToolCall(name)
        given = bytes(block.input)
        members = raw_members(given) if given else {}
        action = self._ruled.get(block.id)
        sign, style = call_look(name, action)
        head: Line = ((f"{sign} ", style), (name, style), (f"   {block.id}", "faint"))
        fold = Fold("calls", ContentSequence(), f"call of {name}", head, indent=place.indent)
        if members is None:
            fold.content = _below_rule(action, JsonContent(given), len(given), style)
            return fold
        content = ArgumentsContent(members, len(given), call.outcome)
        fold.content = _below_rule(action, content, len(given), style)
        fold.brief = CallBrief(name, content, sign, style)
        return fold

    def _result(self, block: _Block, place: _Place) -> Iterator[Fold | None]:
        call = self._calls.get(block.tool_use_id)
        name = call.name if call is not None else "result"
        sign, style = ("✗", "bad") if block.is_error else ("←", "good")
        words_of = f"{name} failed" if block.is_error else name
        head: Line = ((f"{sign} {words_of}", style), (f"   {block.tool_use_id}", "faint"))
        result = Fold("results", ContentSequence(), f"result of {name}", head, indent=place.indent)
        inner = _Place("results", result.name, "dim", place.indent + 2)
        # The leading texts belong to the result itself; what follows folds separately.
        texts: list[Content] = []
        below: list[Fold | None] = []
        for fold in self._content(bytes(block.content), inner) if block.content else ():
            own = fold is not None and not below and fold.kind == "results" and not fold.head
            if fold is not None and own and not fold.foot and not fold.attachment:
                texts.append(fold.content)
            elif fold is not None:
                below.append(fold)
            yield None
        result.content = (
            texts[0] if len(texts) == 1 else ContentSequence(*texts, size=len(block.content) if texts else 0)
        )
        first = texts[0] if texts else None
        if isinstance(first, TextContent):
            result.brief = TextBrief(first, "dim", f"{sign} {words_of}  ", style)
        if call is not None:
            call.failed, call.result = block.is_error, result.content
        result.gap = 0 if below else 1
        yield result
        yield from below

    def _attachment(self, block: _Block, place: _Place) -> Iterator[Fold]:
        try:
            source = _SOURCE.decode(block.source)
        except UNREADABLE:
            source = _Source()
        self._attachments += 1
        facts = [source.media_type or source.type or "unknown type"]
        if block.title:
            facts.insert(0, block.title)
        attachment: Attachment | None = None
        text: Content | None = None
        if source.data:
            literal = bytes(source.data)
            name = file_name(block.type, self._attachments, source.media_type, block.title)
            encoded = source.type == "base64"
            data = literal[1:-1].replace(b"\\/", b"/") if encoded else literal[1:-1]
            attachment = Attachment(name, source.media_type, data, encoded)
            if encoded and block.type == "image" and (pixels := image_size(attachment.beginning())):
                facts.append(f"{pixels[0]} × {pixels[1]}")
            facts.append(amounts.size(attachment.size))
            text = None if encoded else TextContent(literal, style=place.style, indent=2)
        facts += [where for where in (source.url, source.file_id) if where]
        line: Line = ((f"▣ {block.type}", "link"), (f"   {' · '.join(facts)}", "dim"))
        hint: Line = (("   press v to open", "faint"),) if attachment is not None else ()
        name = attachment.name if attachment is not None else block.type
        if text is None:
            yield Fold("", LinesContent((*line, *hint)), name, indent=place.indent, attachment=attachment)
        else:
            yield Fold(place.kind, text, name, (*line, *hint), indent=place.indent, attachment=attachment)


def call_look(tool: str, action: RuleAction | None) -> tuple[str, str]:
    """Return the sign and style of a call: red if a rule held it back, or if it stands in for such a call."""
    if tool == REFUSED or (action is not None and action.held_back):
        return "✗", "bad"
    return "→", "accent" if action is None else "warn"


def _below_rule(action: RuleAction | None, content: Content, size: int, style: str) -> Content:
    """Return a call's content, below what a rule did about the call."""
    if action is None:
        return content
    return ContentSequence(TextContent(msgspec.json.encode(labels.ruled_call(action)), style=style), content, size=size)


def _are_held_words(literal: bytes) -> bool:
    """Return whether a JSON string is what stands in place of a call that a rule held back."""
    text = decode_json(literal) if len(literal) <= _LONGEST_HELD_WORDS else None
    return isinstance(text, str) and are_held_words(text)


def _listed(body: bytes) -> bytes:
    """Return the list of blocks of a content; for a server-side tool search, the list of tools that it found."""
    found = (raw_members(body) or {}).get("tool_references") if body[:1] == b"{" else None
    return body if found is None else bytes(found)


def _texts(literal: bytes, place: _Place) -> Iterator[Fold]:
    """Yield a text; system reminders within it become blocks of their own."""
    start, end = 1, max(1, len(literal) - 1)
    position = start
    while (found := literal.find(_REMINDER, position, end)) >= 0:
        before = literal[max(start, found - 64) : found].rstrip(b" ")
        if before and not before.endswith(b"\\n"):
            position = found + len(_REMINDER)
            continue
        close = literal.find(_REMINDER_END, found, end)
        stop = end if close < 0 else close + len(_REMINDER_END)
        while found > start and literal[found - 1] == 0x20:
            found -= 1
        if found > start:
            yield _text(literal, start, found, place)
        yield _reminder(literal, found, stop, place)
        start = position = stop + 2 if literal[stop : stop + 2] == b"\\n" else stop
    if end > start or start == 1:
        yield _text(literal, start, end, place)


def _text(literal: bytes, start: int, stop: int, place: _Place) -> Fold:
    content = TextContent(literal, start, stop, style=place.style)
    return Fold(place.kind, content, place.name, brief=TextBrief(content, place.style), indent=place.indent)


def _reminder(literal: bytes, start: int, stop: int, place: _Place) -> Fold:
    content = TextContent(literal, start, stop, style="faint")
    brief = TextBrief(content, "faint", "reminder  ", "dim", _REMINDER_TAGS)
    return Fold("reminders", content, "system reminder", brief=brief, indent=place.indent)


def _thinking(literal: bytes, place: _Place) -> Fold:
    content = TextContent(literal, style="thinking")
    head: Line = (("∴ thinking", "thinking"),)
    return Fold(
        "thinking", content, "thinking", head, TextBrief(content, "thinking", "∴ ", "thinking"), indent=place.indent
    )


def _json(body: bytes, place: _Place, kind: str = "") -> Fold:
    brief: Line = ((kind or "block", "warn"),)
    return Fold(place.kind, JsonContent(body), place.name, brief=lambda _: brief, indent=place.indent)


def breakpoint_line(cache_control: msgspec.Raw) -> Line:
    """Return the line that marks a cache breakpoint; empty if there is none."""
    try:
        control = _CACHE.decode(cache_control)
    except UNREADABLE:
        return ()
    return ((f"◇ cache breakpoint, {control.ttl}", "faint"),)


@dataclass(frozen=True, slots=True)
class CallBrief:
    """A tool call in one line."""

    name: str
    content: ArgumentsContent
    sign: str
    style: str

    def __call__(self, room: int) -> Line:
        rest = max(0, room - len(self.name) - 4)
        arguments = shortened(self.content.brief(rest), rest)
        return ((f"{self.sign} ", self.style), (self.name, self.style), ("  ", "text"), (arguments, "dim"))


@dataclass(frozen=True, slots=True)
class TextBrief:
    """The first words of a text, after a label."""

    content: TextContent
    style: str
    label: str = ""
    label_style: str = "text"
    without: tuple[str, ...] = ()
    """Substrings to leave out."""

    def __call__(self, room: int) -> Line:
        rest = max(0, room - len(self.label))
        text = self.content.beginning(rest + sum(map(len, self.without)))
        for part in self.without:
            text = text.replace(part, "")
        return ((self.label, self.label_style), (shortened(text.strip(), rest), self.style))
