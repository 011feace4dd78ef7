"""Change a settings file of Claude Code after showing how, and put it back."""

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from candela_tui.cli.claude.installed import FileRecord, Installed
from candela_tui.cli.claude.settings_members import (
    MemberChange,
    MemberPath,
    Setting,
    UnusableSettings,
    with_members,
    without_members,
)
from candela_tui.cli.terminal.confirm import confirm
from candela_tui.cli.terminal.json_diff import json_diff
from candela_tui.credentials.placeholder import PLACEHOLDER
from candela_tui.files import write_atomically
from candela_tui.redaction import has_secret, is_secret_name
from candela_tui.text.terminal_safe import terminal_safe


class ClientSettings:
    """One settings file, and what candela has changed in it. Every method exits with an error that says what to do."""

    def __init__(self, file: Path, records: Path) -> None:
        """``records`` is the file in which candela keeps what it changed."""
        self._file = file
        self._records = records
        self._installed = Installed(records)

    def without(self, part: str) -> bytes | None:
        """Return the text as it would be without one part; None for no file."""
        return self._without(part)[0]

    def install(self, part: str, wanted: Mapping[MemberPath, Any], *, yes: bool) -> bool:
        """Set members, in place of what an earlier ``install`` of the part set. Return whether anything changed."""
        before = self._text()
        base, record = self._without(part)[::2]
        try:
            after, made = with_members(base, wanted)
        except UnusableSettings as error:
            raise self._unusable(error) from None
        if after == before:
            click.echo(f"{self._shown} has this already.")
            return False
        self._require_no_secret(made)
        self._show(before, after)
        confirm(f"Write this to {self._shown}?", yes=yes, declined="Nothing was changed.")
        record = record.with_part(part, made)
        if base is None:
            record = replace(record, made_directory=record.made_directory or not self._file.parent.exists())
        self._require_unchanged(before)
        # First the record: a file that was changed without one can't be put back.
        self._keep(record)
        self._write(after)
        return True

    def uninstall(self, part: str, *, yes: bool) -> None:
        """Put back what was there before ``install`` of a part."""
        before = self._text()
        if before is None or part not in self._record().parts:
            raise click.ClickException(
                f"candela has not installed this in {self._shown}, or has no record of it in {self._records}. "
                "Without --user it is the file of this directory, with --user the user's."
            )
        after, changed, record = self._without(part)
        for path in changed:
            name = terminal_safe(".".join(path))
            click.echo(f"{name} in {self._shown} was changed since, and stays as it is.", err=True)
        if after != before:
            self._show(before, after)
            question = f"Write this to {self._shown}?" if after is not None else f"Remove {self._shown}?"
            confirm(question, yes=yes, declined="Nothing was changed.")
            self._require_unchanged(before)
            if after is None:
                self._remove(record)
            else:
                self._write(after)
        self._keep(record)

    @property
    def _shown(self) -> str:
        return terminal_safe(str(self._file))

    def _without(self, part: str) -> tuple[bytes | None, tuple[MemberPath, ...], FileRecord]:
        """Return the text without a part, the members of it that others changed since, and what is left on record."""
        text, record = self._text(), self._record()
        if part not in record.parts or text is None:
            return text, (), FileRecord() if text is None else record
        try:
            after, changed, left = without_members(text, record.setting(part))
        except UnusableSettings as error:
            raise self._unusable(error) from None
        return after, changed, record.without_part(part, left)

    def _text(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise click.ClickException(f"{self._shown}: can't be read: {error.strerror}") from None

    def _record(self) -> FileRecord:
        try:
            return self._installed.of(self._file)
        except OSError as error:
            raise click.ClickException(f"{self._records}: can't be read: {error.strerror}") from None
        except ValueError:
            raise click.ClickException(
                f"{self._records} is damaged: what candela changed in the settings of Claude Code is not known. "
                "Remove the file to go on without."
            ) from None

    def _keep(self, record: FileRecord) -> None:
        try:
            self._installed.put(self._file, record)
        except OSError as error:
            raise click.ClickException(f"{self._records}: can't be written: {error.strerror}") from None

    def _write(self, text: bytes) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, text, mode=None)
        except OSError as error:
            raise click.ClickException(f"{self._shown}: can't be written: {error.strerror}") from None

    def _remove(self, record: FileRecord) -> None:
        try:
            self._file.unlink()
        except OSError as error:
            raise click.ClickException(f"{self._shown}: can't be removed: {error.strerror}") from None
        if record.made_directory:
            with contextlib.suppress(OSError):  # Others may have put files there.
                self._file.parent.rmdir()

    def _show(self, before: bytes | None, after: bytes | None) -> None:
        click.echo(json_diff(str(self._file), before, after))

    def _require_unchanged(self, before: bytes | None) -> None:
        if self._text() != before:
            raise click.ClickException(f"{self._shown} was changed meanwhile; nothing was written. Try again.")

    def _require_no_secret(self, made: Setting) -> None:
        """Exit if a credential would be replaced: candela keeps what was there to put it back, but no secrets."""
        for member in made.members:
            if _replaces_secret(member):
                name = terminal_safe(".".join(member.path))
                raise click.ClickException(
                    f"{self._shown} has a credential as {name}, which does not go with this. Keep it elsewhere and "
                    "remove it there; candela does not overwrite it."
                )

    def _unusable(self, error: UnusableSettings) -> click.ClickException:
        return click.ClickException(
            f"{self._shown} {error}. Correct it first: candela changes no file that it can't read."
        )


def _replaces_secret(member: MemberChange) -> bool:
    before = member.before
    if before is None or before in ('""', f'"{PLACEHOLDER}"'):
        return False
    return has_secret(before) or is_secret_name(member.path[-1])
