"""What a provider's 400 names as unknown: flags of anthropic-beta, fields of the body.

The words are Anthropic's own on Vertex AI (``Unexpected value(s) `x` for the `anthropic-beta` header``) and Bedrock
(``invalid beta flag``), those of their validation (``tools.0.custom.defer_loading: Extra inputs are not permitted``),
and of Bedrock's older JSON schema (``#: extraneous key [speed] is not permitted``), as users quote them in public
reports, such as https://github.com/anthropics/claude-code/issues/21625, 34802, 49370, 12122.
"""

import re
from dataclasses import dataclass

MID_CONVERSATION_SYSTEM = "mid-conversation-system-2026-04-07"
"""Lets ``messages`` hold messages of role system."""

_FLAG = r"[a-z][a-z0-9-]*-20\d{2}-?\d{2}-?\d{2}"
_FLAGS_OF_HEADER = re.compile(r"[Uu]nexpected value\(s\)\s+(.+?)\s+for the\s+`?anthropic-beta`?", re.DOTALL)
_INVALID_FLAG = re.compile(r"invalid beta flag", re.IGNORECASE)
_INVALID_NAMED = re.compile(rf"invalid beta flags?\s*[:(]?\s*((?:[`'\"]?{_FLAG}[`'\"]?[,\s]*)+)", re.IGNORECASE)
_EXTRA_INPUT = re.compile(r"([A-Za-z_][\w.\-]*): Extra inputs are not permitted")
_EXTRANEOUS_KEY = re.compile(r"#(/[\w/.\-]*)?: extraneous key \[([\w\-]+)\] is not permitted")
_NO_EFFORT = re.compile(r"does not support the (?:`?output_config\.)?effort`? parameter")
_SYSTEM_ROLE = re.compile(r"Unexpected role .?.?system|role .{0,2}system.{0,2} is not supported")

# The place of an error names the variant of a union beside the fields: tools.0.custom.strict is tools[0].strict.
_AFTER_ITEM = frozenset(
    {
        "container_upload",
        "custom",
        "document",
        "image",
        "redacted_thinking",
        "search_result",
        "server_tool_use",
        "text",
        "thinking",
        "tool_reference",
        "tool_result",
        "tool_use",
    }
)
_AFTER_FIELD = {
    "cache_control": frozenset({"ephemeral"}),
    "thinking": frozenset({"enabled", "adaptive", "disabled"}),
    "source": frozenset({"base64", "url", "text", "content", "file"}),
    "format": frozenset({"json_schema"}),
    "tool_choice": frozenset({"auto", "any", "tool", "none"}),
}
_DATED_TYPE = re.compile(r"_20\d{6}$")


@dataclass(frozen=True, slots=True)
class Refused:
    """What a provider refused of a request."""

    betas: frozenset[str] = frozenset()
    """Flags of anthropic-beta, as they were sent."""
    all_betas: bool = False
    """A flag was refused and not named: none may be sent."""
    fields: frozenset[str] = frozenset()
    """Places in the body, such as ``context_management`` or ``tools.*.defer_loading``; ``*`` is any item."""

    def __bool__(self) -> bool:
        return bool(self.betas or self.all_betas or self.fields)

    def __or__(self, other: "Refused") -> "Refused":
        return Refused(self.betas | other.betas, self.all_betas or other.all_betas, self.fields | other.fields)


def refused_in(message: str) -> Refused:
    """Read the words of a provider's 400; falsy where they name no flag and no field."""
    betas: set[str] = set()
    for pattern in (_FLAGS_OF_HEADER, _INVALID_NAMED):
        for named in pattern.finditer(message):
            betas.update(re.findall(_FLAG, named[1]) or re.findall(r"`([^`\s]+)`", named[1]))
    fields = {_place(found[1].split(".")) for found in _EXTRA_INPUT.finditer(message)}
    for found in _EXTRANEOUS_KEY.finditer(message):
        fields.add(_place([part for part in (found[1] or "").split("/") if part] + [found[2]]))
    if _NO_EFFORT.search(message):
        fields.add("output_config.effort")
    if _SYSTEM_ROLE.search(message):
        betas.add(MID_CONVERSATION_SYSTEM)
    unnamed = _INVALID_FLAG.search(message) is not None and not betas
    all_betas = unnamed or "anthropic_beta" in fields
    return Refused(frozenset(betas), all_betas, frozenset(fields - {"anthropic_beta"}))


def _place(parts: list[str]) -> str:
    place: list[str] = []
    for number, part in enumerate(parts):
        before = place[-1] if place else ""
        if number + 1 < len(parts):
            after_item = before == "*" and (part in _AFTER_ITEM or _DATED_TYPE.search(part))
            if after_item or part in _AFTER_FIELD.get(before, ()):
                continue
        place.append("*" if part.isdecimal() else part)
    return ".".join(place)
