"""Sign-ins that wait for a person: the device authorization of RFC 8628. Codes are kept as hashes, in memory."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from candela_tui.keys.sessions import Person

LASTS_S: Final = 600
INTERVAL_S: Final = 5
_EARLY_S: Final = 1.0
"""How much earlier than asked a client may come: it waits by a clock of its own."""
_MOST: Final = 1000
"""Sign-ins that wait at once."""
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no code is a word (RFC 8628, section 6.1)."""


class Standing(Enum):
    """Why a client gets no tokens yet, by the errors of RFC 8628."""

    PENDING = "authorization_pending"
    TOO_SOON = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"


class Answer(Enum):
    """What the person's browser said."""

    NONE = auto()
    DENIED = auto()


@dataclass(slots=True)
class _Waiting:
    user_hash: bytes
    until: float
    answer: Person | Answer = Answer.NONE
    asked_at: float | None = None


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of one sign-in."""

    device: str
    """What the client asks with."""
    user: str
    """What the person types, as ``XXXX-XXXX``."""


@dataclass(slots=True)
class DeviceCodes:
    """The sign-ins that wait. Used on one event loop; ``now`` is a clock in seconds."""

    now: Callable[[], float]
    _by_device: dict[bytes, _Waiting] = field(default_factory=dict)

    def begin(self) -> Codes | None:
        """Begin a sign-in; None if too many wait."""
        self._forget_old()
        if len(self._by_device) >= _MOST:
            return None
        device = secrets.token_urlsafe(32)
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        user = f"{letters[:4]}-{letters[4:]}"
        self._by_device[_hash(device)] = _Waiting(_hash(user), self.now() + LASTS_S)
        return Codes(device, user)

    def waits(self, user: str) -> bool:
        """Return whether a sign-in waits for this code of a person."""
        return self._of_user(user) is not None

    def settle(self, user: str, answer: Person | Answer) -> bool:
        """Note who signed in for a code, or that it was denied. Return whether the sign-in still waited."""
        found = self._of_user(user)
        if found is not None:
            found.answer = answer
        return found is not None

    def take(self, device: str) -> Person | Standing:
        """Return who signed in, once; or why there is nobody yet."""
        self._forget_old()
        known_as = _hash(device)
        found = self._by_device.get(known_as)
        if found is None:
            return Standing.EXPIRED
        before, found.asked_at = found.asked_at, self.now()
        if found.answer is Answer.NONE:
            soon = before is not None and found.asked_at - before < INTERVAL_S - _EARLY_S
            return Standing.TOO_SOON if soon else Standing.PENDING
        del self._by_device[known_as]
        return found.answer if isinstance(found.answer, Person) else Standing.DENIED

    def _of_user(self, user: str) -> _Waiting | None:
        self._forget_old()
        wanted = _hash(typed(user))
        waiting = (each for each in self._by_device.values() if each.answer is Answer.NONE)
        return next((each for each in waiting if secrets.compare_digest(each.user_hash, wanted)), None)

    def _forget_old(self) -> None:
        now = self.now()
        for known_as in [known_as for known_as, each in self._by_device.items() if each.until <= now]:
            del self._by_device[known_as]


def typed(user: str) -> str:
    """Return a code as it is kept, however a person types it."""
    letters = "".join(letter for letter in user.upper() if letter in _LETTERS)
    return f"{letters[:4]}-{letters[4:]}"


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogateescape")).digest()


@dataclass(slots=True)
class Tries:
    """Counts what an address tries, so that nobody can try many codes."""

    now: Callable[[], float]
    most: int
    within_s: float
    _made: dict[str, list[float]] = field(default_factory=dict)

    def count(self, address: str) -> None:
        """Count a try."""
        if len(self._made) > _MOST:
            self._made = {each: recent for each in self._made if (recent := self._recent(each))}
        self._made[address] = [*self._recent(address), self.now()][-self.most :]

    def are_used_up(self, address: str) -> bool:
        """Return whether the address has to wait."""
        return len(self._recent(address)) >= self.most

    def _recent(self, address: str) -> list[float]:
        since = self.now() - self.within_s
        return [moment for moment in self._made.get(address, ()) if moment > since]
