"""A key of candela's, the text that its user sends, and what it may use."""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from candela_tui.protocol.model_ids import matches_model
from candela_tui.providers.identity import PROVIDER_WORDS, Provider, Route, provider_named
from candela_tui.redaction import KEY_BEGINNING

GRACE = timedelta(hours=24)
"""How long the old text of a key is accepted after it was rotated."""
WINDOWS = ("hour", "day", "week", "month", "total")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LENGTH = 43
"""Characters behind the beginning: 256 bits."""
_SHOWN = 8
"""Characters of these that lists show, so that a key can be recognised: 208 bits stay secret."""
_BUDGET = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)/([a-z]+|rolling:[1-9][0-9]{0,3}[hd])")
_BETWEEN_PATTERNS = r",(?![^()]*\))"
"""A comma that is not among the arguments of a tool."""
_NAME = re.compile(r"[^\s\W][\w.@+-]{0,63}")


class KeyState(StrEnum):
    """Whether a key is accepted, and if not, why."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """Until it is enabled again."""
    REVOKED = "revoked"
    """For good."""
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class KeyBudget:
    """What may be spent with a key in a window of time."""

    limit_usd: Decimal
    window: str
    """One of ``WINDOWS``, or a rolling one, such as ``rolling:5h``."""

    def __str__(self) -> str:
        return f"{self.limit_usd.normalize():f}/{self.window}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is kept: without its text, of which there is a keyed hash."""

    id: str
    name: str
    """Unique among the keys that are not revoked."""
    prefix: str
    """The beginning of its text."""
    hash: bytes
    """HMAC-SHA256 of its text with the pepper."""
    created_at: datetime
    user: str | None = None
    project: str | None = None
    models: tuple[str, ...] = ()
    """Patterns of the models that it may use; empty for all."""
    providers: tuple[str, ...] = ()
    """The providers that it may use, in the words of ``PROVIDER_WORDS``; empty for all."""
    budget: KeyBudget | None = None
    expires_at: datetime | None = None
    disabled_at: datetime | None = None
    revoked_at: datetime | None = None
    old_hash: bytes | None = None
    """The hash of its text before it was rotated."""
    old_until: datetime | None = None
    """Until when that text is accepted."""
    team: str | None = None
    """The team that its cost is reported for."""
    parallel: int | None = None
    """How many requests may be under way with it at once; None for any number."""
    deny_tools: tuple[str, ...] = ()
    """Patterns of tools that it may not use, in Claude Code's permission syntax."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Names for models that it may use instead, each with its model."""

    def state(self, now: datetime) -> KeyState:
        """Return whether it is accepted."""
        if self.revoked_at is not None:
            return KeyState.REVOKED
        if self.disabled_at is not None:
            return KeyState.DISABLED
        expired = self.expires_at is not None and now >= self.expires_at
        return KeyState.EXPIRED if expired else KeyState.ACTIVE

    def allows_model(self, model: str) -> bool:
        """Return whether requests to a model are allowed, by its name on any provider."""
        return not self.models or any(matches_model(pattern, model) for pattern in self.models)

    def allows_provider(self, provider: Provider) -> bool:
        """Return whether requests may go to a provider."""
        return not self.providers or provider in map(provider_named, self.providers)

    def allows_route(self, route: Route) -> bool:
        """Return whether requests on a route are allowed."""
        return self.allows_provider(route.provider)


def new_text() -> str:
    """Return the text of a new key."""
    return KEY_BEGINNING + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def new_id() -> str:
    """Return the id of a new key."""
    return f"key_{secrets.token_hex(8)}"


def prefix_of(text: str) -> str:
    """Return the beginning of a key's text, by which a person recognises it."""
    return text[: len(KEY_BEGINNING) + _SHOWN]


def hash_of(text: str, pepper: bytes) -> bytes:
    """Return the keyed hash of a key's text."""
    return hmac.digest(pepper, text.encode("utf-8", "surrogateescape"), "sha256")


def checked_name(text: str) -> str:
    """Return a key's name. Raises ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name: use up to 64 letters, digits and . _ - + @, without spaces")
    return text


def checked_providers(words: str) -> tuple[str, ...]:
    """Return the providers in a list with commas. Raises ValueError."""
    found = _listed(words)
    for word in found:
        if word not in PROVIDER_WORDS:
            raise ValueError(f"{word!r} is not a provider: use {', '.join(PROVIDER_WORDS)}")
    return found


def checked_models(words: str) -> tuple[str, ...]:
    """Return the patterns in a list with commas. Raises ValueError."""
    return _listed(words)


def checked_tools(words: str) -> tuple[str, ...]:
    """Return the patterns of tools in a list with commas. Raises ValueError."""
    # Not at the top: few keys have such patterns, and the dashboard's first screen would wait for the parser of shells.
    from candela_tui.claude_code.permissions.patterns import BadPattern, parse_pattern

    found = _listed(words, _BETWEEN_PATTERNS)
    for pattern in found:
        try:
            parse_pattern(pattern)
        except BadPattern as error:
            raise ValueError(f"{pattern}: {error}") from None
    return found


def checked_aliases(words: str) -> tuple[tuple[str, str], ...]:
    """Return the names of models in a list such as ``fast=claude-haiku-4-5``, with commas. Raises ValueError."""
    found = []
    for word in _listed(words):
        name, equals, model = (part.strip() for part in word.partition("="))
        if not (name and equals and model):
            raise ValueError(f"{word!r} is not an alias: use a name and its model, such as fast=claude-haiku-4-5")
        found.append((name, model))
    return tuple(found)


def checked_parallel(text: str) -> int:
    """Return a number of requests. Raises ValueError."""
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise ValueError(f"{text!r} is not a number of requests: use a whole number from 1")
    return int(text)


def checked_budget(text: str) -> KeyBudget:
    """Return the budget that a text such as ``50/month`` names. Raises ValueError."""
    found = _BUDGET.fullmatch(text.strip().lower())
    if found is None or not (found[2] in WINDOWS or found[2].startswith("rolling:")):
        raise ValueError(
            f"{text!r} is not a budget: use an amount in USD and a window, such as 50/month; windows are"
            f" {', '.join(WINDOWS)} and rolling:5h"
        )
    return KeyBudget(Decimal(found[1]), found[2])


READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "name": checked_name,
    "user": checked_name,
    "team": checked_name,
    "project": checked_name,
    "models": checked_models,
    "aliases": checked_aliases,
    "providers": checked_providers,
    "deny_tools": checked_tools,
    "parallel": checked_parallel,
    "budget": checked_budget,
}
"""What reads a text for each field of ``Key`` that its maker chooses, but for the time of its end. Each raises
ValueError."""


def _listed(words: str, between: str = ",") -> tuple[str, ...]:
    found = tuple(dict.fromkeys(word for part in re.split(between, words) if (word := part.strip())))
    if not found:
        raise ValueError("the list is empty")
    return found
