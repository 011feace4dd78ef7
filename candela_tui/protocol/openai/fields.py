"""Reading the fields of a request one by one: each of the type it must have, or an error that names its place."""

from typing import TypeVar

import msgspec

from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.raw_json import NULL

Members = dict[str, msgspec.Raw]
T = TypeVar("T")


def is_text(raw: msgspec.Raw) -> bool:
    """Whether a slice is a string."""
    return starts(raw, b'"')


def starts(raw: msgspec.Raw, first: bytes) -> bool:
    """Whether a slice begins with these bytes."""
    return bytes(memoryview(raw)[: len(first)]) == first


def given(members: Members | None, name: str) -> msgspec.Raw | None:
    """A member as it came; None: it is left out, or null."""
    raw = (members or {}).get(name, NULL)
    return None if starts(raw, b"null") else raw


def typed(raw: msgspec.Raw, kind: type[T], where: str) -> T:
    """Decode a small slice. Raises InvalidChat."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidChat(f"{where} must be {_KINDS[kind]}", where) from error


def optional(members: Members | None, name: str, kind: type[T], where: str = "") -> T | None:
    """Decode a member that may be left out. ``where`` is the place of the object that it belongs to."""
    raw = given(members, name)
    return None if raw is None else typed(raw, kind, f"{where}.{name}" if where else name)


def required(members: Members | None, name: str, kind: type[T], where: str = "") -> T:
    """Decode a member that must be there. Raises InvalidChat."""
    value = optional(members, name, kind, where)
    if value is None:
        place = f"{where}.{name}" if where else name
        raise InvalidChat(f"{place} is missing", place)
    return value


def members_of(raw: msgspec.Raw, where: str) -> Members:
    """The members of an object, each as a slice. Raises InvalidChat."""
    return typed(raw, dict[str, msgspec.Raw], where)


def items_of(raw: msgspec.Raw, where: str) -> list[msgspec.Raw]:
    """The items of an array, each as a slice. Raises InvalidChat."""
    return typed(raw, list[msgspec.Raw], where)


_KINDS: dict[object, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    dict[str, msgspec.Raw]: "an object",
    list[msgspec.Raw]: "an array",
    list[str]: "an array of strings",
    list[str] | str: "a string or an array of strings",
}
