"""The parts of a request that a provider's 400 names as unknown: anthropic-beta flags and body fields.

The texts are Anthropic's own on Vertex AI (``Unexpected value(s) `x` for the `anthropic-beta` header``) and Bedrock
(``invalid beta flag``), those of their validation (``tools.0.custom.defer_loading: Extra inputs are not permitted``),
and of Bedrock's older JSON schema (``#: extraneous key [speed] is not permitted``), as users quote them in public
reports, such as https://github.com/anthropics/claude-code/issues/21625, 34802, 49370, 12122.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ALL_BETAS = "anthropic_beta"
"""The field of Bedrock's body that has the flags."""
MID_CONVERSATION_SYSTEM = "mid-conversation-system-2026-04-07"
"""Allows messages of role system in ``messages``."""

_FLAG = r"[a-z][a-z0-9-]*-20\d{2}-?\d{2}-?\d{2}"
_FLAGS_OF_HEADER = re.compile(r"[Uu]nexpected value\(s\)\s+(.+?)\s+for the\s+`?anthropic-beta`?", re.DOTALL)
_INVALID_FLAG = re.compile(r"invalid beta flag", re.IGNORECASE)
_INVALID_NAMED = re.compile(rf"invalid beta flags?\s*[:(]?\s*((?:[`'\"]?{_FLAG}[`'\"]?[,\s]*)+)", re.IGNORECASE)
_EXTRA_INPUT = re.compile(r"([A-Za-z_][\w.\-]*): Extra inputs are not permitted")
_EXTRANEOUS_KEY = re.compile(r"#(/[\w/.\-]*)?: extraneous key \[([\w\-]+)\] is not permitted")
_UNKNOWN_EDIT = re.compile(r"context_management\.edits\.\d+: Input tag '(\w+)'")
_NO_EFFORT = re.compile(r"does not support the (?:`?output_config\.)?effort`? parameter")
_SYSTEM_ROLE = re.compile(r"Unexpected role .?.?system|role .{0,2}system.{0,2} is not supported")

# The path in an error includes the variant of a union: tools.0.custom.strict is the strict of tools[0], of type custom.
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
class RefusedParts:
    """The parts of a request that a provider refused."""

    betas: frozenset[str] = frozenset()
    """Flags of anthropic-beta, as they were sent."""
    all_betas: bool = False
    """Whether it takes no flags at all, because its schema of the body has no ``anthropic_beta``."""
    fields: frozenset[str] = frozenset()
    """Places in the body, such as ``context_management`` or ``tools.custom.strict``. At an array, ``*`` is any item,
    and a name is the ``type`` of the items."""
    unnamed: bool = False
    """Whether it refused a flag without naming it."""
    suspects: frozenset[str] = frozenset()
    """Flags to leave out because one of them may be the one that it refused without naming it."""
    remembered: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By flag or place, for messages: until when it is remembered, and how to forget it."""

    def __bool__(self) -> bool:
        return bool(self.betas or self.all_betas or self.fields or self.unnamed or self.suspects)

    def __or__(self, other: "RefusedParts") -> "RefusedParts":
        return RefusedParts(
            self.betas | other.betas,
            self.all_betas or other.all_betas,
            self.fields | other.fields,
            self.unnamed or other.unnamed,
            self.suspects | other.suspects,
            {**self.remembered, **other.remembered},
        )

    def and_until(self, *names: str) -> str:
        """Return the end of a sentence about a flag or place: until when it is remembered, or "" if it is not."""
        return next((f"; {self.remembered[name]}" for name in names if name in self.remembered), "")


def refused_in(message: str) -> RefusedParts:
    """Read the message of a provider's 400; the result is falsy if it names no flag and no field."""
    betas: set[str] = set()
    for pattern in (_FLAGS_OF_HEADER, _INVALID_NAMED):
        for named in pattern.finditer(message):
            betas.update(re.findall(_FLAG, named[1]) or re.findall(r"`([^`\s]+)`", named[1]))
    fields = {_place(found[1].split(".")) for found in _EXTRA_INPUT.finditer(message)}
    for found in _EXTRANEOUS_KEY.finditer(message):
        fields.add(_place([part for part in (found[1] or "").split("/") if part] + [found[2]]))
    fields |= {f"context_management.edits.{found[1]}" for found in _UNKNOWN_EDIT.finditer(message)}
    if _NO_EFFORT.search(message):
        fields.add("output_config.effort")
    if _SYSTEM_ROLE.search(message):
        betas.add(MID_CONVERSATION_SYSTEM)
    unnamed = _INVALID_FLAG.search(message) is not None and not betas
    return RefusedParts(frozenset(betas), ALL_BETAS in fields, frozenset(fields - {ALL_BETAS}), unnamed)


def _place(parts: list[str]) -> str:
    """Return the narrowest place that an error names: fields of items of that type, where it names the type."""
    place: list[str] = []
    for number, part in enumerate(parts):
        before = place[-1] if place else ""
        if number + 1 < len(parts):
            if before == "*" and (part in _AFTER_ITEM or _DATED_TYPE.search(part)):
                place[-1] = part
                continue
            if part in _AFTER_FIELD.get(before, ()):
                continue
        place.append("*" if part.isdecimal() else part)
    return ".".join(place)
