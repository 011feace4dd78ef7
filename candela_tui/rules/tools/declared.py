"""The tools that a request declares, and requests without some of them."""

from collections.abc import Callable
from dataclasses import replace

import msgspec

from candela_tui.protocol.encoding import BadEncoding, decode_whole
from candela_tui.protocol.headers import header
from candela_tui.protocol.raw_json import raw_items, raw_members
from candela_tui.providers.upstream import ClientRequest
from candela_tui.rules.tools.judge import Judgement

JudgeDeclared = Callable[[str], Judgement | None]


def judge_declared(
    request: ClientRequest, judge: JudgeDeclared
) -> tuple[ClientRequest, list[Judgement], Judgement | None]:
    """Return the request without the tools that are stripped, all that was judged about its tools, and what was judged
    about the tool that it demands, if that one is stripped: without it, the request can't be sent."""
    members = _members(request.body, header(request.headers, "content-encoding") or "")
    if "tools" not in members:
        return request, [], None
    judged = [(tool, judge(name) if (name := _name(tool)) else None) for tool in raw_items(members["tools"])]
    found = [judgement for _, judgement in judged if judgement is not None]
    if not any(map(_strips, found)):
        return request, found, None
    demanded = _name(members["tool_choice"]) if "tool_choice" in members else ""
    lost = next((each for each in found if _strips(each) and each.tool == demanded), None)
    left = [tool for tool, judgement in judged if judgement is None or not _strips(judgement)]
    if left:
        members["tools"] = msgspec.Raw(msgspec.json.encode(left))
    else:
        # No provider takes an empty list, or a choice among no tools.
        members = {name: value for name, value in members.items() if name not in ("tools", "tool_choice")}
    fields = [(name, value) for name, value in request.headers if name.lower() != "content-encoding"]
    return replace(request, headers=fields, body=msgspec.json.encode(members)), found, lost


def declared_tools(body: bytes, encoding: str) -> list[str]:
    """Return the names of the tools that a request's body declares."""
    tools = _members(body, encoding).get("tools", b"")
    return [name for tool in raw_items(tools) if (name := _name(tool))]


def _members(body: bytes, encoding: str) -> dict[str, msgspec.Raw]:
    try:
        return raw_members(decode_whole(encoding, body)) or {}
    except BadEncoding:
        # The provider refuses it.
        return {}


def _strips(judgement: Judgement) -> bool:
    return judgement.rule.action == "strip" and not judgement.rule.dry_run


class _Function(msgspec.Struct):
    name: str = ""


class _Declared(msgspec.Struct):
    name: str = ""
    function: _Function | None = None
    """In chat completions."""


_DECLARED = msgspec.json.Decoder(_Declared)


def _name(tool: msgspec.Raw) -> str:
    """Return the name of a declared tool, in either API; "" if it has none."""
    try:
        declared = _DECLARED.decode(tool)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return declared.name or (declared.function.name if declared.function is not None else "")
