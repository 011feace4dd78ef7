"""Set members of Claude Code's settings.json and put them back, with every other byte as it is."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from candela_tui.protocol.json_spans import Span
from candela_tui.protocol.json_splice import NotSpliceable, Splice

MemberPath = tuple[str, ...]
"""Names from the top of the document down."""

_INDENT = "  "
_EMPTY = b"{}"
_BOM = b"\xef\xbb\xbf"


class UnusableSettings(Exception):
    """The text can't be changed safely. The message says why, as the rest of a sentence that begins with the file."""


@dataclass(frozen=True, slots=True)
class MemberChange:
    """One member that was set, as JSON texts."""

    path: MemberPath
    before: str | None
    """None: there was none."""
    after: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What setting some members changed."""

    members: tuple[MemberChange, ...] = ()
    containers: Mapping[MemberPath, str | None] = field(default_factory=dict)
    """The objects that were empty before, with their text, or were not there at all (None)."""


def with_members(text: bytes | None, wanted: Mapping[MemberPath, Any]) -> tuple[bytes, Setting]:
    """Return a document with these members set, and what that changed. ``text`` is None if there is no file.

    Raises UnusableSettings.
    """
    made = Setting()
    mark, body = _split(text)
    if body is None:
        made, body = Setting(containers={(): None}), b"{}\n"
    for path, value in wanted.items():
        body, made = _with_member(body, path, value, made)
    return mark + body, made


def without_members(text: bytes, setting: Setting) -> tuple[bytes | None, tuple[MemberPath, ...], Setting]:
    """Return a document with the members put back as they were before, or None if there was no file.

    The paths are members that were changed by others since; they stay as they are. The setting is what is left of
    ``setting``: objects that still hold other members. Raises UnusableSettings.
    """
    mark, body = _split(text)
    assert body is not None
    changed: list[MemberPath] = []
    for member in setting.members:
        splice = _spliced(body)
        container, number = _found(splice, member.path)
        span = splice.inside(container)[number] if container is not None and number is not None else None
        if container is None or number is None or span is None or not _same(splice.raw(span), member.after):
            changed.append(member.path)
            continue
        if member.before is None:
            splice.remove(container, number)
        else:
            splice.replace(span.value, span.end, member.before.encode())
        body = splice.rendered()
    left: dict[MemberPath, str | None] = {}
    # The innermost object first, because it may be all that another one holds.
    for path, before in sorted(setting.containers.items(), key=lambda each: -len(each[0])):
        emptied = _emptied(body, path, before)
        if emptied is None:
            left[path] = before
        elif path or before is not None:
            body = emptied
        else:
            return None, tuple(changed), Setting()
    return mark + body, tuple(changed), Setting((), left)


def merged(one: Setting, other: Setting) -> Setting:
    """Return a setting with the containers of both."""
    return replace(one, containers={**one.containers, **other.containers})


def _with_member(body: bytes, path: MemberPath, value: Any, made: Setting) -> tuple[bytes, Setting]:
    splice = _spliced(body)
    container = splice.root
    for depth, name in enumerate(path[:-1], 1):
        span = splice.member(name, container)
        if span is None:
            made = _noting_empty(made, splice, container, path[: depth - 1])
            body = _added(splice, container, name, {}, depth)
            made = replace(made, containers={path[:depth]: None, **made.containers})
            return _with_member(body, path, value, made)
        if not splice.raw(span).startswith(b"{"):
            raise UnusableSettings(f"has something else than an object as {'.'.join(path[:depth])}")
        container = span
    made = _noting_empty(made, splice, container, path[:-1])
    span = splice.member(path[-1], container)
    if span is None:
        after = _written(splice, value, len(path))
        body = _added(splice, container, path[-1], value, len(path))
        return body, replace(made, members=(*made.members, MemberChange(path, None, after)))
    before = splice.raw(span).decode()
    if json.loads(before) == value:
        return body, made
    after = _written(splice, value, len(path))
    splice.replace(span.value, span.end, after.encode())
    return splice.rendered(), replace(made, members=(*made.members, MemberChange(path, before, after)))


def _noting_empty(made: Setting, splice: Splice, container: Span, path: MemberPath) -> Setting:
    if splice.inside(container) or path in made.containers:
        return made
    return replace(made, containers={path: splice.raw(container).decode(), **made.containers})


def _added(splice: Splice, container: Span, name: str, value: Any, depth: int) -> bytes:
    """Return the text with a member behind the others of an object, with the white space that they have."""
    member = f"{json.dumps(name)}: {_written(splice, value, depth)}".encode()
    others = splice.inside(container)
    if others:
        begin = others[-2].end if len(others) > 1 else container.value + 1
        between = splice.rendered(begin, others[-1].start).rpartition(b",")[2]
        splice.replace(others[-1].end, others[-1].end, b"," + (between or b" ") + member)
    else:
        end, unit = _layout(splice)
        inner, outer = (end + unit * depth).encode(), (end + unit * (depth - 1)).encode()
        splice.replace(container.value, container.end, b"{" + inner + member + outer + b"}")
    return splice.rendered()


def _written(splice: Splice, value: Any, depth: int) -> str:
    """Return a value as JSON text, laid out like the document at this depth."""
    end, unit = _layout(splice)
    text = json.dumps(value, indent=unit, ensure_ascii=False) if end else json.dumps(value, ensure_ascii=False)
    return text.replace("\n", end + unit * depth)


def _layout(splice: Splice) -> tuple[str, str]:
    """Return the end of a line and the indentation of a document; an empty end if it is all in one line."""
    others = splice.inside(splice.root)
    if not others:
        return ("\r\n" if b"\r\n" in splice.raw(splice.root) else "\n"), _INDENT
    space = splice.rendered(splice.root.value + 1, others[0].start).decode()
    found = re.fullmatch(r"\s*?(\r?\n)([ \t]*)", space)
    return (found[1], found[2] or _INDENT) if found else ("", _INDENT)


def _found(splice: Splice, path: MemberPath) -> tuple[Span | None, int | None]:
    """Return the object that a path leads into, and the number of the member in it."""
    container: Span | None = splice.root
    for name in path[:-1]:
        container = splice.member(name, container) if container is not None else None
    if container is None:
        return None, None
    numbers = (number for number, span in enumerate(splice.inside(container)) if span.name == path[-1])
    return container, next(numbers, None)


def _emptied(body: bytes, path: MemberPath, before: str | None) -> bytes | None:
    """Return the text with an object as it was before, or None if it holds other members now."""
    splice = _spliced(body)
    if not path:
        if splice.inside(splice.root):
            return None
        splice.replace(splice.root.value, splice.root.end, before.encode() if before is not None else _EMPTY)
        return splice.rendered()
    container, number = _found(splice, path)
    if container is None or number is None:
        return body
    span = splice.inside(container)[number]
    if not splice.raw(span).startswith(b"{") or splice.inside(span):
        return None
    if before is None:
        splice.remove(container, number)
    else:
        splice.replace(span.value, span.end, before.encode())
    return splice.rendered()


def _same(raw: bytes, after: str) -> bool:
    """Return whether a member still has the value that was set; its layout may have changed."""
    return bool(json.loads(raw) == json.loads(after))


def _split(text: bytes | None) -> tuple[bytes, bytes | None]:
    """Return the byte order mark and the rest."""
    if text is None:
        return b"", None
    mark = _BOM if text.startswith(_BOM) else b""
    return mark, text[len(mark) :]


def _spliced(body: bytes) -> Splice:
    try:
        document = json.loads(body.decode())
    except json.JSONDecodeError as error:
        raise UnusableSettings(f"is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg})") from None
    except UnicodeDecodeError:
        raise UnusableSettings("is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise UnusableSettings("can't be read as JSON") from None
    if not isinstance(document, dict):
        raise UnusableSettings("is not a JSON object")
    try:
        splice = Splice(body)
        for span in splice.inside(splice.root):
            splice.inside(span)
    except NotSpliceable:
        raise UnusableSettings("has a member twice, and which of them counts is not said") from None
    return splice
