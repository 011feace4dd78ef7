"""The people of a team as the proxy knows them: their sessions, and the sign-in that begins them."""

import asyncio
import contextlib
import importlib.util
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from candela_tui.audit.entry import Via
from candela_tui.config import Settings
from candela_tui.installation import install_command
from candela_tui.keys.errors import KeysError
from candela_tui.keys.key import Key
from candela_tui.keys.person import Person, is_of_dashboard
from candela_tui.paths import Paths
from candela_tui.protocol.headers import HeaderList
from candela_tui.providers.attempts import Attempts
from candela_tui.providers.upstream import Attempt
from candela_tui.proxy.access.key_gate import KeyGate
from candela_tui.rules.budgets.targets import Owner
from candela_tui.store.open_audit import open_audit_log

if TYPE_CHECKING:
    from candela_tui.keys.sessions import Sessions
    from candela_tui.proxy.team.sign_in import SignIn


class People:
    """Lets people sign in if the settings want that, and knows everyone who did. Used on the proxy's event loop."""

    def __init__(
        self, settings: Settings, paths: Paths | None, notify: Callable[[str], None], on_read: Callable[[], None]
    ) -> None:
        """``paths`` are those of the data directory; without them nobody can sign in. ``on_read`` is called each time
        that it was read who signed in, here or at another replica."""
        self._settings = settings
        self._paths = paths
        self._notify = notify
        self._sign_in: SignIn | None = None
        self._following: asyncio.Task[None] | None = None
        self.sessions = _sessions(settings, paths, on_read)
        """None if nobody can sign in."""

    async def open(self, prefixes: Sequence[str], gate: KeyGate, attempts: Attempts) -> None:
        """Read who signed in before, and let people sign in from now on. What keeps them from it is a notice.
        ``prefixes`` are those of the routes. Raises ManagedSettingsError: without them, people would do what they may
        not."""
        team, paths = self._settings.team, self._paths
        if self.sessions is None or paths is None:
            if team.oidc.issuer is not None:
                self._notify("Nobody can sign in: [team.oidc] issuer also needs client_id, and url in [team].")
            return
        from candela_tui.config.managed_settings import ManagedSettings
        from candela_tui.proxy.team.device_codes import DeviceCodes
        from candela_tui.proxy.team.sign_in import SignIn
        from candela_tui.store.open_people import open_people_database

        if importlib.util.find_spec("joserfc") is None:
            command = install_command("joserfc", "team")
            self._notify(f"Nobody can sign in: [team.oidc] needs the Python package joserfc: {command}")
            return
        managed = await asyncio.to_thread(ManagedSettings.of, team, self._notify)
        try:
            await self.sessions.refresh()
        except KeysError as error:
            self._notify(f"Nobody can sign in: {error}")
        self._following = asyncio.create_task(self.sessions.follow(), name="sessions")
        self._sign_in = SignIn(
            team,
            prefixes,
            self.sessions,
            DeviceCodes(open_people_database(self._settings, paths), self.sessions.store.pepper),
            gate,
            lambda person: open_audit_log(self._settings, paths, person, Via.SIGN_IN),
            lambda asked: attempts.fetch(Attempt(request=asked)),
            managed,
        )

    async def close(self) -> None:
        """Stop following who signs in elsewhere."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    def owners(self) -> tuple[tuple[str, Owner], ...]:
        """Return whose the requests of everyone who signed in are, by the name that their keys have."""
        people = self.sessions.people if self.sessions is not None else ()
        return tuple((person.email, Owner(person.email, person.team)) for person in people)

    def who_has(self, key: Key) -> Person | None:
        """Return who signed in for a dashboard, if the key is a token of that."""
        if self.sessions is None or not is_of_dashboard(key):
            return None
        return next((person for person in self.sessions.people if person.email == key.name), None)

    def takes(self, target: str) -> bool:
        """Return whether a request target belongs to the sign-in."""
        return self._sign_in is not None and self._sign_in.takes(target)

    async def answer(self, request: web.BaseRequest, target: str, headers: HeaderList) -> web.StreamResponse:
        """Answer a request of the sign-in."""
        assert self._sign_in is not None
        return await self._sign_in.answer(request, target, headers)


def _sessions(settings: Settings, paths: Paths | None, on_read: Callable[[], None]) -> "Sessions | None":
    if paths is None or not settings.team.lets_sign_in:
        return None
    # Not at the top: most candelas are for one person.
    from candela_tui.keys.sessions import Sessions
    from candela_tui.store.open_people import open_session_store

    return Sessions(open_session_store(settings, paths), on_loaded=on_read)
