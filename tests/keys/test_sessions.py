"""The sessions of people who signed in."""

from datetime import timedelta
from pathlib import Path

from candela_tui.keys.sessions import ACCESS, Person, Sessions
from candela_tui.redaction import redact_text
from candela_tui.text.times import utc_now

ADA = Person("1", "ada@example.com", "platform")
DAY = timedelta(hours=24)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = utc_now()

    def __call__(self):  # type: ignore[no-untyped-def]
        return self.moment


def opened(data: Path, clock: Clock | None = None) -> Sessions:
    sessions = Sessions(data / "sessions.db", data / "keys-pepper", clock or Clock())
    sessions.open()
    return sessions


def test_an_access_token_is_a_key_of_its_person_until_it_expires(tmp_path: Path) -> None:
    clock = Clock()
    sessions = opened(tmp_path, clock)
    tokens = sessions.begin(ADA, DAY)
    key = sessions.find(tokens.access)
    assert key is not None
    assert (key.name, key.user, key.team) == ("ada@example.com", "ada@example.com", "platform")
    assert tokens.expires_in_s == ACCESS.total_seconds()
    assert sessions.find(tokens.refresh) is None
    clock.moment += ACCESS + timedelta(seconds=1)
    assert sessions.find(tokens.access) is None


def test_a_refresh_gives_another_token_until_the_session_ends(tmp_path: Path) -> None:
    clock = Clock()
    sessions = opened(tmp_path, clock)
    first = sessions.begin(ADA, DAY)
    second = sessions.refresh(first.refresh)
    assert second is not None
    assert second.access != first.access
    # Another client of the same person may still have the first.
    assert sessions.find(first.access) is not None
    assert sessions.refresh(first.access) is None
    clock.moment += DAY
    assert sessions.refresh(first.refresh) is None


def test_no_access_outlives_the_session(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    assert sessions.begin(ADA, timedelta(minutes=10)).expires_in_s <= 600


def test_either_token_ends_the_session_at_once(tmp_path: Path) -> None:
    sessions = opened(tmp_path)
    by_access, by_refresh, other = (sessions.begin(ADA, DAY) for _ in range(3))
    assert sessions.end(by_access.access) == "ada@example.com"
    assert sessions.end(by_access.access) is None
    sessions.end(by_refresh.refresh)
    assert [sessions.find(each.access) for each in (by_access, by_refresh)] == [None, None]
    assert sessions.refresh(by_access.refresh) is None
    assert sessions.find(other.access) is not None


def test_sessions_outlive_a_restart_and_their_file_has_no_token(tmp_path: Path) -> None:
    tokens = opened(tmp_path).begin(ADA, DAY)
    again = opened(tmp_path)
    assert again.find(tokens.access) is not None
    assert again.people == (ADA,)
    kept = (tmp_path / "sessions.db").read_bytes()
    assert tokens.access.encode() not in kept
    assert tokens.refresh.encode() not in kept
    assert (tmp_path / "sessions.db").stat().st_mode & 0o777 == 0o600
    assert tokens.access not in redact_text(f"Bearer {tokens.access}")


def test_the_tokens_of_sessions_are_known_without_the_file(tmp_path: Path) -> None:
    tokens = opened(tmp_path).begin(ADA, DAY)
    sessions = opened(tmp_path)
    known = [sessions.knows(text) for text in (tokens.access, tokens.refresh, "ck_live_made-up", "")]
    sessions.end(tokens.refresh)
    assert known == [True, True, False, False]
    assert not sessions.knows(tokens.access)
    assert not sessions.knows(tokens.refresh)
