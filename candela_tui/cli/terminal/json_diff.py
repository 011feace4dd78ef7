"""The change of a JSON file as a diff, without the secrets that the file may hold."""

import difflib
import re

from candela_tui.redaction import REDACTED, is_secret_name, redact_text
from candela_tui.text.terminal_safe import terminal_safe

_CONTEXT = 2
_MEMBER = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:\s*)"((?:[^"\\]|\\.)+)"')


def json_diff(name: str, before: bytes | None, after: bytes | None) -> str:
    """Return the lines that differ, with those around them; None is a file that is not there."""
    old, new = (_lines(text) for text in (before, after))
    of, to = (name if text is not None else "/dev/null" for text in (before, after))
    lines = difflib.unified_diff(old, new, of, to, n=_CONTEXT, lineterm="")
    return "\n".join(terminal_safe(_redacted(line)) for line in lines)


def _lines(text: bytes | None) -> list[str]:
    return (text or b"").decode("utf-8", "replace").splitlines()


def _redacted(line: str) -> str:
    # What candela adds holds no secret; its placeholder for a token should be seen.
    return line if line.startswith("+") else redact_text(_MEMBER.sub(_without_secret, line))


def _without_secret(found: re.Match[str]) -> str:
    return f'"{found[1]}"{found[2]}"{REDACTED}"' if is_secret_name(found[1]) else found[0]
