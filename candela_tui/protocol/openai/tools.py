"""Tools of a chat, and the older ``functions``, in the form of the Messages API."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.openai.content import marked
from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.json_members import (
    Members,
    given,
    is_text,
    items_of,
    members_of,
    optional,
    required,
    typed,
)

_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass(slots=True)
class Toolbox:
    """The tools of a request, and which of them may be used."""

    tools: list[dict[str, Any]]
    choice: dict[str, Any] | None = None
    legacy: bool = False
    """Whether the client uses ``functions``: one call per answer, without ids."""

    @property
    def forced(self) -> bool:
        """Whether the answer must call a tool."""
        return self.choice is not None and self.choice["type"] in ("any", "tool")


def toolbox(request: Members, notes: list[Adaptation]) -> Toolbox:
    """Translate ``tools``, ``tool_choice``, ``parallel_tool_calls``, or their legacy forms. Raises InvalidChat."""
    raw = given(request, "tools")
    functions = given(request, "functions")
    legacy = raw is None and functions is not None
    if raw is not None:
        tools = [_tool(item, f"tools[{index}]") for index, item in enumerate(items_of(raw, "tools"))]
    elif functions is not None:
        named = enumerate(items_of(functions, "functions"))
        tools = [_function(members_of(item, f"functions[{index}]"), f"functions[{index}]") for index, item in named]
    else:
        tools = []
    box = Toolbox(tools, legacy=legacy)
    asked = given(request, "function_call" if legacy else "tool_choice")
    if asked is not None and tools:
        _choose(box, asked, "function_call" if legacy else "tool_choice", notes)
    alone = legacy or optional(request, "parallel_tool_calls", bool) is False
    if alone and tools and (box.choice is None or box.choice["type"] != "none"):
        box.choice = {**(box.choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    return box


def _tool(raw: msgspec.Raw, where: str) -> dict[str, Any]:
    tool = members_of(raw, where)
    kind = required(tool, "type", str, where)
    if kind != "function":
        raise InvalidChat(f"{where}: Claude takes tools of type function, not {kind!r}", f"{where}.type")
    place = f"{where}.function"
    function = members_of(required(tool, "function", msgspec.Raw, where), place)
    return marked(_function(function, place), tool)


def _function(function: Members, where: str) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": required(function, "name", str, where)}
    description = given(function, "description")
    if description is not None:
        tool["description"] = description
    tool["input_schema"] = _schema(function, where)
    if optional(function, "strict", bool, where):
        tool["strict"] = True
    return marked(tool, function)


def _schema(function: Members, where: str) -> object:
    parameters = given(function, "parameters")
    if parameters is None:
        return _NO_PARAMETERS
    members = members_of(parameters, f"{where}.parameters")
    # A schema must name its type, which OpenAI's clients may omit.
    return parameters if "type" in members else {**_NO_PARAMETERS, **members}


def _choose(box: Toolbox, asked: msgspec.Raw, where: str, notes: list[Adaptation]) -> None:
    if is_text(asked):
        box.choice = _mode(typed(asked, str, where), where)
        return
    choice = members_of(asked, where)
    kind = "function" if box.legacy else required(choice, "type", str, where)
    if kind == "function":
        named = choice if box.legacy else members_of(required(choice, "function", msgspec.Raw, where), where)
        box.choice = {"type": "tool", "name": required(named, "name", str, where)}
    elif kind == "allowed_tools":
        place = f"{where}.allowed_tools"
        allowed = members_of(required(choice, "allowed_tools", msgspec.Raw, where), place)
        names = set(_names(items_of(required(allowed, "tools", msgspec.Raw, place), f"{place}.tools"), place))
        box.choice = _mode(required(allowed, "mode", str, place), place)
        left_out = [tool["name"] for tool in box.tools if tool["name"] not in names]
        if left_out:
            box.tools = [tool for tool in box.tools if tool["name"] in names]
            notes.append(Adaptation("field", place, f"the tools it does not allow are left out: {', '.join(left_out)}"))
        if not box.tools:
            raise InvalidChat(f"{place} allows none of the tools", place)
    else:
        raise InvalidChat(f"{where}: Claude takes tools of type function, not {kind!r}", f"{where}.type")


def _names(tools: Iterable[msgspec.Raw], where: str) -> Iterable[str]:
    for raw in tools:
        tool = members_of(raw, where)
        yield required(members_of(required(tool, "function", msgspec.Raw, where), where), "name", str, where)


def _mode(mode: str, where: str) -> dict[str, Any]:
    modes = {"auto": "auto", "none": "none", "required": "any"}
    if mode not in modes:
        raise InvalidChat(f"{where} is {mode!r}; there is auto, none, required, or a function by its name", where)
    return {"type": modes[mode]}
