"""Sign-ins that wait for a person: the device authorization of RFC 8628, in the database that replicas share.

Any replica may serve any step. Only hashes of the codes are kept.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from sqlalchemy import text

from candela_tui.keys.key import hash_of
from candela_tui.keys.people_database import PeopleDatabase
from candela_tui.keys.person import OF_CLIENT, Person
from candela_tui.keys.proven_text import is_own_code, new_code
from candela_tui.keys.session_store import document_of, person_of
from candela_tui.text.times import utc_now

LASTS_S: Final = 600
INTERVAL_S: Final = 5
_EARLY_S: Final = 1.0
"""How much earlier than asked a client may come: it waits by a clock of its own."""
_MOST: Final = 1000
"""Sign-ins that wait at once."""
_MOST_OF_ADDRESS: Final = 200
"""Those of one address. Behind a load balancer, all people have the same."""
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no code is a word (RFC 8628, section 6.1)."""
_DENIED: Final = ""
"""What is kept in place of a person."""

_FORGET: Final = text("DELETE FROM people_sign_ins WHERE until_s <= :now")
_BEGIN: Final = text("""
INSERT INTO people_sign_ins (device_hash, user_hash, address_hash, kind, began_us, until_s)
VALUES (:device, :user, :address, :kind, :began_us, :until)
""")
_DROP_OF_ADDRESS: Final = text("""
DELETE FROM people_sign_ins WHERE device_hash IN (
  SELECT device_hash FROM people_sign_ins WHERE address_hash = :address AND answer IS NULL
  ORDER BY began_us DESC LIMIT 1000000 OFFSET :most)
""")
_DROP: Final = text("""
DELETE FROM people_sign_ins WHERE device_hash IN (
  SELECT device_hash FROM (
    SELECT device_hash, row_number() OVER (PARTITION BY address_hash ORDER BY began_us DESC) AS number, began_us
    FROM people_sign_ins WHERE answer IS NULL) AS waiting
  ORDER BY number, began_us DESC LIMIT 1000000 OFFSET :most)
""")
"""The addresses with the most lose first, and each of them its oldest."""
_WAITS: Final = text("SELECT kind FROM people_sign_ins WHERE user_hash = :user AND answer IS NULL AND until_s > :now")
_SETTLE: Final = text("""
UPDATE people_sign_ins SET answer = :answer WHERE user_hash = :user AND answer IS NULL AND until_s > :now
RETURNING device_hash
""")
_ASKED: Final = text("SELECT answer, asked_us FROM people_sign_ins WHERE device_hash = :device AND until_s > :now")
_NOTE_ASKED: Final = text("UPDATE people_sign_ins SET asked_us = :now_us WHERE device_hash = :device")
_TAKE: Final = text("""
DELETE FROM people_sign_ins WHERE device_hash = :device AND answer IS NOT NULL RETURNING answer, kind
""")


class Standing(Enum):
    """Why a client gets no tokens yet, by the errors of RFC 8628."""

    PENDING = "authorization_pending"
    TOO_SOON = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of one sign-in."""

    device: str
    """What the client asks with."""
    user: str
    """What the person types, as ``XXXX-XXXX``."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who let something in, and what."""

    person: Person
    kind: str


class DeviceCodes:
    """The sign-ins that wait. Every method blocks and raises KeysError."""

    def __init__(
        self, database: PeopleDatabase, pepper: Callable[[], bytes], now: Callable[[], datetime] = utc_now
    ) -> None:
        """``pepper`` returns the secret for hashes."""
        self._database = database
        self._pepper = pepper
        self._now = now

    def begin(self, address: str, kind: str = OF_CLIENT) -> Codes:
        """Begin a sign-in of a kind for a client at an address.

        Where too many wait, those of the address with the most are dropped, the oldest first, so that nobody can keep
        others from signing in."""
        pepper = self._pepper()
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        codes = Codes(new_code(pepper), f"{letters[:4]}-{letters[4:]}")
        from_address = hash_of(address, pepper)
        now_us = self._microseconds()
        with self._database.changing() as connection:
            connection.execute(_FORGET, {"now": now_us // 1_000_000})
            begun = {
                "device": hash_of(codes.device, pepper),
                "user": hash_of(codes.user, pepper),
                "address": from_address,
                "kind": kind,
                "began_us": now_us,
                "until": now_us // 1_000_000 + LASTS_S,
            }
            connection.execute(_BEGIN, begun)
            connection.execute(_DROP_OF_ADDRESS, {"address": from_address, "most": _MOST_OF_ADDRESS})
            connection.execute(_DROP, {"most": _MOST})
        return codes

    def waiting(self, user: str) -> str | None:
        """Return the kind of the sign-in that waits for this code of a person, or None if none does."""
        wanted = {"user": hash_of(typed(user), self._pepper()), "now": self._seconds()}
        with self._database.reading() as connection:
            return connection.execute(_WAITS, wanted).scalar() if connection is not None else None

    def settle(self, user: str, person: Person | None) -> bool:
        """Note who signed in for a code, or with None that nobody did. Return whether the sign-in still waited."""
        answer = document_of(person) if person is not None else _DENIED
        wanted = {"user": hash_of(typed(user), self._pepper()), "answer": answer, "now": self._seconds()}
        with self._database.changing() as connection:
            return connection.execute(_SETTLE, wanted).first() is not None

    def take(self, device: str) -> SignedIn | Standing:
        """Return who signed in and for what, once; or why there is nobody yet."""
        pepper = self._pepper()
        if not is_own_code(device, pepper):
            return Standing.EXPIRED
        now_us = self._microseconds()
        known_as = {"device": hash_of(device, pepper)}
        with self._database.changing() as connection:
            found = connection.execute(_ASKED, {**known_as, "now": now_us // 1_000_000}).first()
            if found is None:
                return Standing.EXPIRED
            if found.answer is None:
                connection.execute(_NOTE_ASKED, {**known_as, "now_us": now_us})
                soon = found.asked_us is not None and now_us - found.asked_us < (INTERVAL_S - _EARLY_S) * 1_000_000
                return Standing.TOO_SOON if soon else Standing.PENDING
            # Another replica may be asked at the same time.
            taken = connection.execute(_TAKE, known_as).first()
        if taken is None:
            return Standing.EXPIRED
        return SignedIn(person_of(taken.answer), taken.kind) if taken.answer != _DENIED else Standing.DENIED

    def _seconds(self) -> int:
        return int(self._now().timestamp())

    def _microseconds(self) -> int:
        return int(self._now().timestamp() * 1_000_000)


def typed(user: str) -> str:
    """Return a code as it is kept, however a person types it."""
    letters = "".join(letter for letter in user.upper() if letter in _LETTERS)
    return f"{letters[:4]}-{letters[4:]}"


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
