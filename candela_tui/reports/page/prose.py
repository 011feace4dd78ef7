"""Prose with its Markdown marks: set like Markdown, with every character kept."""

import re
from collections.abc import Iterator

from candela_tui.reports.page.markup import escaped

_INLINE = re.compile(
    r"(?P<heading>^\#{1,6}[ ][^\n]*)"
    r"|(?<!`)(?P<tick>`{1,3})(?!`)(?P<code>[^`\n]+)(?P=tick)"
    r"|(?P<star>\*\*)(?P<strong>[^*\s][^*\n]*)\*\*",
    re.MULTILINE | re.VERBOSE,
)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_LONGEST = 1 << 20
"""Characters. A longer text is data, not prose."""


def prose(text: str, kind: str = "") -> str:
    """Return a text as an element in which code, headings and strong words look like what they are."""
    inner = "".join(_parts(text)) if len(text) <= _LONGEST else escaped(text)
    return f'<div class="t{f" {kind}" if kind else ""}">{inner}</div>'


def _parts(text: str) -> Iterator[str]:
    """Yield runs of lines: prose, and code and tables, whose lines need a type of one width."""
    run: list[str] = []
    fence = ""
    table = False
    for line in _LINE.findall(text):
        mark = _FENCE.match(line)
        if fence:
            run.append(line)
            if mark and mark[1].startswith(fence) and line.strip() == mark[1]:
                yield _code(run)
                run, fence = [], ""
            continue
        is_row = line.lstrip().startswith("|")
        if run and (mark or is_row is not table):
            yield _code(run) if table else _inline("".join(run))
            run = []
        table = is_row and not mark
        run.append(line)
        fence = mark[1] if mark else ""
    if run:
        yield _code(run) if fence or table else _inline("".join(run))


def _code(lines: list[str]) -> str:
    return f'<code class="block">{escaped("".join(lines))}</code>'


def _inline(text: str) -> str:
    parts: list[str] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts.append(escaped(text[end : match.start()]))
        parts.append(_marked(match))
        end = match.end()
    parts.append(escaped(text[end:]))
    return "".join(parts)


def _marked(match: re.Match[str]) -> str:
    if match["heading"]:
        return f'<strong class="heading">{escaped(match[0])}</strong>'
    if match["code"]:
        return f"<code>{_mark(match['tick'])}{escaped(match['code'])}{_mark(match['tick'])}</code>"
    return f"<strong>{_mark('**')}{escaped(match['strong'])}{_mark('**')}</strong>"


def _mark(text: str) -> str:
    return f'<i class="mark">{text}</i>'
