"""Follows the rules in config.toml, and the roles of people, while candela runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from candela_tui.config import ConfigError, RulesSettings, Settings, load
from candela_tui.rules.mistakes import rule_mistakes

_LOOK_EVERY_S = 0.5

_Stamp = tuple[int, int, int] | None


class RulesFile:
    """Reads the rules again when the file changes, and when it is told to. A file with a mistake changes nothing."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        apply: Callable[[Settings], None],
        notify: Callable[[str], None],
        record: Callable[[], None] = lambda: None,
    ) -> None:
        """``settings`` have the rules and roles in force, ``apply`` puts those of others in force. ``record`` writes
        into the audit log what others changed; it blocks."""
        self._record = record
        self.path = path
        self._settings = settings
        self._apply = apply
        self._notify = notify
        self._reading = asyncio.Lock()
        self._read = _stamp(path)
        self.trouble: str | None = None
        """Why the file can't be used: file, key and reason."""

    async def follow(self) -> None:
        """Read the file whenever it has changed, until this is cancelled."""
        await asyncio.to_thread(self._record)
        seen = self._read
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            before, seen = seen, await asyncio.to_thread(_stamp, self.path)
            # An editor may still be writing a file that has just changed.
            if seen == before and seen != self._read:
                await self.read_again()

    async def read_again(self) -> None:
        """Put the rules in force that the file has now, or say why not in ``trouble`` and to the user."""
        async with self._reading:
            stamp = await asyncio.to_thread(_stamp, self.path)
            try:
                settings = await asyncio.to_thread(_settings_in, self.path)
            except ConfigError as error:
                self._read = stamp
                if self.trouble != str(error):
                    self.trouble = str(error)
                    self._notify(f"The rules stay as they were, because config.toml can't be used.\n{error}")
                return
            self._read = stamp
            had_trouble, self.trouble = self.trouble is not None, None
            before, self._settings = self._settings, settings
            if (settings.rules, settings.team.roles) != (before.rules, before.team.roles):
                self._apply(settings)
            if settings.rules != before.rules:
                named = _named(settings.rules)
                self._notify(f"The rules in {self.path} have changed. Requests from now on follow {named}.")
            elif had_trouble:
                self._notify(f"{self.path} has no mistake any more. Its rules are in force.")
            if settings.team.roles != before.team.roles:
                self._notify(f"The roles of people in {self.path} have changed. They hold from now on.")
            await asyncio.to_thread(self._record)


def _settings_in(path: Path) -> Settings:
    """Read the settings. Raises ConfigError, also for rules that can't be followed."""
    settings = load(path)
    mistakes = rule_mistakes(settings.rules)
    if mistakes:
        raise ConfigError("\n".join(f"{path}: {mistake}" for mistake in mistakes))
    return settings


def _named(rules: RulesSettings) -> str:
    """Return the sections that have rules, in words."""
    default = RulesSettings()
    sections = [name for name in RulesSettings.model_fields if getattr(rules, name) != getattr(default, name)]
    return ", ".join(f"[rules] {name}" for name in sections) or "no rule"


def _stamp(path: Path) -> _Stamp:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size
