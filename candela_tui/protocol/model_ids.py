"""Model names as the providers spell them, and whether two of them mean the same model.

Sources: https://docs.claude.com/en/docs/about-claude/models/overview (names on the Claude API, Bedrock and Vertex AI)
and https://docs.claude.com/en/docs/claude-code/model-config (the client's own ``[1m]`` suffix).
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

_CLIENT_SUFFIX = re.compile(r"\[[^\]]*\]$")
_PLACE = re.compile(r"^(?:[a-z]{2,6}(?:-gov)?\.)?anthropic[./]")
_BEDROCK_VERSION = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?$")
_DATE = re.compile(r"[-@](20\d{6})$")
_ALIAS = re.compile(r"[-@](?:latest|default)$")
_CLAUDE_VERSION = re.compile(r"^claude-(?:[a-z]+-)?(\d{1,2})(?:-(\d{1,2}))?(?=-|$)")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A parsed model name: ``base`` without region, date and suffixes, and the snapshot's date if it has one."""

    base: str
    date: str | None = None

    @property
    def version(self) -> tuple[int, int] | None:
        """The Claude generation, such as (4, 8), or None for another model."""
        match = _CLAUDE_VERSION.match(self.base)
        return (int(match[1]), int(match[2] or 0)) if match else None


@lru_cache(maxsize=1000)
def model_name(name: str) -> ModelName:
    """Parse a name: ``us.anthropic.claude-sonnet-4-5-20250929-v1:0`` is claude-sonnet-4-5 of 20250929."""
    name = _CLIENT_SUFFIX.sub("", name.strip().lower())
    if name.startswith("arn:") and ":application-inference-profile/" not in name:
        name = name.rpartition("/")[2]
    name = _BEDROCK_VERSION.sub("", _PLACE.sub("", name))
    date = _DATE.search(name)
    base = _ALIAS.sub("", _DATE.sub("", name))
    base = re.sub(r"(?<=\d)\.(?=\d)", "-", base)
    # claude-sonnet-4-0 is the undated name of claude-sonnet-4-20250514.
    return ModelName(re.sub(r"(?<=-\d)-0$", "", base), date[1] if date else None)


def without_client_suffix(name: str) -> str:
    """Return the name without the client's own suffix: ``claude-opus-4-8[1m]`` is claude-opus-4-8."""
    return _CLIENT_SUFFIX.sub("", name)


def without_date(name: str) -> str:
    """Return the name without the date of its snapshot, as the Claude API and Vertex AI write it."""
    return _DATE.sub("", name)


def same_model(one: str, other: str) -> bool:
    """Return whether two names mean the same model. An undated name means whichever snapshot serves it."""
    first, second = model_name(one), model_name(other)
    return first.base == second.base and (first.date == second.date or None in (first.date, second.date))


@lru_cache(maxsize=1000)
def matches_model(pattern: str, name: str) -> bool:
    """Return whether a pattern such as ``claude-opus-*`` matches a name, or that name without place, date and suffixes.

    ``*`` stands for any characters.
    """
    parsed, wanted = model_name(name), pattern.lower()
    spellings = {name.lower(), parsed.base, f"{parsed.base}-{parsed.date}" if parsed.date else parsed.base}
    return any(fnmatchcase(each, wanted) for each in spellings)
