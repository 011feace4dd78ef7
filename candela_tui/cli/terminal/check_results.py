"""Lay out the results of ``candela doctor`` for the terminal."""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace

import click

from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.doctor.report import SIGNS, in_groups
from candela_tui.text.terminal_safe import terminal_safe

_COLOURS = {CheckState.OK: "green", CheckState.WARN: "yellow", CheckState.BAD: "red", CheckState.UNKNOWN: "blue"}
_LAST = (CheckState.UNKNOWN, CheckState.WARN, CheckState.BAD)
"""What needs attention, the most important last: a terminal shows the end of what is printed."""


def results_text(found: Sequence[CheckResult], width: int, *, folded: bool) -> str:
    """Return what is fine by group, then what is not, then a summary. ``folded`` gives each group one line."""
    fine = [check for check in found if check.state is CheckState.OK]
    lines = _folded(fine, width) if folded else _in_full(fine, width)
    last = [check for state in _LAST for check in _merged(check for check in found if check.state is state)]
    for check in last:
        lines += _check(check, width)
    return "\n".join([*lines, *([""] if last else []), *textwrap.wrap(_summary(last), width)])


def _folded(fine: Sequence[CheckResult], width: int) -> list[str]:
    lines = []
    for title, members in in_groups(fine):
        count = f"{len(members)} checks" if len(members) > 1 else "1 check"
        lines.append(f"{_sign(CheckState.OK)} {click.style(title, bold=True)}: {count} passed")
    return [*lines, *textwrap.wrap("(`candela doctor --verbose` lists them)", width), ""] if lines else []


def _in_full(fine: Sequence[CheckResult], width: int) -> list[str]:
    lines = []
    for title, members in in_groups(fine):
        lines.append(click.style(title, bold=True))
        for check in members:
            lines += _check(check, width)
        lines.append("")
    return lines


def _merged(checks: Iterable[CheckResult]) -> list[CheckResult]:
    """Join checks with the same words: those that ``--offline`` leaves out, or two that have one cause."""
    by_words: dict[tuple[str, str], list[CheckResult]] = {}
    for check in checks:
        by_words.setdefault((check.words, check.fix), []).append(check)
    return [
        replace(
            same[0],
            title=", ".join(check.title for check in same),
            consequence=next((check.consequence for check in same if check.consequence), ""),
        )
        for same in by_words.values()
    ]


def _check(check: CheckResult, width: int) -> list[str]:
    first, *others = _wrapped(f"{check.title}: {check.words}", width)
    lines = [f"  {_sign(check.state)} {first.lstrip()}", *others]
    return lines + (_wrapped(f"→ {check.fix}", width, deeper=2) if check.fix else [])


def _sign(state: CheckState) -> str:
    return click.style(SIGNS[state], fg=_COLOURS[state])


def _wrapped(text: str, width: int, *, deeper: int = 0) -> list[str]:
    # Do not break paths and commands, so that they can be copied.
    return textwrap.wrap(
        terminal_safe(text),
        width,
        initial_indent=" " * 4,
        subsequent_indent=" " * (4 + deeper),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]


def _summary(found: Sequence[CheckResult]) -> str:
    bad, warn = (sum(check.state is state for check in found) for state in (CheckState.BAD, CheckState.WARN))
    look = f"{warn} thing{'s' if warn > 1 else ''} to look at" if warn else ""
    if not bad:
        return f"Works, {look}." if look else "Everything works."
    problems = f"{bad} problem{'s' if bad > 1 else ''}"
    consequence = next((check.consequence for check in found if check.consequence), "")
    if consequence:
        return f"{problems}: {consequence}." + (f" {look[0].upper()}{look[1:]}." if look else "")
    return f"{problems}, {look}." if look else f"{problems}."
