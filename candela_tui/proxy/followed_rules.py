"""The rules that a proxy follows, as they change: those of config.toml, of candela's keys and for people who signed in.
The roles of people come from the same file."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path

from candela_tui.audit import roles as audited_roles
from candela_tui.audit import rules as audited_rules
from candela_tui.audit.actor import owner_of
from candela_tui.audit.entry import AuditError, Via
from candela_tui.config import Settings
from candela_tui.keys.key import Key
from candela_tui.paths import Paths
from candela_tui.providers.identity import RouteName
from candela_tui.providers.upstream import Upstream
from candela_tui.proxy.spent_before import SpentBefore
from candela_tui.rules.budgets.engine import Budgets
from candela_tui.rules.budgets.targets import Owner
from candela_tui.rules.in_force import RuledUpstreams
from candela_tui.rules.of_keys import RulesOfKeys
from candela_tui.rules.rule import RuleContext
from candela_tui.rules.rules_file import RulesFile
from candela_tui.store.open_audit import open_audit_log
from candela_tui.team.roles import Role
from candela_tui.team.viewer import KeyOwner


class FollowedRules:
    """Puts rules in front of the upstreams, and other rules as they change. Used only on the proxy's event loop."""

    def __init__(
        self,
        settings: Settings,
        paths: Paths | None,
        path: Path | None,
        budgets: Budgets,
        spent_before: SpentBefore,
        people: Callable[[], tuple[tuple[str, Owner], ...]],
        notify: Callable[[str], None],
    ) -> None:
        """``path`` is the config.toml that is followed, if one is. ``people`` returns everyone who signed in, by the
        name that their keys have."""
        self._settings = settings
        self._paths = paths
        self._budgets = budgets
        self._spent_before = spent_before
        self._people = people
        self._notify = notify
        self._of_file = settings
        self._of_keys = RulesOfKeys()
        self._known_people: tuple[tuple[str, Owner], ...] = ()
        """Those whom the budgets know."""
        self._ruled: RuledUpstreams | None = None
        self._path = path
        self._following: asyncio.Task[None] | None = None
        self.owners: tuple[KeyOwner, ...] = ()
        """Whose every key is; another tuple once that has changed."""
        self.file: RulesFile | None = None
        """The file that is followed, once it is."""

    @property
    def roles(self) -> Mapping[str, Role]:
        """The roles that are in force, by group or person."""
        return {name: Role(role) for name, role in self._of_file.team.roles.items()}

    def open(self, opened: Mapping[RouteName, Upstream], context: RuleContext) -> Mapping[RouteName, Upstream]:
        """Return what a new request on each route gets. Until ``apply`` there is no rule."""
        self._ruled = RuledUpstreams(opened, self._settings, context)
        self._ruled.open()
        return self._ruled.by_route

    def apply(self) -> None:
        """Put the rules in force for the requests that come from now on."""
        assert self._ruled is not None
        settings = self._of_keys.added_to(self._of_file.rules)
        self._known_people = self._people()
        known = (*self._of_keys.owners, *self._known_people)
        # Of a key and a person with the same name the person's, as budgets have it.
        self.owners = tuple(KeyOwner(name, owner.user, owner.team) for name, owner in dict(known).items())
        self._budgets.configure(settings, known)
        self._ruled.apply(settings, key_aliases=self._of_keys.aliased)
        if self._ruled.ruled:
            self._spent_before.fill()

    def follow(self) -> None:
        """Follow the file from now on."""
        if self._path is not None:
            self.file = RulesFile(self._path, self._of_file, self._file_read, self._notify, self._record)
            self._following = asyncio.create_task(self.file.follow(), name="rules")

    def keys_loaded(self, keys: list[Key]) -> None:
        """Take the rules of the keys, which are read again when they change."""
        rules = RulesOfKeys.of(keys)
        if rules != self._of_keys:
            self._of_keys = rules
            self.apply()

    def person_signed_in(self) -> None:
        """Let budgets know who signed in, unless they do."""
        if self._people() != self._known_people:
            self.apply()

    async def close_upstreams(self) -> None:
        """Close the upstreams, which get no more requests."""
        if self._ruled is not None:
            await self._ruled.close()

    async def close(self) -> None:
        """Stop following the file."""
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following

    def _file_read(self, settings: Settings) -> None:
        self._of_file = settings
        self.apply()

    def _record(self) -> None:
        """Write into the audit log what was changed in config.toml by others than candela's commands. Blocks."""
        assert self._path is not None
        rules, roles = audited_rules.rules_in(self._path), audited_roles.roles_in(self._path)
        if rules is None or roles is None or self._paths is None:
            return
        try:
            log = open_audit_log(self._settings, self._paths, owner_of(self._path), Via.FILE)
            log.record_states(audited_rules.PREFIX, rules)
            log.record_states(audited_roles.PREFIX, roles)
        except AuditError as error:
            self._notify(f"A change of the rules or roles is not recorded: {error}")
