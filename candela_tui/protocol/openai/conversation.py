"""The messages of a chat as the Messages API takes them: a system prompt, and turns that alternate.

System messages are moved before the conversation, wherever the client put them, as Anthropic's own layer for
OpenAI's SDK does (https://platform.claude.com/docs/en/api/openai-sdk, "System / Developer message hoisting").
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from candela_tui.protocol.adaptation import Adaptation
from candela_tui.protocol.openai.content import Block, blocks_of, marked
from candela_tui.protocol.openai.errors import InvalidChat
from candela_tui.protocol.openai.json_members import Members, given, items_of, members_of, optional, required
from candela_tui.protocol.raw_json import raw_members

_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_SYSTEM = ("system", "developer")


@dataclass(slots=True)
class Conversation:
    """A chat so far, in the form of the Messages API."""

    system: list[Block] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    """Messages with a role and a list of blocks; no two in a row have the same role."""

    @property
    def answers_tools(self) -> bool:
        """Whether the newest turn has results of tools, so that the model's own turn continues."""
        return bool(self.turns) and self.turns[-1]["content"][0]["type"] == "tool_result"


def conversation(raw: msgspec.Raw, notes: list[Adaptation]) -> Conversation:
    """Translate ``messages``; changes go to ``notes``. Raises InvalidChat."""
    reader = _Reader(notes)
    for index, item in enumerate(items_of(raw, "messages")):
        where = f"messages[{index}]"
        reader.read(members_of(item, where), where)
    if not reader.conversation.turns:
        raise InvalidChat(
            "messages has no message of the user or assistant: Claude answers no system prompt alone", "messages"
        )
    return reader.conversation


class _Reader:
    """Adds messages to the conversation, one after the other."""

    def __init__(self, notes: list[Adaptation]) -> None:
        self.conversation = Conversation()
        self._notes = notes
        self._function_calls: dict[str, str] = {}
        """The id of each function's newest call, in the legacy form, whose results only name the function."""

    def read(self, message: Members, where: str) -> None:
        role = required(message, "role", str, where)
        if given(message, "name") is not None and role != "function":
            self._note("message", f"{where}.name", "left out: Claude has no names of participants")
        if role in _SYSTEM:
            if self.conversation.turns:
                self._note("message", where, f"put before the conversation, into the system prompt: role {role}")
            self.conversation.system += self._content(message, where)
        elif role == "user":
            self._add("user", self._content(message, where), where)
        elif role == "assistant":
            self._add("assistant", self._answer(message, where), where)
        elif role == "tool":
            self._add("user", [self._result(message, required(message, "tool_call_id", str, where), where)], where)
        elif role == "function":
            name = required(message, "name", str, where)
            if name not in self._function_calls:
                raise InvalidChat(f"{where}: no message before it calls the function {name!r}", where)
            self._add("user", [self._result(message, self._function_calls[name], where)], where)
        else:
            raise InvalidChat(
                f"{where}.role is {role!r}; there is system, developer, user, assistant, tool and function",
                f"{where}.role",
            )

    def _add(self, role: str, blocks: list[Block], where: str) -> None:
        turns = self.conversation.turns
        if not blocks:
            self._note("message", where, "left out: it is empty, which Claude refuses")
        elif turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})

    def _content(self, message: Members, where: str) -> list[Block]:
        blocks = blocks_of(given(message, "content"), f"{where}.content")
        if blocks:
            blocks[-1] = marked(blocks[-1], message)
        return blocks

    def _answer(self, message: Members, where: str) -> list[Block]:
        if given(message, "audio") is not None:
            raise InvalidChat("Claude can't read audio kept at OpenAI: send its transcript", f"{where}.audio")
        blocks = self._content(message, where) or blocks_of(given(message, "refusal"), f"{where}.refusal")
        calls = given(message, "tool_calls")
        for index, raw in enumerate(items_of(calls, f"{where}.tool_calls") if calls is not None else ()):
            place = f"{where}.tool_calls[{index}]"
            call = members_of(raw, place)
            kind = optional(call, "type", str, place) or "function"
            if kind != "function":
                raise InvalidChat(f"{place}: Claude calls functions only, not {kind!r}", f"{place}.type")
            function = members_of(required(call, "function", msgspec.Raw, place), f"{place}.function")
            blocks.append(self._call(function, required(call, "id", str, place), f"{place}.function"))
        legacy = given(message, "function_call")
        if legacy is not None:
            place = f"{where}.function_call"
            function = members_of(legacy, place)
            call_id = f"call_{len(self.conversation.turns)}"
            self._function_calls[required(function, "name", str, place)] = call_id
            blocks.append(self._call(function, call_id, place))
        return blocks

    def _call(self, function: Members, call_id: str, where: str) -> Block:
        name = required(function, "name", str, where)
        arguments = optional(function, "arguments", str, where) or ""
        arguments = arguments if arguments.strip() else "{}"
        wire = msgspec.Raw(arguments.encode())
        if raw_members(wire) is None:
            # Anthropic's recommendation for tool input that is not JSON:
            # https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
            self._note("message", f"{where}.arguments", "not a JSON object: sent as text inside one")
            wire = msgspec.Raw(msgspec.json.encode({"INVALID_JSON": arguments}))
        return {"type": "tool_use", "id": _id(call_id), "name": name, "input": wire}

    def _result(self, message: Members, call_id: str, where: str) -> Block:
        blocks = blocks_of(given(message, "content"), f"{where}.content")
        result: Block = {"type": "tool_result", "tool_use_id": _id(call_id)}
        return marked({**result, "content": blocks} if blocks else result, message)

    def _note(self, what: Any, name: str, why: str) -> None:
        self._notes.append(Adaptation(what, name, why))


def _id(call_id: str) -> str:
    """Return an id in the alphabet of the Messages API; a call and its result get the same one."""
    return _NOT_IN_AN_ID.sub("_", call_id) or "_"
