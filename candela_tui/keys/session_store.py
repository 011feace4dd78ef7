"""The sessions of people who signed in, and hashes of their tokens.

An access token is short-lived. A refresh token is replaced each time that it is used, and both end with the session.
"""

import json
import secrets
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from candela_tui.keys.key import GRACE, Key, hash_of
from candela_tui.keys.people_database import PeopleDatabase
from candela_tui.keys.person import OF_CLIENT, Person, key_of
from candela_tui.keys.proven_text import new_token
from candela_tui.text.times import utc_now

ACCESS: Final = timedelta(hours=1)
"""How long an access token is accepted."""
_ACCESS, _REFRESH = "access", "refresh"

_FORGET_TOKENS: Final = text("DELETE FROM people_tokens WHERE until_s <= :now")
_FORGET_SESSIONS: Final = text("DELETE FROM people_sessions WHERE until_s <= :now")
_KEEP_PERSON: Final = text("""
INSERT INTO people (email, document) VALUES (:email, :document)
ON CONFLICT (email) DO UPDATE SET document = excluded.document
""")
_BEGIN: Final = text("""
INSERT INTO people_sessions (id, email, document, began_s, used_s, until_s)
VALUES (:id, :email, :document, :now, :now, :until)
""")
_KEEP_TOKEN: Final = text(
    "INSERT INTO people_tokens (hash, session, kind, until_s) VALUES (:hash, :session, :kind, :until)"
)
_FIND: Final = text("""
SELECT s.id, s.email, s.document, s.until_s, t.replaced_s
FROM people_tokens t JOIN people_sessions s ON s.id = t.session
WHERE t.hash = :hash AND t.kind = :kind AND s.until_s > :now
""")
_OWNER: Final = text("""
SELECT s.email FROM people_tokens t JOIN people_sessions s ON s.id = t.session WHERE t.hash = :hash
""")
_REPLACE: Final = text("UPDATE people_tokens SET replaced_s = coalesce(replaced_s, :now) WHERE hash = :hash")
_USE: Final = text("UPDATE people_sessions SET used_s = :now, document = :document WHERE id = :id")
_END_BY_TOKEN: Final = text("""
DELETE FROM people_sessions WHERE id IN (SELECT session FROM people_tokens WHERE hash = :hash) RETURNING id, email
""")
_END_OF_PERSON: Final = text("DELETE FROM people_sessions WHERE email = :email RETURNING id, email")
_END_TOKENS: Final = text("DELETE FROM people_tokens WHERE session = :id")
_PEOPLE: Final = text("SELECT document FROM people ORDER BY email")
_SESSIONS: Final = text("""
SELECT id, document, began_s, used_s, until_s FROM people_sessions WHERE until_s > :now ORDER BY email, began_s, id
""")
_ACCESS_TOKENS: Final = text("""
SELECT t.hash, t.until_s, s.id, s.document, s.began_s
FROM people_tokens t JOIN people_sessions s ON s.id = t.session
WHERE t.kind = :kind AND t.until_s > :now
""")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a client gets."""

    access: str
    expires_in_s: int
    refresh: str
    email: str


class Why(StrEnum):
    """Why there are no tokens for a refresh token that was good, as the audit log says it."""

    OLD_TOKEN = "session.old-token"  # noqa: S105 - an action
    """It was replaced long ago, and used by a client that slept, or by somebody who stole it."""
    NO_TEAM = "session.no-team"
    """Its person may no longer sign in, so that the session has to end."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A refresh token that was good and gives no tokens."""

    email: str
    why: Why


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of a person, on one machine or several with the same files."""

    id: str
    person: Person
    began_at: datetime
    used_at: datetime
    """When it was begun or refreshed last."""
    until: datetime
    """When the person has to sign in again."""


class SessionStore:
    """Makes, reads and ends sessions. Every method but ``stamp`` blocks and raises KeysError."""

    def __init__(
        self, database: PeopleDatabase, pepper: Callable[[], bytes], now: Callable[[], datetime] = utc_now
    ) -> None:
        """``pepper`` returns the secret for hashes, and makes it if there is none."""
        self._database = database
        self._read_pepper = pepper
        self._now = now
        self.known_pepper: bytes | None = None
        """The secret, once it was read."""
        self.people: tuple[Person, ...] = ()
        """Everyone who had ever signed in when ``keys`` was called last."""

    @property
    def has_to_be_asked(self) -> bool:
        """Whether ``stamp`` knows only what ``look`` found out."""
        return self._database.has_to_be_asked

    @property
    def is_made(self) -> bool:
        """Whether there may be sessions."""
        return True

    def look(self) -> None:
        """Find out whether sessions have changed, for ``stamp``."""
        self._database.look()

    def stamp(self) -> Hashable | None:
        """Return a value that differs once sessions have changed; None if that is not known."""
        return self._database.stamp()

    def pepper(self) -> bytes:
        """Return the secret for hashes."""
        if self.known_pepper is None:
            self.known_pepper = self._read_pepper()
        return self.known_pepper

    def keys(self) -> list[Key]:
        """Return what each access token may be used for, as a key."""
        self.pepper()
        with self._database.reading() as connection:
            if connection is None:
                return []
            self.people = _people(connection)
            rows = connection.execute(_ACCESS_TOKENS, {"kind": _ACCESS, "now": self._seconds()}).all()
        return [_key(row) for row in rows]

    def everyone(self) -> tuple[Person, ...]:
        """Return everyone who ever signed in."""
        with self._database.reading() as connection:
            return _people(connection) if connection is not None else ()

    def sessions(self) -> list[Session]:
        """Return the sessions that have not ended, by person, the oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_SESSIONS, {"now": self._seconds()}).all() if connection is not None else []
        return [
            Session(row.id, person_of(row.document), _moment(row.began_s), _moment(row.used_s), _moment(row.until_s))
            for row in rows
        ]

    def begin(self, person: Person, lasts: timedelta, kind: str = OF_CLIENT) -> Tokens:
        """Begin a session, and return its first tokens."""
        now, session = self._seconds(), f"{kind}_{secrets.token_hex(8)}"
        until = now + int(lasts.total_seconds())
        document = document_of(person)
        with self._database.changing_sessions() as connection:
            self._forget(connection)
            connection.execute(_KEEP_PERSON, {"email": person.email, "document": document})
            begun = {"id": session, "email": person.email, "document": document, "now": now, "until": until}
            connection.execute(_BEGIN, begun)
            return self._tokens(connection, session, person.email, until)

    def refresh(self, token: str, allowed: Callable[[Person], Person | None]) -> Tokens | Refused | None:
        """Return other tokens for a refresh token; None if its session has ended or it is not one. ``allowed`` returns
        a person as they may go on, in another team for example, or None: then the caller has to end the session.

        One that was replaced is good for another ``GRACE``. Claude Code 2.1.332 sends the token that it read when it
        started, whatever its other processes replaced since, and then goes on with the tokens that they stored. So an
        old token does not show that it was stolen, and the session goes on.
        """
        digest = hash_of(token, self.pepper())
        with self._database.changing_sessions() as connection:
            now = self._seconds()
            self._forget(connection)
            found = connection.execute(_FIND, {"hash": digest, "kind": _REFRESH, "now": now}).first()
            if found is None:
                return None
            if found.replaced_s is not None and now - found.replaced_s > GRACE.total_seconds():
                return Refused(found.email, Why.OLD_TOKEN)
            person = allowed(person_of(found.document))
            if person is None:
                return Refused(found.email, Why.NO_TEAM)
            document = document_of(person)
            connection.execute(_KEEP_PERSON, {"email": person.email, "document": document})
            connection.execute(_REPLACE, {"hash": digest, "now": now})
            connection.execute(_USE, {"id": found.id, "now": now, "document": document})
            return self._tokens(connection, found.id, found.email, found.until_s)

    def owner(self, token: str) -> str | None:
        """Return whose session an access token or refresh token belongs to; None if there is no such session."""
        digest = hash_of(token, self.pepper())
        with self._database.reading() as connection:
            return connection.execute(_OWNER, {"hash": digest}).scalar() if connection is not None else None

    def end(self, token: str) -> str | None:
        """End the session that an access token or refresh token belongs to, and return whose it was; None if there is
        no such session."""
        digest = hash_of(token, self.pepper())
        with self._database.changing_sessions() as connection:
            ended = _ended(connection, connection.execute(_END_BY_TOKEN, {"hash": digest}).all())
        return ended[0] if ended else None

    def end_all(self, email: str) -> int:
        """End all sessions of a person, and return how many there were."""
        with self._database.changing_sessions() as connection:
            self._forget(connection)
            return len(_ended(connection, connection.execute(_END_OF_PERSON, {"email": email}).all()))

    def _tokens(self, connection: Connection, session: str, email: str, until: int) -> Tokens:
        pepper, now = self.pepper(), self._seconds()
        access_until = min(now + int(ACCESS.total_seconds()), until)
        texts = {_ACCESS: new_token(pepper), _REFRESH: new_token(pepper)}
        for kind, ends in ((_ACCESS, access_until), (_REFRESH, until)):
            kept = {"hash": hash_of(texts[kind], pepper), "session": session, "kind": kind, "until": ends}
            connection.execute(_KEEP_TOKEN, kept)
        return Tokens(texts[_ACCESS], max(1, access_until - now), texts[_REFRESH], email)

    def _forget(self, connection: Connection) -> None:
        for statement in (_FORGET_TOKENS, _FORGET_SESSIONS):
            connection.execute(statement, {"now": self._seconds()})

    def _seconds(self) -> int:
        return int(self._now().timestamp())


def document_of(person: Person) -> str:
    """Return a person as it is kept."""
    return json.dumps(asdict(person), ensure_ascii=False)


def person_of(document: str) -> Person:
    """Return the person that was kept."""
    kept = json.loads(document)
    # Before there were roles, groups were not kept.
    return Person(**{**kept, "groups": tuple(kept.get("groups", ()))})


def _people(connection: Connection) -> tuple[Person, ...]:
    return tuple(map(person_of, connection.execute(_PEOPLE).scalars()))


def _ended(connection: Connection, sessions: Sequence[Row[Any]]) -> list[str]:
    """Forget the tokens of sessions that were ended, and return whose they were."""
    for session in sessions:
        connection.execute(_END_TOKENS, {"id": session.id})
    return [session.email for session in sessions]


def _key(row: Row[Any]) -> Key:
    person = person_of(row.document)
    return replace(
        key_of(person),
        id=row.id,
        hash=bytes(row.hash),
        created_at=_moment(row.began_s),
        expires_at=_moment(row.until_s),
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
