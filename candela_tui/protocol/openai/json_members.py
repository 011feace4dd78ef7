"""Reading the members of a JSON object one by one, with their types; errors name the place in the request."""

from typing import TypeVar

import msgspec

from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.raw_json import NULL

Members = dict[str, msgspec.Raw]
T = TypeVar("T")


def is_text(raw: msgspec.Raw) -> bool:
    """Return whether a slice is a string."""
    return starts(raw, b'"')


def starts(raw: msgspec.Raw, first: bytes) -> bool:
    """Return whether a slice begins with these bytes."""
    return bytes(memoryview(raw)[: len(first)]) == first


def given(members: Members | None, name: str) -> msgspec.Raw | None:
    """Return an undecoded member, or None if it is missing or null."""
    raw = (members or {}).get(name, NULL)
    return None if starts(raw, b"null") else raw


def typed(raw: msgspec.Raw, kind: type[T], where: str) -> T:
    """Decode a small slice. Raises InvalidChat."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidChat(f"{where} must be {_KINDS[kind]}", where) from error


def optional(members: Members | None, name: str, kind: type[T], where: str = "") -> T | None:
    """Decode an optional member. ``where`` is the place of its object."""
    raw = given(members, name)
    return None if raw is None else typed(raw, kind, f"{where}.{name}" if where else name)


def required(members: Members | None, name: str, kind: type[T], where: str = "") -> T:
    """Decode a required member. Raises InvalidChat."""
    value = optional(members, name, kind, where)
    if value is None:
        place = f"{where}.{name}" if where else name
        raise InvalidChat(f"{place} is missing", place)
    return value


def members_of(raw: msgspec.Raw, where: str) -> Members:
    """Return the members of an object, each as a slice. Raises InvalidChat."""
    return typed(raw, dict[str, msgspec.Raw], where)


def items_of(raw: msgspec.Raw, where: str) -> list[msgspec.Raw]:
    """Return the items of an array, each as a slice. Raises InvalidChat."""
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
