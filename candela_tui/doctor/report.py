"""The checks as a document: for programs, and for a bug report."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from candela_tui import __version__
from candela_tui.doctor.check_result import CheckResult, CheckState
from candela_tui.doctor.checks import GROUPS

SIGNS = {CheckState.OK: "✓", CheckState.WARN: "!", CheckState.BAD: "✗", CheckState.UNKNOWN: "?"}


def in_groups(checks: Sequence[CheckResult]) -> list[tuple[str, list[CheckResult]]]:
    """Titles with their checks; groups without any are left out."""
    groups = {title: [check for check in checks if check.id.startswith(f"{id}.")] for id, title in GROUPS.items()}
    return [(title, members) for title, members in groups.items() if members]


def as_json(checks: Sequence[CheckResult], now: datetime) -> str:
    """``{"candela": version, "at": time, "ok": nothing is bad, "checks": [{id, title, state, words, fix}]}``."""
    document = {
        "candela": __version__,
        "at": now.isoformat(timespec="seconds"),
        "ok": not any(check.state is CheckState.BAD for check in checks),
        "checks": [
            {"id": check.id, "title": check.title, "state": str(check.state), "words": check.words, "fix": check.fix}
            for check in checks
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_markdown(checks: Sequence[CheckResult], now: datetime) -> str:
    """For people, in a bug report."""
    lines = [f"# candela doctor, {__version__}, {now:%Y-%m-%d %H:%M} UTC", ""]
    for title, members in in_groups(checks):
        lines += [f"## {title}", ""]
        for check in members:
            lines.append(f"- {SIGNS[check.state]} **{_escaped(check.title)}** {_escaped(check.words)}")
            if check.fix:
                lines.append(f"  - {_escaped(check.fix)}")
        lines.append("")
    return "\n".join(lines)


def write_report(path: Path, text: str) -> None:
    """For its owner alone to read. Raises OSError, FileExistsError where there is such a file."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", r"\*")
