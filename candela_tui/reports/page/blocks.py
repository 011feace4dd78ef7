"""The content blocks of a conversation as HTML: text, thinking, tool calls and their results, pictures."""

import json
import re
from collections.abc import Iterator
from typing import Any

from candela_tui.analysis import labels
from candela_tui.analysis.items import Item
from candela_tui.protocol.answer_decoder import TOOL_CALLS
from candela_tui.protocol.claude_code.reminders import split_reminders
from candela_tui.protocol.held_call import REFUSED, are_held_words
from candela_tui.protocol.raw_json import decode_json, without_lone_surrogates
from candela_tui.protocol.rule_action import RuleAction
from candela_tui.reports.page.markup import attribute, escaped, fold, one_line, plain
from candela_tui.reports.page.prose import prose
from candela_tui.text import amounts

_ROLES = {"user": "User", "assistant": "Claude", "system": "System"}
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""The formats that browsers show and that can't hold a script."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_LONGEST_BRIEF = 60
"""Characters of one argument in the head of a tool call."""


class Blocks:
    """Writes the blocks of one conversation. It remembers tool calls, so that their results can name them."""

    def __init__(self) -> None:
        self._calls: dict[str, str] = {}
        self.ruled: dict[str, RuleAction] = {}
        """What rules did about the calls of the answer that is written, by the id of the call."""

    def message(self, message: Item) -> Iterator[str]:
        """Yield a message of a request."""
        for part in message.parts:
            yield from self.block(block_of(part), message.label)

    def block(self, block: Any, role: str) -> Iterator[str]:
        """Yield one content block, in pieces."""
        if isinstance(block, str):
            yield from _said(block, role)
            return
        if not isinstance(block, dict):
            yield fold("data", "block", plain(json_of(block)))
            return
        kind = _word(block, "type")
        if kind == "text" and are_held_words(_word(block, "text")):
            yield f'<p class="line bad">✗ {escaped(_word(block, "text"))}</p>\n'
        elif kind == "text":
            yield from _said(_word(block, "text"), role)
        elif kind == "thinking":
            yield _thinking(_word(block, "thinking"))
        elif kind == "redacted_thinking":
            size = amounts.size(len(_word(block, "data")))
            yield f'<p class="line thinking">Thinking, encrypted by the provider, {size}</p>\n'
        elif kind in TOOL_CALLS:
            yield self._call(block)
        elif kind.endswith("tool_result"):
            yield from self._result(block)
        elif kind in ("image", "document"):
            yield _attachment(kind, block)
        else:
            yield fold("data", escaped(kind or "block"), plain(json_of(block)))

    def _call(self, block: dict[str, Any]) -> str:
        name = _word(block, "name") or _word(block, "type")
        self._calls[_word(block, "id")] = name
        given = block.get("input")
        action = self.ruled.get(_word(block, "id"))
        held = name == REFUSED or (action is not None and action.held_back)
        kind, title = ("call failed", f"✗ {escaped(name)}") if held else ("call", f"→ {escaped(name)}")
        said = f'<p class="line">{escaped(labels.ruled_call(action))}</p>' if action is not None else ""
        if not isinstance(given, dict):
            return fold(kind, title, said + plain(given if isinstance(given, str) else json_of(given)))
        content = "".join(
            f"<dt>{escaped(argument)}</dt><dd>{plain(value if isinstance(value, str) else json_of(value))}</dd>"
            for argument, value in given.items()
        )
        return fold(kind, title, f"{said}<dl>{content}</dl>", brief=_brief(given))

    def _result(self, block: dict[str, Any]) -> Iterator[str]:
        name = self._calls.get(_word(block, "tool_use_id"), "result")
        failed = block.get("is_error") is True
        title = f"✗ {escaped(name)} failed" if failed else f"← {escaped(name)}"
        content = block.get("content")
        parts = content if isinstance(content, list) else [content]
        texts = [text for text in map(_text, parts) if text is not None]
        others = [part for part in parts if part is not None and _text(part) is None]
        inner = "".join(map(plain, texts)) + "".join(piece for part in others for piece in self.block(part, "tool"))
        first = next((text for text in texts if text.strip()), "")
        lines = sum(text.count("\n") + 1 for text in texts if text)
        note = f"{lines:,} {'line' if lines == 1 else 'lines'}" if lines else ""
        if not inner:
            yield f'<p class="line result"><b>{title}</b> <span class="note">empty</span></p>\n'
        else:
            yield fold("result failed" if failed else "result", title, inner, brief=one_line(first), note=note)


def block_of(item: Item) -> Any:
    """Return the block of an item, decoded; its JSON as text if it can't be."""
    raw = bytes(item.raw)
    block = decode_json(raw)
    if block is None and raw != b"null":
        block = decode_json(without_lone_surrogates(raw) or raw)
    return raw.decode("utf-8", "replace") if block is None else block


def json_of(value: Any) -> str:
    """Return a value as JSON to read."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _said(text: str, role: str) -> Iterator[str]:
    for is_reminder, part in split_reminders(text):
        if is_reminder:
            words = part.replace("<system-reminder>", " ").replace("</system-reminder>", " ")
            yield fold("reminder", "Reminder", plain(part), brief=one_line(words))
        elif role == "system" and part.strip():
            # The client's own notes to the model, as long as a system prompt.
            yield fold("reminder", _ROLES[role], prose(part, "system"), brief=one_line(part))
        elif part.strip():
            kind = role if role in _ROLES else "other"
            name = _ROLES.get(role) or role
            yield f'<div class="said {kind}"><h4>{escaped(name)}</h4>{prose(part)}</div>\n'


def _thinking(text: str) -> str:
    if not text:
        return '<p class="line thinking">Thinking, not shown by the provider</p>\n'
    return fold("thinking", "∴ Thinking", prose(text), brief=one_line(text))


def _attachment(kind: str, block: dict[str, Any]) -> str:
    source = block.get("source")
    source = source if isinstance(source, dict) else {}
    media, data = _word(source, "media_type"), _word(source, "data")
    title = _word(block, "title")
    facts = [fact for fact in (title, media, _word(source, "url"), _word(source, "file_id")) if fact]
    if _word(source, "type") == "text":
        return fold("data", "Document", plain(data), brief=one_line(" · ".join(facts)))
    if data:
        facts.append(amounts.size(len(data) * 3 // 4 - data[-2:].count("=")))
    said = escaped(" · ".join(facts))
    if kind == "image" and media in _PICTURES and _BASE64.fullmatch(data):
        # Pictures are decoded when they come into view.
        picture = f'<img loading="lazy" decoding="async" alt="{attribute(" · ".join(facts))}" '
        picture += f'src="data:{media};base64,{data}">'
        return f"<figure>{picture}<figcaption>{said}</figcaption></figure>\n"
    return f'<p class="line">{kind.capitalize()} <span class="note">{said}; its data is not in this page</span></p>\n'


def _brief(arguments: dict[str, Any]) -> str:
    """Return the arguments of a call in one line."""
    parts: list[str] = []
    for name, value in arguments.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        words = " ".join(text[: 4 * _LONGEST_BRIEF].split())
        parts.append(f"{name}={words if len(words) <= _LONGEST_BRIEF else f'{words[: _LONGEST_BRIEF - 1]}…'}")
    return one_line(" ".join(parts))


def _text(part: Any) -> str | None:
    """Return the text of a part of a result, or None if it is something else."""
    if isinstance(part, dict):
        part = part.get("text") if part.get("type") == "text" else None
    return part if isinstance(part, str) else None


def _word(block: dict[str, Any], name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
