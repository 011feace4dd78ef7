"""Mistakes in config.toml, and errors in the log."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from candela_tui.config import config_access, misspelled_variables
from candela_tui.credentials.errors import quotable
from candela_tui.doctor.check_result import CheckResult, Topic
from candela_tui.doctor.context import DoctorContext
from candela_tui.ui.settings_check import setting_mistakes

TOPIC = Topic("data.config", "config.toml")
LOG = Topic("data.log", "Log")
_LATELY = timedelta(days=1)
_TAIL = 256 * 1024
_ERRORS = ("ERROR", "CRITICAL")
_WARNINGS = ("WARNING",)


def check_configuration(context: DoctorContext) -> Sequence[CheckResult]:
    """Report every mistake. Blocks."""
    file = context.paths.config
    mistakes = [*context.mistakes, *setting_mistakes(context.settings)]
    found = [
        TOPIC.warn(f"the environment variable {name} is ignored", f"Write {right}, with two underscores.")
        for name, right in misspelled_variables(context.environ).items()
    ]
    if mistakes:
        words = "; ".join(map(quotable, mistakes))
        if context.mistakes:
            words += " (the other checks used the defaults)"
        return [*found, TOPIC.bad(words, correction(context, mistakes), "candela can't start")]
    access = config_access(file)
    if access is not None:
        return [*found, TOPIC.bad(access)]
    words = "every setting is valid" if file.exists() else "no such file, so the defaults apply"
    return found or [TOPIC.ok(f"{file}: {words}")]


def correction(context: DoctorContext, mistakes: Sequence[str]) -> str:
    """Return how to fix mistakes in the settings."""
    in_shell = all(one.startswith("environment variable ") for one in mistakes)
    place = "this shell" if in_shell else str(context.paths.config)
    return f"Correct it in {place}; `candela config check` checks it again."


def check_log(context: DoctorContext) -> Sequence[CheckResult]:
    """Count the errors of the last day, and quote the last one. Blocks."""
    try:
        since = datetime.now(UTC) - _LATELY
        errors = _entries(context.paths.log, _ERRORS, since)
        warnings = _entries(context.paths.log, _WARNINGS, since)
    except FileNotFoundError:
        return [LOG.ok("there is no log yet")]
    except OSError as error:
        return [LOG.unknown(f"{context.paths.log} can't be read: {error.strerror}")]
    if not errors and not warnings:
        return [LOG.ok("no errors in the last day")]
    if not errors:
        number = f"{len(warnings)} warnings" if len(warnings) > 1 else "a warning"
        return [LOG.ok(f"no errors, {number} in the last day; the last: {quotable(warnings[-1])}")]
    words = f"{len(errors)} errors in the last day; the last: {quotable(errors[-1])}"
    return [
        LOG.warn(
            words if len(errors) > 1 else f"an error in the last day: {quotable(errors[-1])}",
            f"See {context.paths.log}",
        )
    ]


def _entries(log: Path, levels: Sequence[str], since: datetime) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = file.read().decode("utf-8", "replace").splitlines()
    found = []
    for line in lines:
        at, level, *rest = (*line.split("  ", 2), "", "")
        if level in levels and _time(at) >= since:
            found.append(rest[0])
    return found


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
